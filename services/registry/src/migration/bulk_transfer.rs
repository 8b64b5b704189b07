//! Imports and exports in files.

store::migration!(
    M20261122BulkTransfer,
    "bulk_transfer",
    [
        store::column("direction").integer().not_null(),
        store::column("collection").text().not_null(),
        store::column("personal_data").boolean().not_null()
    ],
    [["created_at", "id"], ["collection", "created_at", "id"]]
);
