//! Green assessments and certificates.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// Makes the table.
pub struct M20261122GreenAssessment;

impl MigrationName for M20261122GreenAssessment {
    fn name(&self) -> &str {
        "M20261122GreenAssessment"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122GreenAssessment {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        const TABLE: &str = "green_assessment";
        let text = |name: &str| column(name).text().not_null().take();
        let texts = ["subject", "standard", "certifier", "certified_from", "valid_until", "effective_to"];
        let mut columns = texts.map(text).to_vec();
        columns.push(column("status").integer().not_null().take());
        // Only a certificate claims its number.
        columns.push(column("claim").text().take());
        let indexes: &[&[&str]] = &[
            &["subject", "id"],
            &["standard", "id"],
            &["certifier", "id"],
            &["status", "valid_until", "id"],
            &["effective_to", "id"],
        ];
        store::create_table(manager, TABLE, columns, indexes).await?;
        manager.create_index(store::index(TABLE, &["claim"]).unique().take()).await
    }
}
