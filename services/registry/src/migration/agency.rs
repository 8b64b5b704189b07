//! Agencies.

use store::column;

store::migration!(
    M20261122Agency,
    "agency",
    [column("code").text().not_null(), column("valid_from").text().not_null(), column("valid_to").text().not_null(),],
    [["code", "id"]]
);
