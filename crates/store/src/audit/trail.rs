//! The change log for people and for outsiders: chosen entries, and the whole of it with its chain.

use api::shared::v1 as pb;
use chassis::config::Config;
use chassis::error::Result;
use chrono::{DateTime, Utc};
use sea_orm::DatabaseConnection;
use sea_orm::sea_query::{Condition, Expr, ExprTrait};

use crate::checkpoint::{self, Checkpoint};
use crate::feed::cursor::Place;
use crate::feed::read;
use crate::schema::Change;
use crate::{change, connect, database, seal};

/// How many entries are read at once.
const PAGE: u64 = 500;

/// Which entries are wanted. The default is all.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of this record.
    pub resource: Option<String>,
    /// By this person or system, or for this organization.
    pub actor: Option<String>,
    /// Not before this instant.
    pub from: Option<DateTime<Utc>>,
    /// Before this instant.
    pub until: Option<DateTime<Utc>>,
}

impl Wanted {
    fn condition(&self) -> Condition {
        let micros = |instant: DateTime<Utc>| instant.timestamp_micros();
        Condition::all()
            .add_option(self.resource.as_ref().map(|name| Expr::col(Change::Resource).eq(name.as_str())))
            .add_option(self.from.map(|from| Expr::col(Change::Time).gte(micros(from))))
            .add_option(self.until.map(|until| Expr::col(Change::Time).lt(micros(until))))
    }

    /// Who acted stands in the entry only.
    fn is_by(&self, change: &pb::Change) -> bool {
        let Some(wanted) = &self.actor else { return true };
        change.actor.as_ref().is_some_and(|actor| {
            [&actor.subject, &actor.organization, &actor.represented].into_iter().any(|told| told == wanted)
        })
    }
}

/// An entry as it stands in the log. Personal data in it is sealed.
#[derive(Debug)]
pub struct Entry {
    /// Its number.
    pub sequence: i64,
    /// The bytes that its hash is made of.
    pub bytes: Vec<u8>,
    /// Its hash.
    pub hash: Vec<u8>,
    /// What it says.
    pub change: pb::Change,
}

/// A piece of the log with its chain, in feed order: entries, after the last one of each seal that seal, and after it the
/// checkpoint that was signed of it.
#[derive(Debug)]
pub enum Link {
    /// An entry.
    Entry(Box<Entry>),
    /// A seal.
    Seal {
        /// Its number.
        number: i64,
        /// The entries under it: their numbers.
        members: Vec<i64>,
        /// The hash of the seal before; empty before the first.
        previous_hash: Vec<u8>,
        /// Its hash.
        hash: Vec<u8>,
    },
    /// A checkpoint.
    Checkpoint(Checkpoint),
}

/// Hands on the entries of the service `name` that are wanted, in feed order, until `each` has enough.
pub async fn entries(
    config: &Config,
    name: &str,
    wanted: &Wanted,
    mut each: impl FnMut(Entry) -> Result<bool>,
) -> Result<()> {
    let db = connect::existing(config, name).await?;
    let mut at = Place::default();
    loop {
        let page = page(&db, &mut at, wanted.condition()).await?;
        let ended = (page.len() as u64) < PAGE;
        for entry in page {
            if wanted.is_by(&entry.1.change) && !each(entry.1)? {
                return Ok(());
            }
        }
        if ended {
            return Ok(());
        }
    }
}

/// Hands on the whole log of the service `name` with its chain.
pub async fn chain(config: &Config, name: &str, mut each: impl FnMut(Link) -> Result<()>) -> Result<()> {
    let db = connect::existing(config, name).await?;
    let mut checkpoints = checkpoint::all(&db, name).await.map_err(database)?.into_iter().peekable();
    let (mut at, mut number) = (Place::default(), 0);
    let mut next = seal::after(&db, number, 1).await.map_err(database)?.pop();
    loop {
        let page = page(&db, &mut at, Condition::all()).await?;
        let ended = (page.len() as u64) < PAGE;
        for (place, entry) in page {
            each(Link::Entry(Box::new(entry)))?;
            let Some(seal) = next.take_if(|seal| seal.place == place) else { continue };
            number = seal.number;
            each(Link::Seal { number, members: seal.numbers(), previous_hash: seal.previous_hash, hash: seal.hash })?;
            while let Some(signed) = checkpoints.next_if(|signed| signed.seal <= number) {
                each(Link::Checkpoint(signed))?;
            }
            next = seal::after(&db, number, 1).await.map_err(database)?.pop();
        }
        if ended {
            return Ok(());
        }
    }
}

async fn page(db: &DatabaseConnection, at: &mut Place, wanted: Condition) -> Result<Vec<(Place, Entry)>> {
    let found = read::entries(db, *at, wanted, PAGE).await.map_err(database)?;
    let entry = |found: read::Entry| {
        *at = found.place;
        let change = change::read(&found.bytes)?;
        Ok((found.place, Entry { sequence: found.place.seq, bytes: found.bytes, hash: found.hash, change }))
    };
    found.into_iter().map(entry).collect()
}
