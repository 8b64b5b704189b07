//! Figures of utilization.

store::migration!(
    M20261122UtilizationFigure,
    "utilization_figure",
    [
        store::column("trade_agreement").text().not_null(),
        store::column("country").text().not_null(),
        store::column("direction").integer().not_null(),
        store::column("year").integer().not_null(),
    ],
    [["year", "id"], ["trade_agreement", "year", "id"]]
);
