//! Sections of the standard industrial classification and what became of them.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122Sector;

impl MigrationName for M20261122Sector {
    fn name(&self) -> &str {
        "M20261122Sector"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Sector {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let columns = ["classification", "valid_from", "valid_to", "parent"].map(text).to_vec();
        let indexes: &[&[&str]] = &[&["classification", "id"], &["valid_from", "id"], &["parent", "id"]];
        store::create_table(manager, "sector", columns, indexes).await?;
        let columns = ["successor", "part"].map(text).to_vec();
        child::create_table(manager, "sector_successor", columns, &[&["successor", "parent"]]).await
    }
}
