//! Engagements.

use store::column;

store::migration!(
    M20261122Engagement,
    "engagement",
    [column("kind").integer().not_null(), column("mission").text().not_null(), column("start_first").text().not_null(),],
    [["start_first", "id"], ["mission", "start_first", "id"]]
);
