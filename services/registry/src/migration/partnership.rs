//! Partnerships, who holds them, their foreign sides, and what is done under them.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables of partnerships.
pub struct M20261122Partnership;

impl MigrationName for M20261122Partnership {
    fn name(&self) -> &str {
        "M20261122Partnership"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Partnership {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let mut columns = vec![column("kind").integer().not_null().take()];
        columns.extend(["country", "begins", "ends", "expires", "continued_by"].map(text));
        let indexes: &[&[&str]] = &[&["country", "id"], &["expires", "id"], &["continued_by", "id"]];
        store::create_table(manager, "partnership", columns, indexes).await?;
        let columns = ["locality", "valid_from", "valid_to"].map(text).to_vec();
        child::create_table(manager, "partnership_holder", columns, &[&["locality", "parent"]]).await?;
        let columns = ["foreign_locality", "valid_from", "valid_to"].map(text).to_vec();
        child::create_table(manager, "partnership_counterpart", columns, &[&["foreign_locality", "parent"]]).await?;
        child::create_table(manager, "partnership_theme", vec![text("theme")], &[&["theme", "parent"]]).await
    }
}

store::migration!(
    M20261122PartnershipActivity,
    "partnership_activity",
    [
        store::column("partnership").text().not_null(),
        store::column("date").text().not_null(),
        store::column("kind").integer().not_null(),
    ],
    [["date", "id"], ["partnership", "date", "id"]]
);
