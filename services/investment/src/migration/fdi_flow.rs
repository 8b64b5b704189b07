//! Published figures and their sums.

use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use store::sea_orm::DbErr;
use store::sea_orm::sea_query::{Alias, Index, Table};
use store::{column, sea_orm_migration};

use crate::fdi_rollup::{KEY, TABLE, published};
use crate::figures::NAMES;

store::migration!(
    M20261122FdiFlow,
    "fdi_flow",
    [
        column("series").text().not_null(),
        column("dimension").integer().not_null(),
        column("subject").text().not_null(),
        column("year").integer().not_null(),
        column("period_from").text().not_null(),
        column("period_to").text().not_null(),
        column("locality").text().not_null(),
        column("country").text().not_null(),
        column("sector").text().not_null(),
        column("projects_new").integer(),
        column("adjustments").integer(),
        column("ma_deals").integer(),
        column("capital_new").big_integer(),
        column("capital_adjusted").big_integer(),
        column("ma_capital").big_integer(),
        column("capital_total").big_integer(),
        column("capital_realised").big_integer(),
        column("projects_stock").integer(),
        column("capital_stock").big_integer(),
    ],
    [
        ["period_to", "id"],
        ["series", "dimension", "subject", "period_to"],
        ["dimension", "period_to", "id"],
        ["locality", "period_to", "id"],
        ["country", "period_to", "id"],
        ["sector", "period_to", "id"],
    ]
);

/// Makes the table of sums, one row a series, dimension, subject and year.
#[derive(Debug)]
pub struct M20261122FdiRollup;

impl MigrationName for M20261122FdiRollup {
    fn name(&self) -> &str {
        "M20261122FdiRollup"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122FdiRollup {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table
            .table(Alias::new(TABLE))
            .col(column("series").text().not_null())
            .col(column("dimension").integer().not_null())
            .col(column("subject").text().not_null())
            .col(column("year").integer().not_null())
            .col(column("display_name").text().not_null())
            .col(column("flows").big_integer().not_null());
        for name in NAMES {
            table.col(column(name).big_integer().not_null());
            table.col(column(&published(name)).big_integer().not_null());
        }
        let mut key = Index::create();
        for column in KEY {
            key.col(Alias::new(column));
        }
        table.primary_key(&mut key);
        manager.create_table(table).await
    }
}
