//! Recorded successions and the units in them.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122Succession;

impl MigrationName for M20261122Succession {
    fn name(&self) -> &str {
        "M20261122Succession"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Succession {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns =
            vec![column("kind").integer().not_null().take(), column("effective_date").text().not_null().take()];
        store::create_table(manager, "succession", columns, &[&["effective_date", "id"], &["kind", "id"]]).await?;
        let columns = vec![column("locality").text().not_null().take(), column("succeeds").boolean().not_null().take()];
        child::create_table(manager, "succession_party", columns, &[&["locality", "parent"]]).await
    }
}
