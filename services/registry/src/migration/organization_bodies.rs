//! Groups and markets of organizations, their relations, and the keys under which duplicates are found.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm::sea_query::{Alias, Index, Table};
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the columns and tables.
pub struct M20261122OrganizationBodies;

impl MigrationName for M20261122OrganizationBodies {
    fn name(&self) -> &str {
        "M20261122OrganizationBodies"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122OrganizationBodies {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        for mut added in [
            column("group").text().not_null().default("").take(),
            // No body that is there already has keys: they are made when the service starts.
            column("key_version").integer().not_null().default(0).take(),
        ] {
            let mut alter = Table::alter();
            manager.alter_table(alter.table(Alias::new("organization")).add_column(&mut added).take()).await?;
        }
        manager.create_index(store::index("organization", &["group", "id"])).await?;
        manager.create_index(store::index("organization", &["key_version", "id"])).await?;
        let markets: &[&[&str]] = &[&["country", "parent"]];
        child::create_table(manager, "organization_market", vec![text("country")], markets).await?;

        let mut keys = Table::create();
        keys.table(Alias::new("organization_key"))
            .col(text("key"))
            .col(text("parent"))
            .primary_key(Index::create().col(Alias::new("key")).col(Alias::new("parent")));
        manager.create_table(keys).await?;
        manager.create_index(store::index("organization_key", &["parent"])).await?;

        let mut columns: Vec<_> = ["source", "target", "valid_from", "valid_to"].map(text).into();
        columns.push(column("kind").integer().not_null().take());
        let indexes: &[&[&str]] = &[&["source", "id"], &["target", "id"], &["kind", "id"]];
        store::create_table(manager, "organization_relation", columns, indexes).await
    }
}
