//! Roles in international bodies.

store::migration!(
    M20261122MultilateralRole,
    "multilateral_role",
    [
        store::column("body").text().not_null(),
        store::column("first").text().not_null(),
        store::column("candidate").text().not_null(),
        store::column("decided").text().not_null(),
        store::column("serving").text().not_null(),
        store::column("last").text().not_null(),
        store::column("refused").boolean().not_null(),
    ],
    [["first", "id"], ["serving", "id"]]
);
