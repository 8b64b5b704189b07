//! Foreign localities.

store::migration!(
    M20261122ForeignLocality,
    "foreign_locality",
    [
        store::column("country").text().not_null(),
        store::column("kind").integer().not_null(),
        store::column("parent").text().not_null(),
    ],
    [["country", "id"], ["parent", "id"]]
);
