//! Trade agreements and their parties.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122TradeAgreement;

impl MigrationName for M20261122TradeAgreement {
    fn name(&self) -> &str {
        "M20261122TradeAgreement"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122TradeAgreement {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let status = column("status").integer().not_null().take();
        store::create_table(manager, "trade_agreement", vec![status], &[]).await?;
        let columns = ["country", "applied_from", "applied_to"].map(text).to_vec();
        child::create_table(manager, "agreement_party", columns, &[&["country", "parent"]]).await
    }
}
