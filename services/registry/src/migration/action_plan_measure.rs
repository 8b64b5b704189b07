//! Measures of directives, and the bodies that carry them out.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122ActionPlanMeasure;

impl MigrationName for M20261122ActionPlanMeasure {
    fn name(&self) -> &str {
        "M20261122ActionPlanMeasure"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122ActionPlanMeasure {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let mut columns: Vec<_> = ["directive", "parent", "due"].map(text).into();
        columns.push(column("ordinal").integer().not_null().take());
        let indexes: &[&[&str]] = &[&["directive", "parent", "ordinal", "id"], &["parent", "id"], &["due", "id"]];
        store::create_table(manager, "action_plan_measure", columns, indexes).await?;
        child::create_table(manager, "action_plan_measure_body", vec![text("body")], &[&["body", "parent"]]).await
    }
}
