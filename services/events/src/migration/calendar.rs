//! Due dates went from a queue of their own into the calendar.

use store::async_trait;
use store::calendar::adopt;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// Moves the jobs that wait.
pub struct M20261122Calendar;

impl MigrationName for M20261122Calendar {
    fn name(&self) -> &str {
        "M20261122Calendar"
    }
}

#[async_trait]
impl MigrationTrait for M20261122Calendar {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        adopt(manager.get_connection(), "commitment-overdue", "commitment.overdue").await
    }
}
