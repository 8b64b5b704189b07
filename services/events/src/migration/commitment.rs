//! Commitments.

use store::column;

store::migration!(
    M20261122Commitment,
    "commitment",
    [
        column("engagement").text().not_null(),
        column("country").text().not_null(),
        column("status").integer().not_null(),
        column("due_date").text().not_null(),
    ],
    [
        ["due_date", "id"],
        ["status", "due_date", "id"],
        ["engagement", "due_date", "id"],
        ["country", "due_date", "id"],
        ["owner", "due_date", "id"],
    ]
);
