//! Periods for which localities report.

use store::column;
use store::sea_orm::sea_query::{Alias, Query, Table};
use store::sea_orm::{ConnectionTrait, DbErr};
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

store::migration!(
    M20261122ReportingPeriod,
    "reporting_period",
    [column("first_day").text().not_null(), column("frozen").boolean().not_null()],
    [["first_day", "id"]]
);

/// Adds the table through which those pass who hand something in for a period.
pub struct M20261128ReportingPeriodGate;

impl MigrationName for M20261128ReportingPeriodGate {
    fn name(&self) -> &str {
        "M20261128ReportingPeriodGate"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261128ReportingPeriodGate {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let name = Alias::new;
        let gate = Table::create()
            .table(name("reporting_period_gate"))
            .col(column("period").text().not_null().primary_key())
            .col(column("frozen").boolean().not_null())
            .to_owned();
        manager.create_table(gate).await?;
        let mut kept = Query::select();
        kept.columns([name("id"), name("frozen")]).from(name("reporting_period"));
        let mut fill = Query::insert();
        fill.into_table(name("reporting_period_gate")).columns([name("period"), name("frozen")]);
        fill.select_from(kept).map_err(|error| DbErr::Custom(error.to_string()))?;
        manager.get_connection().execute(&fill).await.map(drop)
    }
}
