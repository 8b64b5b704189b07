//! Checks the change log against itself: each entry against its hash and its resource's entry before, and all of them,
//! in feed order, against the chain of seals.

mod trail;

use std::collections::HashMap;

use chassis::config::Config;
use chassis::error::Result;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use sha2::{Digest, Sha256};

use crate::checkpoint::{self, Checkpoint};
use crate::feed::cursor::Place;
use crate::feed::read::{beyond, order, place, settled};
use crate::schema::Change;
use crate::scope::readers;
use crate::seal::{self, MEMBER, Seal};
use crate::{change, connect, database};

pub use trail::{Entry as Told, Link, Wanted, chain, entries};

/// How many entries are read at once.
const PAGE: u64 = 1_000;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries that were checked, up to the first broken one.
    pub entries: u64,
    /// Of these, how many are sealed.
    pub sealed: u64,
    /// Seals that were checked.
    pub seals: u64,
    /// Hash of the last seal, in hexadecimal digits: written down elsewhere, it proves that nothing was cut off the end.
    pub head: String,
    /// Checkpoints in the database.
    pub checkpoints: u64,
    /// The first entry that is not as it was written.
    pub broken: Option<Broken>,
}

/// An entry, or a seal, that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The entry's number in the log; of a broken seal, the number of the first entry under it.
    pub sequence: i64,
    /// The entry's resource; empty if it is not known any more.
    pub resource: String,
    /// What is wrong with it: a sentence.
    pub what: String,
}

impl Report {
    /// Whether everything is as it was written.
    pub fn is_whole(&self) -> bool {
        self.broken.is_none()
    }

    /// Entries that are not sealed yet: those of about the last second.
    pub fn unsealed(&self) -> u64 {
        self.entries - self.sealed
    }
}

/// Checks the log of the service `name`, in the database that the settings name: in itself, and against the checkpoints in
/// the database and those of somebody else's file. Whether the service runs does not matter. Fails if there is no such
/// database.
pub async fn verify_service(config: &Config, name: &str, kept: &[Checkpoint]) -> Result<Report> {
    let db = connect::existing(config, name).await?;
    let mut report = verify(&db).await?;
    if report.is_whole() {
        let keys = checkpoint::public_keys(&config.key_dir())?;
        let ours = checkpoint::all(&db, name).await.map_err(database)?;
        report.checkpoints = ours.len() as u64;
        report.broken = match checkpoint::compare(&db, name, kept, &keys).await? {
            None => checkpoint::compare(&db, name, &ours, &keys).await?,
            broken => broken,
        };
    }
    Ok(report)
}

/// Walks the whole change log and its seals. Reads everything once; needs about 100 bytes of memory for each resource.
/// Fails only if the database cannot be read: what is broken is in the report.
pub async fn verify(db: &impl ConnectionTrait) -> Result<Report> {
    let mut walk = Walk { seals: Seals::default(), chains: HashMap::new(), report: Report::default() };
    let broken = walk.all(db).await?;
    let Walk { seals, report, .. } = walk;
    Ok(Report { seals: seals.done, head: hex::encode(&seals.last.hash), broken, ..report })
}

/// An entry with the columns by which it is found.
struct Entry {
    place: Place,
    bytes: Vec<u8>,
    hash: Vec<u8>,
    time: i64,
    kind: String,
    resource: String,
    version: i64,
    owner: String,
    audience: i32,
    readers: String,
}

async fn page(db: &impl ConnectionTrait, after: Place) -> Result<Vec<Entry>, DbErr> {
    let backend = db.get_database_backend();
    let mut select = settled(backend);
    select
        .columns([
            Change::Entry,
            Change::Hash,
            Change::Time,
            Change::Type,
            Change::Resource,
            Change::Version,
            Change::Owner,
            Change::Audience,
            Change::Readers,
        ])
        .and_where(beyond(backend, after))
        .limit(PAGE);
    order(&mut select, backend, Order::Asc);
    db.query_all(&select).await?.iter().map(entry).collect()
}

fn entry(row: &QueryResult) -> Result<Entry, DbErr> {
    Ok(Entry {
        place: place(row)?,
        bytes: row.try_get_by(3)?,
        hash: row.try_get_by(4)?,
        time: row.try_get_by(5)?,
        kind: row.try_get_by(6)?,
        resource: row.try_get_by(7)?,
        version: row.try_get_by(8)?,
        owner: row.try_get_by(9)?,
        audience: row.try_get_by(10)?,
        readers: row.try_get_by(11)?,
    })
}

struct Walk {
    seals: Seals,
    /// Version and hash of each resource's last entry, by a hash of its name.
    chains: HashMap<[u8; 16], (i64, Vec<u8>)>,
    report: Report,
}

impl Walk {
    async fn all(&mut self, db: &impl ConnectionTrait) -> Result<Option<Broken>> {
        let mut at = Place::default();
        loop {
            let entries = page(db, at).await.map_err(database)?;
            for entry in &entries {
                at = entry.place;
                if let Some(broken) = self.check(db, entry).await? {
                    return Ok(Some(broken));
                }
            }
            if (entries.len() as u64) < PAGE {
                return self.seals.left(db).await;
            }
        }
    }

    async fn check(&mut self, db: &impl ConnectionTrait, entry: &Entry) -> Result<Option<Broken>> {
        let broken = |what: &str| {
            Some(Broken { sequence: entry.place.seq, resource: entry.resource.clone(), what: what.to_owned() })
        };
        if let Some(found) = self.seals.check(db, entry).await? {
            return Ok(Some(found));
        }
        if change::hash(&entry.bytes) != entry.hash {
            return Ok(broken("its content is not what its hash was made of"));
        }
        let Ok(change) = change::read(&entry.bytes) else { return Ok(broken("its content cannot be read")) };
        let audience = change.audience.clone().unwrap_or_default();
        let time = change.time.as_ref().map_or(0, crate::record::micros);
        let same = (time, change.r#type.as_str(), change.resource.as_str(), change.version)
            == (entry.time, entry.kind.as_str(), entry.resource.as_str(), entry.version)
            && (change.owner.as_str(), audience.circle, readers(&audience.organizations).as_str())
                == (entry.owner.as_str(), entry.audience, entry.readers.as_str());
        if !same {
            return Ok(broken("the columns by which it is found do not say what its content says"));
        }
        let chain = self.chains.entry(key(&entry.resource)).or_default();
        if *chain.1 != *change.previous_hash || chain.0 + 1 != change.version {
            return Ok(broken("it does not follow the entry before of the same resource"));
        }
        *chain = (entry.version, entry.hash.clone());
        self.report.entries += 1;
        self.report.sealed += u64::from(self.seals.covered);
        Ok(None)
    }
}

fn key(resource: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(resource).into();
    *digest.first_chunk().expect("invariant: sixteen are fewer than thirty-two")
}

/// The seals, along which the entries are walked.
#[derive(Default)]
struct Seals {
    /// Read, and not yet walked to their end; the first one is being walked.
    ahead: std::collections::VecDeque<Seal>,
    /// How many members of the first one have been walked.
    walked: usize,
    last: Seal,
    done: u64,
    /// Whether the entry at hand is under a seal.
    covered: bool,
    /// An entry was under no seal when it was its turn. What is sealed from then on was sealed behind this walk.
    ended: bool,
}

impl Seals {
    /// Reads on, if no seal is left to walk along. Tells a seal that is broken in itself.
    async fn load(&mut self, db: &impl ConnectionTrait) -> Result<Option<Broken>> {
        if self.ahead.is_empty() && !self.ended {
            let seals = seal::after(db, self.last.number, 16).await.map_err(database)?;
            let mut before = self.last.clone();
            for seal in seals {
                if let Some(what) = wrong(&before, &seal) {
                    let sequence = members(&seal).next().map_or(0, |(sequence, _)| sequence);
                    let what = format!("the seal {} over it {what}", seal.number);
                    return Ok(Some(Broken { sequence, resource: String::new(), what }));
                }
                before = seal.clone();
                self.ahead.push_back(seal);
            }
        }
        Ok(None)
    }

    async fn check(&mut self, db: &impl ConnectionTrait, entry: &Entry) -> Result<Option<Broken>> {
        if let Some(broken) = self.load(db).await? {
            return Ok(Some(broken));
        }
        self.covered = false;
        let Some(seal) = self.ahead.front() else {
            self.ended = true;
            return Ok(None);
        };
        let Some((sequence, hash)) = members(seal).nth(self.walked) else { return Ok(None) };
        let told = |sequence, resource: &str, what: &str| {
            Ok(Some(Broken { sequence, resource: resource.to_owned(), what: what.to_owned() }))
        };
        if sequence != entry.place.seq {
            if !present(db, sequence).await.map_err(database)? {
                return told(sequence, "", "it was removed");
            }
            let known = self.ahead.iter().any(|seal| members(seal).any(|(member, _)| member == entry.place.seq));
            let what = if known { "it was moved" } else { "it was put in, or moved" };
            return told(entry.place.seq, &entry.resource, what);
        }
        if hash != entry.hash {
            return told(sequence, &entry.resource, "it is not the entry that was sealed");
        }
        self.covered = true;
        self.walked += 1;
        if self.walked * MEMBER == seal.members.len() {
            if seal.place != entry.place {
                return told(sequence, &entry.resource, "it does not stand where its seal says");
            }
            self.walked = 0;
            self.done += 1;
            self.last = self.ahead.pop_front().unwrap_or_default();
        }
        Ok(None)
    }

    /// After the last entry: members that no entry was found for.
    async fn left(&mut self, db: &impl ConnectionTrait) -> Result<Option<Broken>> {
        if let Some(broken) = self.load(db).await? {
            return Ok(Some(broken));
        }
        let member = self.ahead.front().and_then(|seal| members(seal).nth(self.walked));
        let Some((sequence, _)) = member else { return Ok(None) };
        if present(db, sequence).await.map_err(database)? {
            // Sealed after the last page was read.
            return Ok(None);
        }
        Ok(Some(Broken { sequence, resource: String::new(), what: "it was removed".to_owned() }))
    }
}

/// What is wrong with a seal in itself.
fn wrong(before: &Seal, seal: &Seal) -> Option<&'static str> {
    if seal.number != before.number + 1 {
        return Some("does not follow the seal before: one is missing");
    }
    if seal.previous_hash != before.hash {
        return Some("does not follow the seal before");
    }
    let whole = !seal.members.is_empty() && seal.members.len().is_multiple_of(MEMBER);
    (!whole || seal::hash(seal.number, &seal.previous_hash, &seal.members) != seal.hash)
        .then_some("is not what its hash was made of")
}

/// Number and hash of the entries under a seal.
fn members(seal: &Seal) -> impl Iterator<Item = (i64, &[u8])> {
    seal.members.chunks_exact(MEMBER).map(|member| {
        let (sequence, hash) = member.split_first_chunk::<8>().expect("invariant: a member is longer than its number");
        (i64::from_be_bytes(*sequence), hash)
    })
}

async fn present(db: &impl ConnectionTrait, sequence: i64) -> Result<bool, DbErr> {
    let mut select = Query::select();
    select.expr(Expr::val(1)).from(Change::Table).and_where(Expr::col(Change::Seq).eq(sequence));
    Ok(db.query_one(&select).await?.is_some())
}
