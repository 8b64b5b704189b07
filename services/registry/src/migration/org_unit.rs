//! Units and what they cover.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122OrgUnit;

impl MigrationName for M20261122OrgUnit {
    fn name(&self) -> &str {
        "M20261122OrgUnit"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122OrgUnit {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let mut columns: Vec<_> = ["agency", "parent", "valid_from", "valid_to"].map(text).into();
        columns.push(column("kind").integer().not_null().take());
        store::create_table(manager, "org_unit", columns, &[&["agency", "id"], &["parent", "id"]]).await?;
        let mut columns: Vec<_> = ["country", "topic", "valid_from", "valid_to"].map(text).into();
        columns.push(column("world_region").integer().not_null().take());
        child::create_table(manager, "org_unit_coverage", columns, &[&["country", "world_region", "topic", "parent"]])
            .await
    }
}
