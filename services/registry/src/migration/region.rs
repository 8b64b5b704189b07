//! Regions, their schemes and their members.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122Region;

impl MigrationName for M20261122Region {
    fn name(&self) -> &str {
        "M20261122Region"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Region {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        store::create_table(manager, "region", vec![column("kind").integer().not_null().take()], &[]).await?;
        let dates = ["valid_from", "valid_to"].map(text).to_vec();
        child::create_table(manager, "region_period", dates, &[]).await?;
        let columns = ["locality", "valid_from", "valid_to"].map(text).to_vec();
        child::create_table(manager, "region_member", columns, &[&["locality", "parent"]]).await
    }
}
