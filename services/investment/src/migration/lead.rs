//! Leads.

use store::column;

store::migration!(
    M20261122Lead,
    "lead",
    [
        column("country").text().not_null(),
        column("mission").text().not_null(),
        column("engagement").text().not_null(),
        column("stage").integer().not_null(),
    ],
    [["country", "id"], ["mission", "id"], ["engagement", "id"], ["stage", "id"]]
);
