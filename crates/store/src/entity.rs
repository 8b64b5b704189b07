//! The table of a resource: the columns that every one has, and its own.

use sea_orm::{ActiveModelBehavior, ActiveModelTrait, EntityTrait};

/// A table with the standard columns. [`entity!`](crate::entity) implements it.
pub trait Row:
    EntityTrait<ActiveModel: ActiveModelBehavior<Entity = Self> + ActiveModelTrait<Entity = Self> + Send>
{
    /// The column `id`.
    const ID: Self::Column;
    /// The column `owner`.
    const OWNER: Self::Column;
    /// The column `audience`.
    const AUDIENCE: Self::Column;
    /// The column `readers`.
    const READERS: Self::Column;
    /// The column `version`.
    const VERSION: Self::Column;
    /// The column `retired_at`.
    const RETIRED_AT: Self::Column;
    /// The column `search_text`.
    const SEARCH_TEXT: Self::Column;

    /// The standard columns of a row.
    fn standard(model: &Self::Model) -> Standard<'_>;
    /// A row with these standard columns and nothing else set.
    fn row(standard: NewRow) -> Self::ActiveModel;
}

/// What is read of the standard columns.
#[derive(Debug)]
pub struct Standard<'a> {
    /// The part of the name after the slash.
    pub id: &'a str,
    /// The organization that answers for the record.
    pub owner: &'a str,
    /// The circle of readers, as its number.
    pub audience: i32,
    /// Organizations that see it besides: `|a|b|`.
    pub readers: &'a str,
    /// 1 for a new record; the etag.
    pub version: i64,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Microseconds since 1970.
    pub updated_at: i64,
    /// Microseconds since 1970, once retired.
    pub retired_at: Option<i64>,
    /// The words to find it by, as [`words::text`](crate::words::text) makes it.
    pub search_text: &'a str,
    /// The message in protobuf, without name, etag and times.
    pub content: &'a [u8],
    /// The hash of the record's last change.
    pub change_hash: &'a [u8],
}

/// What is written to the standard columns.
#[derive(Debug)]
pub struct NewRow {
    /// The part of the name after the slash.
    pub id: String,
    /// The organization that answers for the record.
    pub owner: String,
    /// The circle of readers, as its number.
    pub audience: i32,
    /// Organizations that see it besides: `|a|b|`.
    pub readers: String,
    /// 1 for a new record; the etag.
    pub version: i64,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Microseconds since 1970.
    pub updated_at: i64,
    /// Microseconds since 1970, once retired.
    pub retired_at: Option<i64>,
    /// The words to find it by, as [`words::text`](crate::words::text) makes it.
    pub search_text: String,
    /// The message in protobuf, without name, etag and times.
    pub content: Vec<u8>,
    /// The hash of the record's last change.
    pub change_hash: Vec<u8>,
}

/// Declares the table of a resource as a module: `entity!(row, "engagement", { kind: i32, country: String });` makes
/// `mod row` with `Model`, `Entity`, `Column` and `ActiveModel`, which have the standard columns and these. The table
/// itself is made by a migration, from [`table`](crate::table()).
#[macro_export]
macro_rules! entity {
    ($module:ident, $table:literal, { $($column:ident : $kind:ty),* $(,)? }) => {
        #[allow(missing_docs)]
        pub mod $module {
            // The derive writes paths that begin with sea_orm.
            use $crate::sea_orm;
            use $crate::sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: String,
                pub owner: String,
                pub audience: i32,
                pub readers: String,
                pub version: i64,
                pub created_at: i64,
                pub updated_at: i64,
                pub retired_at: Option<i64>,
                pub search_text: String,
                pub content: Vec<u8>,
                pub change_hash: Vec<u8>,
                $(pub $column: $kind,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}

            impl $crate::Row for Entity {
                const ID: Column = Column::Id;
                const OWNER: Column = Column::Owner;
                const AUDIENCE: Column = Column::Audience;
                const READERS: Column = Column::Readers;
                const VERSION: Column = Column::Version;
                const RETIRED_AT: Column = Column::RetiredAt;
                const SEARCH_TEXT: Column = Column::SearchText;

                fn standard(model: &Model) -> $crate::Standard<'_> {
                    $crate::Standard {
                        id: &model.id,
                        owner: &model.owner,
                        audience: model.audience,
                        readers: &model.readers,
                        version: model.version,
                        created_at: model.created_at,
                        updated_at: model.updated_at,
                        retired_at: model.retired_at,
                        search_text: &model.search_text,
                        content: &model.content,
                        change_hash: &model.change_hash,
                    }
                }

                fn row(standard: $crate::NewRow) -> ActiveModel {
                    use $crate::sea_orm::ActiveValue::{NotSet, Set};
                    ActiveModel {
                        id: Set(standard.id),
                        owner: Set(standard.owner),
                        audience: Set(standard.audience),
                        readers: Set(standard.readers),
                        version: Set(standard.version),
                        created_at: Set(standard.created_at),
                        updated_at: Set(standard.updated_at),
                        retired_at: Set(standard.retired_at),
                        search_text: Set(standard.search_text),
                        content: Set(standard.content),
                        change_hash: Set(standard.change_hash),
                        $($column: NotSet,)*
                    }
                }
            }
        }
    };
}
