//! Seals: the change log in feed order as one chain, so that an entry that was removed, changed, put in or moved is
//! found and named. A leased loop seals what can no longer be preceded by anything new, about a second after it was
//! written; never the write itself, for that would put all writers in one row.
//!
//! A seal covers some entries: its members are, for each entry in feed order, `sequence` (8 bytes, big-endian) and hash
//! (32 bytes). Its hash is SHA-256 over the bytes `ngkt.seal.v1`, a zero byte, its number (8 bytes, big-endian), the
//! hash of the seal before (32 zero bytes for the first) and its members.

use std::time::Duration;

use chassis::error::Result;
use chassis::host::Host;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, DbErr};
use sha2::{Digest, Sha256};

use crate::database;
use crate::feed::cursor::Place;
use crate::feed::read;
use crate::lease::{self, Lease};
use crate::schema::Seal as Column;
use crate::store::Store;
use crate::tx::Tx;

/// How often what is new is sealed.
const INTERVAL: Duration = Duration::from_millis(500);

/// How many entries one seal covers at most.
const MEMBERS_MAX: u64 = 4_096;

/// Bytes of one member: the entry's number and its hash.
pub(crate) const MEMBER: usize = 8 + 32;

const DOMAIN: &[u8] = b"ngkt.seal.v1\0";

/// A checkpoint of the chain. The default is what stands before the first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seal {
    pub number: i64,
    /// Of the last entry that it covers.
    pub place: Place,
    pub members: Vec<u8>,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

impl Seal {
    /// The numbers of the entries that it covers.
    pub fn numbers(&self) -> Vec<i64> {
        let number = |member: &[u8]| member.first_chunk::<8>().map(|number| i64::from_be_bytes(*number));
        self.members.chunks_exact(MEMBER).filter_map(number).collect()
    }

    /// The number of the first one.
    pub fn first(&self) -> Option<i64> {
        self.members.first_chunk::<8>().map(|number| i64::from_be_bytes(*number))
    }

    /// The seal after this one, over these entries.
    fn next(&self, entries: &[(Place, Vec<u8>)]) -> Seal {
        let mut members = Vec::with_capacity(entries.len() * MEMBER);
        for (place, hash) in entries {
            members.extend_from_slice(&place.seq.to_be_bytes());
            members.extend_from_slice(hash);
        }
        let (number, previous_hash) = (self.number + 1, self.hash.clone());
        let place = entries.last().map_or(self.place, |(place, _)| *place);
        Seal { number, place, hash: hash(number, &previous_hash, &members), members, previous_hash }
    }
}

/// The hash of a seal.
pub(crate) fn hash(number: i64, previous_hash: &[u8], members: &[u8]) -> Vec<u8> {
    let first = [0_u8; 32];
    let previous = if previous_hash.is_empty() { &first[..] } else { previous_hash };
    let sha = Sha256::new().chain_update(DOMAIN).chain_update(number.to_be_bytes());
    sha.chain_update(previous).chain_update(members).finalize().to_vec()
}

/// The seals after `number`, at most `limit`.
pub(crate) async fn after(db: &impl ConnectionTrait, number: i64, limit: u64) -> Result<Vec<Seal>, DbErr> {
    let mut select = Query::select();
    select
        .columns([Column::Number, Column::Epoch, Column::Xid, Column::Seq])
        .columns([Column::Members, Column::PreviousHash, Column::Hash])
        .from(Column::Table)
        .and_where(Expr::col(Column::Number).gt(number))
        .order_by(Column::Number, Order::Asc)
        .limit(limit);
    db.query_all(&select).await?.iter().map(seal).collect()
}

/// The last seal, without its members: they are many, and this is asked often.
pub(crate) async fn last(db: &impl ConnectionTrait) -> Result<Seal, DbErr> {
    let mut select = Query::select();
    select.from(Column::Table).columns([Column::Number, Column::Epoch, Column::Xid, Column::Seq, Column::Hash]);
    select.order_by(Column::Number, Order::Desc).limit(1);
    let Some(row) = db.query_one(&select).await? else { return Ok(Seal::default()) };
    let place = Place { epoch: row.try_get_by(1)?, xid: row.try_get_by(2)?, seq: row.try_get_by(3)? };
    Ok(Seal { number: row.try_get_by(0)?, place, hash: row.try_get_by(4)?, ..Seal::default() })
}

fn seal(row: &sea_orm::QueryResult) -> Result<Seal, DbErr> {
    Ok(Seal {
        number: row.try_get_by(0)?,
        place: Place { epoch: row.try_get_by(1)?, xid: row.try_get_by(2)?, seq: row.try_get_by(3)? },
        members: row.try_get_by(4)?,
        previous_hash: row.try_get_by(5)?,
        hash: row.try_get_by(6)?,
    })
}

pub(crate) fn start(host: &Host, store: &Store) {
    let sealed = store.clone();
    lease::hold(host, store, "store-sealing", move |lease| {
        let store = sealed.clone();
        async move {
            loop {
                if !step(&store, &lease).await? {
                    tokio::time::sleep(INTERVAL).await;
                }
            }
        }
    });
}

/// Seals what is new; tells whether there may be more.
async fn step(store: &Store, lease: &Lease) -> Result<bool> {
    let before = last(store.read()).await.map_err(database)?;
    let entries = read::hashes(store.read(), before.place, MEMBERS_MAX).await.map_err(database)?;
    if entries.is_empty() {
        return Ok(false);
    }
    let more = entries.len() as u64 == MEMBERS_MAX;
    let (seal, lease) = (before.next(&entries), lease.clone());
    store
        .write_self(async move |tx: Tx| {
            lease.fence(&tx).await?;
            insert(&tx, seal).await.map_err(database)
        })
        .await?;
    Ok(more)
}

/// The number is the key: of two that seal the same, one is refused.
async fn insert(tx: &Tx, seal: Seal) -> Result<(), DbErr> {
    let mut insert = Query::insert();
    insert
        .into_table(Column::Table)
        .columns([
            Column::Number,
            Column::Epoch,
            Column::Xid,
            Column::Seq,
            Column::Members,
            Column::PreviousHash,
            Column::Hash,
            Column::Time,
        ])
        .values_panic([
            seal.number.into(),
            seal.place.epoch.into(),
            seal.place.xid.into(),
            seal.place.seq.into(),
            seal.members.into(),
            seal.previous_hash.into(),
            seal.hash.into(),
            tx.now().timestamp_micros().into(),
        ]);
    tx.execute(&insert).await.map(drop)
}
