//! Border zones, the localities in which they lie, and the partnerships under which they are built.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122BorderZone;

impl MigrationName for M20261122BorderZone {
    fn name(&self) -> &str {
        "M20261122BorderZone"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122BorderZone {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let number = |name: &str| column(name).integer().not_null().take();
        let columns = vec![number("kind"), text("country"), number("stage"), text("next_due")];
        let indexes: &[&[&str]] = &[&["country", "id"], &["next_due", "id"]];
        store::create_table(manager, "border_zone", columns, indexes).await?;
        let columns = ["locality", "valid_from", "valid_to"].map(text).to_vec();
        child::create_table(manager, "border_zone_locality", columns, &[&["locality", "parent"]]).await?;
        let partnership = vec![text("partnership")];
        child::create_table(manager, "border_zone_partnership", partnership, &[&["partnership", "parent"]]).await
    }
}
