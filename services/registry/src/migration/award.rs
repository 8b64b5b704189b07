//! Awards and their recipients.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122Award;

impl MigrationName for M20261122Award {
    fn name(&self) -> &str {
        "M20261122Award"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Award {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let kind = column("kind").integer().not_null().take();
        let outstanding = column("outstanding").boolean().not_null().take();
        let columns = vec![kind, text("mission"), text("decided_first"), text("decided_last"), outstanding];
        let indexes: &[&[&str]] = &[&["decided_first", "id"], &["mission", "decided_first", "id"]];
        store::create_table(manager, "award", columns, indexes).await?;
        let columns = ["country", "organization"].map(text).to_vec();
        let indexes: &[&[&str]] = &[&["country", "parent"], &["organization", "parent"]];
        child::create_table(manager, "award_recipient", columns, indexes).await
    }
}
