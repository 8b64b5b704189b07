//! Opportunities.

use store::column;

store::migration!(
    M20261122Opportunity,
    "opportunity",
    [
        column("locality").text().not_null(),
        column("status").integer().not_null(),
        column("valid_from").text().not_null(),
        column("valid_to").text().not_null(),
    ],
    [["locality", "id"], ["status", "id"]]
);
