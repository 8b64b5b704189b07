//! Work areas.

store::migration!(M20261122WorkArea, "work_area", [store::column("parent").text().not_null()], [["parent", "id"]]);
