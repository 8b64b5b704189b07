//! Focal points.

use store::column;

store::migration!(
    M20261122FocalPoint,
    "focal_point",
    [
        column("body").text().not_null(),
        column("role").integer().not_null(),
        column("valid_from").text().not_null(),
        column("valid_to").text().not_null(),
    ],
    [["body", "role", "id"]]
);
