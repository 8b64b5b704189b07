//! The tables of personal data: keys, blinded words, accesses.

use sea_orm::sea_query::{Index, Table};
use sea_orm::{DbErr, DeriveIden};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::table::{column, index};

/// The keys, one row a record that ever held personal data.
#[derive(DeriveIden, Clone, Copy)]
pub(super) enum PersonalKey {
    Table,
    Name,
    /// Wrapped; empty once it is destroyed.
    Key,
    CreatedAt,
    ErasedAt,
}

/// The blinded words of the personal data of records.
#[derive(DeriveIden, Clone, Copy)]
pub(super) enum PersonalWord {
    Table,
    Collection,
    Word,
    Id,
}

/// Who was shown the personal data of which record.
#[derive(DeriveIden, Clone, Copy)]
pub(super) enum PersonalAccess {
    Table,
    Id,
    Name,
    Time,
    Actor,
    Method,
    TraceId,
    Reason,
}

/// Makes the tables.
#[derive(Debug)]
pub(crate) struct M20261122Personal;

impl MigrationName for M20261122Personal {
    fn name(&self) -> &str {
        "M20261122Personal"
    }
}

#[tonic::async_trait]
impl MigrationTrait for M20261122Personal {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut keys = Table::create();
        keys.table(PersonalKey::Table)
            .col(column("name").text().not_null().primary_key())
            .col(column("key").blob().not_null())
            .col(column("created_at").big_integer().not_null())
            .col(column("erased_at").big_integer());
        manager.create_table(keys).await?;
        let mut words = Table::create();
        words
            .table(PersonalWord::Table)
            .col(column("collection").text().not_null())
            .col(column("word").blob().not_null())
            .col(column("id").text().not_null())
            .primary_key(Index::create().col(PersonalWord::Collection).col(PersonalWord::Word).col(PersonalWord::Id));
        manager.create_table(words).await?;
        manager.create_index(index("personal_word", &["collection", "id"])).await?;
        let mut accesses = Table::create();
        accesses
            .table(PersonalAccess::Table)
            .col(column("id").text().not_null().primary_key())
            .col(column("name").text().not_null())
            .col(column("time").big_integer().not_null())
            .col(column("actor").blob().not_null());
        for name in ["method", "trace_id", "reason"] {
            accesses.col(column(name).text().not_null());
        }
        manager.create_table(accesses).await?;
        manager.create_index(index("personal_access", &["name", "time", "id"])).await
    }
}
