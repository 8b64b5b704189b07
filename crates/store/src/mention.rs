//! Names that records hold in lists (the localities of a lead, say), one row each, so that lists find records by them.
//! A service that uses this runs [`M20261122Mention`] among its migrations, calls [`keep`] from
//! [`Resource::index`](crate::Resource::index) and puts [`of`] into [`Resource::filter`](crate::Resource::filter).

use chassis::error::Result;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Index, Query, Table};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::database;
use crate::table::column;
use crate::tx::Tx;

const TABLE: &str = "mention";

/// Makes the table `mention`.
#[derive(Debug)]
pub struct M20261122Mention;

impl MigrationName for M20261122Mention {
    fn name(&self) -> &str {
        "M20261122Mention"
    }
}

#[tonic::async_trait]
impl MigrationTrait for M20261122Mention {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut key = Index::create();
        key.col(Alias::new("kind")).col(Alias::new("name")).col(Alias::new("id"));
        let mut table = Table::create();
        table
            .table(Alias::new(TABLE))
            .col(column("kind").text().not_null())
            .col(column("name").text().not_null())
            .col(column("id").text().not_null())
            .primary_key(&mut key);
        manager.create_table(table).await?;
        let mut of_record = Index::create();
        of_record.name("mention_kind_id").table(Alias::new(TABLE)).col(Alias::new("kind")).col(Alias::new("id"));
        manager.create_index(of_record).await
    }
}

/// Sets what a record mentions, in place of what it mentioned before. Empty names are passed over.
pub async fn keep<'a, M: api::Resource>(tx: &Tx, record: &M, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let (kind, id) = (M::COLLECTION, record.id());
    let mut delete = Query::delete();
    delete
        .from_table(Alias::new(TABLE))
        .and_where(Expr::col(Alias::new("kind")).eq(kind))
        .and_where(Expr::col(Alias::new("id")).eq(id));
    tx.execute(&delete).await.map_err(database)?;
    let mut names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert();
    insert.into_table(Alias::new(TABLE)).columns(["kind", "name", "id"].map(Alias::new));
    for name in names {
        insert.values_panic([kind.into(), name.into(), id.into()]);
    }
    tx.execute(&insert).await.map_err(database)?;
    Ok(())
}

/// The condition that a record of the kind `M`, whose column of ids this is, mentions a name; none where the name is empty.
pub fn of<M: api::Resource>(id: impl ColumnTrait, name: &str) -> Option<Expr> {
    let kind = M::COLLECTION;
    let mut select = Query::select();
    select
        .column(Alias::new("id"))
        .from(Alias::new(TABLE))
        .and_where(Expr::col(Alias::new("kind")).eq(kind))
        .and_where(Expr::col(Alias::new("name")).eq(name));
    (!name.is_empty()).then(|| id.in_subquery(select))
}
