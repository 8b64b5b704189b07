//! Tariff commitments and whose they are.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122FtaCommitment;

impl MigrationName for M20261122FtaCommitment {
    fn name(&self) -> &str {
        "M20261122FtaCommitment"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122FtaCommitment {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let columns = ["trade_agreement", "hs_code", "rank", "first_date"].map(text).to_vec();
        let indexes: &[&[&str]] = &[&["rank", "id"], &["hs_code", "id"], &["trade_agreement", "rank", "id"]];
        store::create_table(manager, "fta_commitment", columns, indexes).await?;
        let exports = column("exports").boolean().not_null().take();
        let columns = vec![text("trade_agreement"), text("country"), exports];
        child::create_table(manager, "fta_commitment_trader", columns, &[&["country", "exports", "parent"]]).await
    }
}
