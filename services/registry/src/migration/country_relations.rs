//! Since when there are diplomatic relations, as a column of the countries.

use api::registry::v1::Country;
use prost::Message;
use store::sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, Table};
use store::sea_orm::{ConnectionTrait, DbErr};
use store::sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// Adds the column, and fills it from what is kept.
pub struct M20261122CountryRelations;

impl MigrationName for M20261122CountryRelations {
    fn name(&self) -> &str {
        "M20261122CountryRelations"
    }
}

#[store::async_trait]
impl MigrationTrait for M20261122CountryRelations {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let name = Alias::new;
        let mut column = store::column("relations_since").text().not_null().default("").take();
        manager.alter_table(Table::alter().table(name("country")).add_column(&mut column).take()).await?;
        let db = manager.get_connection();
        let kept = Query::select().columns([name("id"), name("content")]).from(name("country")).take();
        for row in db.query_all(&kept).await? {
            let (id, content): (String, Vec<u8>) = (row.try_get_by(0)?, row.try_get_by(1)?);
            let country = Country::decode(content.as_slice()).map_err(|error| DbErr::Custom(error.to_string()))?;
            if country.relations_since.is_empty() {
                continue;
            }
            let mut fill = Query::update();
            fill.table(name("country"))
                .value(name("relations_since"), country.relations_since)
                .and_where(Expr::col(name("id")).eq(id));
            db.execute(&fill).await?;
        }
        Ok(())
    }
}
