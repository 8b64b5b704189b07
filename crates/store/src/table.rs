//! Tables as migrations make them, on both databases.

use sea_orm::sea_query::{Alias, ColumnDef, Index, IndexCreateStatement, Table, TableCreateStatement};
use sea_orm_migration::SchemaManager;

/// The statement that makes the table of a resource, with the standard columns and the index of its owners; add the
/// resource's own with `.col(…)`.
pub fn table(name: &str) -> TableCreateStatement {
    let column = |name: &str| ColumnDef::new(Alias::new(name));
    Table::create()
        .table(Alias::new(name))
        .col(column("id").text().not_null().primary_key())
        .col(column("owner").text().not_null())
        .col(column("audience").integer().not_null())
        .col(column("readers").text().not_null())
        .col(column("version").big_integer().not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("updated_at").big_integer().not_null())
        .col(column("retired_at").big_integer())
        .col(column("search_text").text().not_null())
        .col(column("content").blob().not_null())
        .col(column("change_hash").blob().not_null())
        .to_owned()
}

/// A column of a migration: `store::column("start_date").text().not_null()`. Every column of a resource is `not_null`
/// unless the message's field is optional.
pub fn column(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name))
}

/// An index over columns of a table. Those that lists filter or sort by go together with `id` as the last one.
pub fn index(table: &str, columns: &[&str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_{}", columns.join("_"))).table(Alias::new(table));
    for column in columns {
        index.col(Alias::new(*column));
    }
    index
}

/// Makes the table of a resource with these columns besides the standard ones, and indexes over these columns.
pub async fn create_table(
    manager: &SchemaManager<'_>,
    name: &str,
    columns: Vec<ColumnDef>,
    indexes: &[&[&str]],
) -> Result<(), sea_orm::DbErr> {
    let mut create = table(name);
    for mut column in columns {
        create.col(&mut column);
    }
    manager.create_table(create).await?;
    manager.create_index(index(name, &["owner", "id"])).await?;
    for columns in indexes {
        manager.create_index(index(name, columns)).await?;
    }
    Ok(())
}

/// Declares a migration that makes the table of a resource: its type, the table's name, the columns besides the
/// standard ones, and the indexes besides the owner's. The type's name is the migration's, so it never changes.
///
/// ```
/// store::migration!(M20261122Country, "country", [
///     store::column("alpha3_code").text().not_null(),
/// ], [["alpha3_code", "id"]]);
/// ```
#[macro_export]
macro_rules! migration {
    ($name:ident, $table:literal, [$($column:expr),* $(,)?] $(, [$([$($indexed:literal),+ $(,)?]),* $(,)?])? $(,)?) => {
        #[doc = concat!("Makes the table `", $table, "`.")]
        #[allow(non_camel_case_types)]
        #[derive(Debug)]
        pub struct $name;

        impl $crate::sea_orm_migration::MigrationName for $name {
            fn name(&self) -> &str {
                stringify!($name)
            }
        }

        #[$crate::async_trait]
        impl $crate::sea_orm_migration::MigrationTrait for $name {
            async fn up(
                &self,
                manager: &$crate::sea_orm_migration::SchemaManager,
            ) -> ::core::result::Result<(), $crate::sea_orm::DbErr> {
                let indexes: &[&[&str]] = &[$($(&[$($indexed),+]),*)?];
                $crate::create_table(manager, $table, vec![$($column.to_owned()),*], indexes).await
            }
        }
    };
}
