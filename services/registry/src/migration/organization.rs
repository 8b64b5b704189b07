//! Organizations and the numbers under which other registers know them.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122Organization;

impl MigrationName for M20261122Organization {
    fn name(&self) -> &str {
        "M20261122Organization"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Organization {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let mut columns: Vec<_> = ["country", "locality", "parent"].map(text).into();
        columns.push(column("kind").integer().not_null().take());
        let indexes: &[&[&str]] = &[&["country", "id"], &["locality", "id"], &["parent", "id"], &["kind", "id"]];
        store::create_table(manager, "organization", columns, indexes).await?;
        // Only numbers that nobody else may bear have a claim.
        let columns = vec![text("value"), column("claim").text().take()];
        child::create_table(manager, "organization_identifier", columns, &[&["value", "parent"]]).await?;
        let mut claims = store::index("organization_identifier", &["claim"]);
        manager.create_index(claims.unique().take()).await
    }
}
