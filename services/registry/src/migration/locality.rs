//! Localities, their periods and what they came out of.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122Locality;

impl MigrationName for M20261122Locality {
    fn name(&self) -> &str {
        "M20261122Locality"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Locality {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        store::create_table(manager, "locality", Vec::new(), &[]).await?;
        let text = |name: &str| column(name).text().not_null().take();
        let number = |name: &str| column(name).integer().not_null().take();
        let mut columns: Vec<_> =
            ["valid_from", "valid_to", "code", "slug", "agency_code", "borders", "names"].map(text).into();
        columns.push(number("type"));
        let indexes: &[&[&str]] = &[&["code"], &["slug"], &["agency_code"], &["valid_to", "valid_from"]];
        child::create_table(manager, "locality_period", columns, indexes).await?;
        let mut columns: Vec<_> =
            ["predecessor", "effective_date", "legal_basis", "citation", "confidence"].map(text).into();
        columns.push(number("kind"));
        child::create_table(manager, "locality_succession", columns, &[&["predecessor"]]).await
    }
}
