//! Green standards.

use store::column;

store::migration!(
    M20261122GreenStandard,
    "green_standard",
    [
        column("target").integer().not_null(),
        column("valid_from").text().not_null(),
        column("valid_to").text().not_null(),
    ],
    [["target", "id"]]
);
