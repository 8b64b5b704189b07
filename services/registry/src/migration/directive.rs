//! Directives, what they replace and carry out.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122Directive;

impl MigrationName for M20261122Directive {
    fn name(&self) -> &str {
        "M20261122Directive"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Directive {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let mut columns: Vec<_> = ["number_key", "issuer_text", "issued", "valid_from", "valid_to"].map(text).into();
        columns.push(column("kind").integer().not_null().take());
        store::create_table(manager, "directive", columns, &[&["issued", "id"], &["number_key", "id"]]).await?;
        let columns = ["replaced", "valid_from"].map(text).to_vec();
        child::create_table(manager, "directive_replaced", columns, &[&["replaced", "parent"]]).await?;
        child::create_table(manager, "directive_basis", vec![text("basis")], &[&["basis", "parent"]]).await
    }
}
