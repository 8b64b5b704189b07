//! Missions and their accreditations.

use store::column;
use store::sea_orm::DbErr;
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::child;

/// Makes the tables.
pub struct M20261122Mission;

impl MigrationName for M20261122Mission {
    fn name(&self) -> &str {
        "M20261122Mission"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122Mission {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            column("kind").integer().not_null().take(),
            column("host_country").text().not_null().take(),
            column("opened").text().not_null().take(),
            column("closed").text().not_null().take(),
            column("counted").boolean().not_null().take(),
        ];
        store::create_table(manager, "mission", columns, &[&["host_country", "id"]]).await?;
        let columns = vec![
            column("country").text().not_null().take(),
            column("valid_from").text().not_null().take(),
            column("valid_to").text().not_null().take(),
            column("kind").integer().not_null().take(),
            column("unverified").boolean().not_null().take(),
            column("mission_kind").integer().not_null().take(),
        ];
        child::create_table(manager, "mission_accreditation", columns, &[&["country", "parent"]]).await
    }
}
