//! Themes.

store::migration!(M20261122Theme, "theme", [store::column("parent").text().not_null()], [["parent", "id"]]);
