//! Products: where they come from, their HS codes, months and producers.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122Product;

impl MigrationName for M20261122Product {
    fn name(&self) -> &str {
        "M20261122Product"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Product {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let number = |name: &str| column(name).integer().not_null().take();
        let columns = vec![];
        store::create_table(manager, "product", columns, &[]).await?;
        child::create_table(manager, "product_locality", vec![text("locality")], &[&["locality", "parent"]]).await?;
        child::create_table(manager, "product_hs", vec![text("code")], &[&["code", "parent"]]).await?;
        child::create_table(manager, "product_month", vec![number("month")], &[&["month", "parent"]]).await?;
        child::create_table(manager, "product_producer", vec![text("organization")], &[&["organization", "parent"]])
            .await
    }
}
