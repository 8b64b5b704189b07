//! Merges of organizations, and what they did to each record.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122OrganizationMerge;

impl MigrationName for M20261122OrganizationMerge {
    fn name(&self) -> &str {
        "M20261122OrganizationMerge"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122OrganizationMerge {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let status = column("status").integer().not_null().take();
        store::create_table(manager, "organization_merge", vec![status], &[&["status", "id"]]).await?;
        let text = |name: &str| column(name).text().not_null().take();
        let bytes = |name: &str| column(name).blob().not_null().take();
        let named: &[&[&str]] = &[&["body", "parent"]];
        child::create_table(manager, "organization_merge_body", vec![text("body")], named).await?;
        let columns = vec![text("resource"), text("change_type"), bytes("before"), bytes("after")];
        child::create_table(manager, "organization_merge_image", columns, &[]).await
    }
}
