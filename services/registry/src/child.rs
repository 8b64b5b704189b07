//! Tables that follow from a record: a row for each dated part of it, written anew with the record, so that lists and
//! look-ups find it by an index. The record itself holds all that they say.

use chassis::error::Result;
use store::Tx;
use store::sea_orm::sea_query::{ColumnDef, Index, Table};
use store::sea_orm::{ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};
use store::sea_orm_migration::SchemaManager;

/// A table of parts. [`child!`] implements it.
pub trait Child: EntityTrait {
    /// The column `parent`: the id of the record that the part belongs to.
    const PARENT: Self::Column;
}

/// Declares the table of a record's parts as a module, as `store::entity!` does for records: `parent`, `position` and
/// these columns.
macro_rules! child {
    ($module:ident, $table:literal, { $($column:ident : $kind:ty),* $(,)? }) => {
        #[allow(missing_docs)]
        pub mod $module {
            // The derive writes paths that begin with sea_orm.
            use store::sea_orm;
            use store::sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub parent: String,
                #[sea_orm(primary_key, auto_increment = false)]
                pub position: i32,
                $(pub $column: $kind,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}

            impl $crate::child::Child for Entity {
                const PARENT: Column = Column::Parent;
            }
        }
    };
}
pub(crate) use child;

/// Writes a record's parts in place of those that it had.
pub async fn replace<C: Child>(tx: &Tx, parent: &str, parts: Vec<C::Model>) -> Result<(), DbErr>
where
    C::Model: IntoActiveModel<C::ActiveModel>,
{
    C::delete_many().filter(C::PARENT.eq(parent)).exec(tx).await?;
    if parts.is_empty() {
        return Ok(());
    }
    let rows = parts.into_iter().map(IntoActiveModel::into_active_model);
    C::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

/// The position of a part.
pub fn position(at: usize) -> i32 {
    i32::try_from(at).expect("invariant: lists have at most 1,000 items")
}

/// Makes the table of a record's parts, with these columns besides `parent` and `position`, and indexes over these.
pub async fn create_table(
    manager: &SchemaManager<'_>,
    name: &str,
    columns: Vec<ColumnDef>,
    indexes: &[&[&str]],
) -> Result<(), DbErr> {
    let mut table = Table::create();
    table
        .table(name.to_owned())
        .col(store::column("parent").text().not_null())
        .col(store::column("position").integer().not_null())
        .primary_key(Index::create().col("parent").col("position"));
    for column in columns {
        table.col(column);
    }
    manager.create_table(table).await?;
    for columns in indexes {
        manager.create_index(store::index(name, columns)).await?;
    }
    Ok(())
}
