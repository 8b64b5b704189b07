//! Listings on electronic platforms: their states over time and their markets.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122ChannelListing;

impl MigrationName for M20261122ChannelListing {
    fn name(&self) -> &str {
        "M20261122ChannelListing"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122ChannelListing {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| column(name).text().not_null().take();
        let number = |name: &str| column(name).integer().not_null().take();
        let columns = vec![text("product"), text("platform")];
        store::create_table(manager, "channel_listing", columns, &[&["product", "id"], &["platform", "id"]]).await?;
        child::create_table(
            manager,
            "channel_listing_state",
            vec![number("status"), text("valid_from"), text("valid_to")],
            &[&["status", "valid_to", "parent"]],
        )
        .await?;
        child::create_table(manager, "channel_listing_market", vec![text("country")], &[&["country", "parent"]]).await
    }
}
