//! The keys of records, in their table.

use std::collections::HashMap;

use chassis::error::{Error, Result};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};

use super::schema::PersonalKey as Column;
use super::vault::{DataKey, Vault};
use crate::database;
use crate::tx::Tx;

/// A record's key.
pub(super) enum Key {
    There(DataKey),
    /// The record's personal data was erased.
    Destroyed,
}

/// Fails if keys of this database are wrapped by another key than the one in the vault's file, or that file is gone: a new
/// one would leave all that was sealed before closed, and nobody would notice until it is asked for.
pub(crate) async fn check(db: &impl ConnectionTrait, vault: &Vault) -> Result<()> {
    let mut select = Query::select();
    select
        .columns([Column::Name, Column::Key])
        .from(Column::Table)
        .and_where(Expr::col(Column::Key).ne(Vec::<u8>::new()))
        .limit(1);
    let Some(row) = db.query_one(&select).await.map_err(database)? else { return Ok(()) };
    let (name, wrapped): (String, Vec<u8>) =
        (row.try_get_by(0).map_err(database)?, row.try_get_by(1).map_err(database)?);
    let file = vault.file();
    let told = |what: &str| Error::internal(format!("personal data is sealed, but {} {what}", file.display()));
    if !file.exists() {
        return Err(told("is not there: put it back from its backup"));
    }
    vault.unwrap(&name, &wrapped).map(drop).map_err(|_| told("is another key than it was sealed under"))
}

/// The keys of these records, by name; none for a record that never held personal data.
pub(super) async fn of(db: &impl ConnectionTrait, vault: &Vault, names: &[String]) -> Result<HashMap<String, Key>> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let mut select = Query::select();
    select
        .columns([Column::Name, Column::Key])
        .from(Column::Table)
        .and_where(Expr::col(Column::Name).is_in(names.iter().map(String::as_str)));
    let mut keys = HashMap::new();
    for row in db.query_all(&select).await.map_err(database)? {
        let (name, wrapped): (String, Vec<u8>) =
            (row.try_get_by(0).map_err(database)?, row.try_get_by(1).map_err(database)?);
        let key = match wrapped.is_empty() {
            true => Key::Destroyed,
            false => Key::There(vault.unwrap(&name, &wrapped)?),
        };
        keys.insert(name, key);
    }
    Ok(keys)
}

/// The key of a record that is to hold personal data: made, if there is none.
pub(super) async fn for_writing(tx: &Tx, name: &str) -> Result<Key> {
    let vault = tx.vault()?;
    if let Some(key) = of(tx, vault, &[name.to_owned()]).await?.remove(name) {
        return Ok(key);
    }
    let (key, wrapped) = vault.make(name)?;
    let mut insert = Query::insert();
    insert.into_table(Column::Table).columns([Column::Name, Column::Key, Column::CreatedAt]).values_panic([
        name.into(),
        wrapped.into(),
        tx.now().timestamp_micros().into(),
    ]);
    tx.execute(&insert).await.map_err(database)?;
    Ok(Key::There(key))
}

/// Destroys the key of a record, and with it all that was ever sealed under it. The record takes none again.
pub(super) async fn destroy(tx: &Tx, name: &str) -> Result<()> {
    let now = tx.now().timestamp_micros();
    let mut insert = Query::insert();
    insert
        .into_table(Column::Table)
        .columns([Column::Name, Column::Key, Column::CreatedAt, Column::ErasedAt])
        .values_panic([name.into(), Vec::<u8>::new().into(), now.into(), now.into()])
        .on_conflict(OnConflict::column(Column::Name).update_columns([Column::Key, Column::ErasedAt]).to_owned());
    tx.execute(&insert).await.map_err(database)?;
    Ok(())
}
