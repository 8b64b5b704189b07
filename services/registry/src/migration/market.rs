//! Markets and their languages.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122Market;

impl MigrationName for M20261122Market {
    fn name(&self) -> &str {
        "M20261122Market"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Market {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let columns = vec![];
        store::create_table(manager, "market", columns, &[]).await?;
        child::create_table(manager, "market_language", vec![text("language")], &[&["language", "parent"]]).await
    }
}
