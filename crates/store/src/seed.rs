//! Reference data that comes with the software: loaded at every start, and changed only as long as nobody else has
//! touched it.

use std::collections::HashMap;

use api::Resource as _;
use api::options::v1::Failure;
use api::shared::v1::Audience;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityName, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};

use crate::consume;
use crate::entity::Row;
use crate::resource::Resource;
use crate::schema::Change;
use crate::store::Store;
use crate::tx::Tx;
use crate::verb::{Reader, insert, save};
use crate::{change, database, record};

/// The ministry, which answers for reference data.
const OWNER: &str = "agencies/g08";

/// How many records go into one transaction.
const CHUNK: usize = 200;

/// How often a chunk is tried that another process loads at the same time.
const ATTEMPTS: usize = 5;

/// What a load did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loaded {
    /// Records that were not there.
    pub created: usize,
    /// Records that differed and that nobody else had changed.
    pub updated: usize,
    /// Records that differed, but were changed by somebody since: they stay as they are.
    pub kept: usize,
}

/// Loads reference data as the service itself: creates what is missing, and updates what differs if nobody but the
/// service has ever changed it. Records carry their names; they belong to the ministry and are public unless they say
/// otherwise. The same data a second time costs one query.
pub async fn seed<R: Resource>(store: &Store, records: Vec<R::Message>) -> Result<Loaded> {
    let mark = format!("seed/{}", R::Message::COLLECTION);
    let digest = digest(&records);
    let before = consume::position(store, &mark).await?;
    if before == digest {
        return Ok(Loaded::default());
    }
    let mut loaded = Loaded::default();
    for chunk in records.chunks(CHUNK) {
        let part = load_chunk::<R>(store, chunk).await?;
        loaded.created += part.created;
        loaded.updated += part.updated;
        loaded.kept += part.kept;
    }
    let Loaded { created, updated, kept } = loaded;
    tracing::info!(collection = R::Message::COLLECTION, created, updated, kept, "reference data loaded");
    // If another process marked it meanwhile, that is as good.
    let _ = store.write_self(async move |tx: Tx| consume::advance(&tx, &mark, &before, &digest).await.map(drop)).await;
    Ok(loaded)
}

fn digest<M: api::Resource>(records: &[M]) -> String {
    let mut sha = Sha256::new();
    for record in records {
        let bytes = record.encode_to_vec();
        sha.update((bytes.len() as u64).to_be_bytes());
        sha.update(bytes);
    }
    hex::encode(sha.finalize())
}

async fn load_chunk<R: Resource>(store: &Store, chunk: &[R::Message]) -> Result<Loaded> {
    let mut attempt = 1;
    loop {
        let records = chunk.to_vec();
        let loaded = store.write_self(async move |tx: Tx| load::<R>(&tx, records).await).await;
        match loaded {
            Err(error) if attempt < ATTEMPTS && (error.is(Failure::AlreadyExists) || error.is_transient()) => {
                attempt += 1
            }
            loaded => return loaded,
        }
    }
}

async fn load<R: Resource>(tx: &Tx, records: Vec<R::Message>) -> Result<Loaded> {
    let existing = existing::<R>(tx, &records).await?;
    let mut loaded = Loaded::default();
    for mut record in records {
        if record.owner().is_empty() {
            record.set_owner(OWNER.to_owned());
        }
        if record.audience().is_none() {
            record.set_audience(Some(Audience { circle: Circle::Public.into(), organizations: Vec::new() }));
        }
        let id = record.id().to_owned();
        match existing.get(&id) {
            None => {
                insert::<R>(tx, record, &id).await?;
                loaded.created += 1;
            }
            Some(before) => match replace::<R>(tx, before, record).await? {
                Some(true) => loaded.updated += 1,
                Some(false) => loaded.kept += 1,
                None => {}
            },
        }
    }
    Ok(loaded)
}

/// The records of these names that exist, by id.
async fn existing<R: Resource>(tx: &Tx, records: &[R::Message]) -> Result<HashMap<String, R::Message>> {
    let ids: Vec<String> = records.iter().map(|record| record.id().to_owned()).filter(|id| !id.is_empty()).collect();
    let rows = R::Row::find().filter(R::Row::ID.is_in(ids)).all(tx).await.map_err(database)?;
    let table = R::Row::default().table_name();
    let take = |row: &crate::Model<R>| {
        let standard = R::Row::standard(row);
        tx.remember(table, &standard);
        Ok((standard.id.to_owned(), record::message::<R>(row)?))
    };
    rows.iter().map(take).collect()
}

/// `Some(true)` if it was replaced, `Some(false)` if somebody else changed it before, `None` if nothing differs.
async fn replace<R: Resource>(tx: &Tx, before: &R::Message, mut after: R::Message) -> Result<Option<bool>> {
    after.set_name(before.name().to_owned());
    record::settle_audience::<R>(&mut after)?;
    let wanted = after.clone();
    R::prepare(tx, Some(before), &mut after).await?;
    if after.fields_changed(before).is_empty() {
        return Ok(None);
    }
    if before.retire_time().is_some() || touched(tx, before.name()).await? {
        return Ok(Some(false));
    }
    save::<R>(tx, &format!("{}.updated", R::Message::SINGULAR), before.clone(), wanted).await?;
    Ok(Some(true))
}

/// Whether anybody but the service itself has changed a record.
async fn touched(tx: &Tx, name: &str) -> Result<bool> {
    let mut select = Query::select();
    select.column(Change::Entry).from(Change::Table).and_where(Expr::col(Change::Resource).eq(name));
    for row in tx.query_all(&select).await.map_err(database)? {
        let entry: Vec<u8> = row.try_get_by(0).map_err(database)?;
        let actor = change::read(&entry)?.actor.ok_or_else(|| Error::internal("a change without an actor"))?;
        if actor.subject != tx.caller().subject {
            return Ok(true);
        }
    }
    Ok(false)
}
