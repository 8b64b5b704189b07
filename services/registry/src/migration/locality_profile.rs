//! Profiles of localities.

use store::column;

store::migration!(
    M20261122LocalityProfile,
    "locality_profile",
    [
        column("locality").text().not_null(),
        column("period").text().not_null(),
        column("first_day").text().not_null(),
        column("status").integer().not_null(),
        column("valid_from").text().not_null(),
        column("valid_to").text().not_null(),
    ],
    [["locality", "first_day", "id"], ["period", "locality", "id"], ["status", "locality", "id"]]
);
