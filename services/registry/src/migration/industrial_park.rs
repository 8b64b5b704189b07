//! Industrial parks.

use store::column;

store::migration!(
    M20261122IndustrialPark,
    "industrial_park",
    [column("kind").integer().not_null(), column("locality").text().not_null()],
    [["kind", "id"], ["locality", "id"]]
);
