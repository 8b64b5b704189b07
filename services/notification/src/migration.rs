//! The schema of notification, one migration a resource, in the order in which they came.

mod delivery;
mod endpoint;
mod inbox_message;
mod subscription;

use store::sea_orm_migration::MigrationTrait;

/// All of them.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(endpoint::M20261122Endpoint),
        Box::new(endpoint::M20261122EndpointSecret),
        Box::new(subscription::M20261122Subscription),
        Box::new(subscription::M20261122SubscriptionGeneration),
        Box::new(delivery::M20261122Delivery),
        Box::new(delivery::M20261122Notice),
        Box::new(delivery::M20261122Lane),
        Box::new(inbox_message::M20261122InboxMessage),
        Box::new(store::mention::M20261122Mention),
        Box::new(subscription::M20261122SubscriptionMention),
    ]
}

/// A migration that is not just the table of a resource: its type, and what it does with `$manager`.
macro_rules! step {
    ($(#[$doc:meta])* $name:ident, $manager:ident, $body:block) => {
        $(#[$doc])*
        pub struct $name;

        impl store::sea_orm_migration::MigrationName for $name {
            fn name(&self) -> &str {
                stringify!($name)
            }
        }

        #[store::async_trait]
        impl store::sea_orm_migration::MigrationTrait for $name {
            async fn up(
                &self,
                $manager: &store::sea_orm_migration::SchemaManager,
            ) -> Result<(), store::sea_orm::DbErr> $body
        }
    };
}
use step;
