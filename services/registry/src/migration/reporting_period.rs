//! Periods for which localities report.

use store::column;

store::migration!(
    M20261122ReportingPeriod,
    "reporting_period",
    [column("first_day").text().not_null(), column("frozen").boolean().not_null()],
    [["first_day", "id"]]
);
