//! Promotion assets, the markets that they target, and who wrote them.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122PromotionAsset;

impl MigrationName for M20261122PromotionAsset {
    fn name(&self) -> &str {
        "M20261122PromotionAsset"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122PromotionAsset {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let number = |name: &str| column(name).integer().not_null().take();
        let columns = vec![
            text("product"),
            text("language"),
            text("live_from"),
            text("live_to"),
            number("media"),
            number("status"),
            column("claim").text().take(),
        ];
        store::create_table(
            manager,
            "promotion_asset",
            columns,
            &[&["product", "id"], &["language", "id"], &["status", "id"]],
        )
        .await?;
        child::create_table(manager, "promotion_asset_market", vec![text("country")], &[&["country", "parent"]])
            .await?;
        child::create_table(manager, "promotion_asset_author", vec![text("author")], &[]).await?;
        // An asset has one later version.
        let mut claims = store::index("promotion_asset", &["claim"]);
        manager.create_index(claims.unique().take()).await
    }
}
