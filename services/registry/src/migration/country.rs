//! Countries.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm::sea_query::Table;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

store::migration!(M20261122Country, "country", []);

/// Countries lie in regions of the world.
pub struct M20261122CountryRegion;

impl MigrationName for M20261122CountryRegion {
    fn name(&self) -> &str {
        "M20261122CountryRegion"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122CountryRegion {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No country that was recorded before says its region; the reference data bring it.
        let region = column("world_region").integer().not_null().default(0).take();
        manager.alter_table(Table::alter().table("country").add_column(region).take()).await?;
        manager.create_index(store::index("country", &["world_region", "id"])).await
    }
}
