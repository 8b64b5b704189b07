//! One entry of the change log: what it holds, and its hash.
//!
//! The hash of an entry is SHA-256 over the bytes `ngkt.change.v1`, a zero byte, and the entry: the message
//! `ngkt.type.v1.Change` in protobuf with its fields in ascending order, without `cursor`, `sequence` and `hash`, but
//! with `previous_hash`, the hash of the entry before of the same resource. The entry is kept as these very bytes, so
//! the hash can be checked with any protobuf library or none. `sequence` and `cursor` are the log's, not the entry's:
//! the seals hold them in place.

use api::shared::v1 as pb;
use chassis::caller::Caller;
use chassis::error::{Error, Result};
use prost::Message as _;
use sea_orm::DbBackend;
use sea_orm::sea_query::Expr;
use sha2::{Digest, Sha256};

use crate::held::{Held, Insert, Refusal, What};
use crate::personal::{self, Sealed};
use crate::record;
use crate::scope::readers;
use crate::tx::{Tx, Written};

/// What is hashed before the entry, so that the hash of an entry is never that of something else.
const DOMAIN: &[u8] = b"ngkt.change.v1\0";

/// An entry on its way into the log.
pub(crate) struct Entry {
    change: pb::Change,
    before: Option<Vec<u8>>,
    bytes: Vec<u8>,
    pub hash: Vec<u8>,
}

impl Entry {
    /// The entry of a change; `sealed` is `after` as it is kept. `before` is `None` for a new record; then `previous_hash` is empty.
    pub fn of<M: api::Resource>(
        tx: &Tx,
        change_type: &str,
        after: &M,
        before: Option<&M>,
        sealed: &Sealed<'_, M>,
        previous_hash: Vec<u8>,
    ) -> Entry {
        let changed = before.map_or_else(|| after.fields_set(), |before| after.fields_changed(before));
        let type_url = format!("type.googleapis.com/{}", M::full_name());
        let change = pb::Change {
            cursor: String::new(),
            sequence: 0,
            time: Some(record::stamped(tx.now())),
            r#type: change_type.to_owned(),
            resource: after.name().to_owned(),
            version: record::version(after),
            actor: Some(actor(tx.caller())),
            after: Some(prost_types::Any { type_url, value: sealed.behind(sealed.bare.encode_to_vec()) }),
            changed_fields: changed.into_iter().map(str::to_owned).collect(),
            owner: after.owner().to_owned(),
            audience: after.audience().cloned(),
            previous_hash: previous_hash.into(),
            hash: Default::default(),
            trace_id: tx.context().trace_id.clone(),
            span_id: tx.context().span_id.clone(),
        };
        let bytes = change.encode_to_vec();
        let hash = hash(&bytes);
        let before = before.map(|before| personal::bare(before).encode_to_vec());
        Entry { change, before, bytes, hash }
    }

    /// Appends the entry to the log.
    pub async fn append(self, tx: &Tx) -> Result<()> {
        tx.wake_feed();
        tx.note(Written {
            change_type: self.change.r#type.clone(),
            name: self.change.resource.clone(),
            before: self.before,
            after: self.change.after.as_ref().map(|after| after.value.clone()).unwrap_or_default(),
        });
        tx.hold(insert(tx, &self.change, self.bytes, self.hash)).await
    }
}

/// The hash of an entry.
pub(crate) fn hash(entry: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(DOMAIN).chain_update(entry).finalize().to_vec()
}

/// The change of an entry, without cursor, sequence and hash.
pub(crate) fn read(entry: &[u8]) -> Result<pb::Change> {
    pb::Change::decode(entry).map_err(Error::internal)
}

pub(crate) fn actor(caller: &Caller) -> pb::Actor {
    pb::Actor {
        subject: caller.subject.clone(),
        organization: caller.organization.clone(),
        roles: caller.roles.iter().map(|role| (*role).into()).collect(),
        represented: caller.represented.clone(),
    }
}

fn insert(tx: &Tx, change: &pb::Change, entry: Vec<u8>, hash: Vec<u8>) -> Held {
    let audience = change.audience.clone().unwrap_or_default();
    let mut columns = vec!["time", "type", "resource", "version", "owner", "audience", "readers", "entry", "hash"];
    let mut values: Vec<Expr> = vec![
        tx.now().timestamp_micros().into(),
        change.r#type.as_str().into(),
        change.resource.as_str().into(),
        change.version.into(),
        change.owner.as_str().into(),
        audience.circle.into(),
        readers(&audience.organizations).into(),
        entry.into(),
        hash.into(),
    ];
    if sea_orm::ConnectionTrait::get_database_backend(tx) == DbBackend::Postgres && change.version > 1 {
        columns.push("xid");
        values.push(place(&change.resource, change.version));
    }
    let insert = Insert { table: "change", columns, values };
    let row = ("change", format!("{}@{}", change.resource, change.version));
    let name = change.resource.clone();
    let refusal = match change.version {
        1 => Refusal::Taken { name, told: |_| None },
        _ => Refusal::Stale { name },
    };
    Held { what: What::Insert(insert), row, refusal }
}

/// Where an entry stands in the feed of PostgreSQL: at its transaction, but never before the resource's entry before.
/// Two writers of one resource may commit in the other order of their transactions' numbers; the row's lock makes sure
/// that the later one sees the earlier one's entry here. A place later than its own transaction does no harm: readers
/// come to it when both have ended. Entries of an epoch before stand before it anyhow, and their numbers mean nothing.
fn place(resource: &str, version: i64) -> Expr {
    Expr::cust_with_values(
        "GREATEST(pg_current_xact_id(), (SELECT b.xid FROM change b JOIN feed f ON f.epoch = b.epoch \
         WHERE b.resource = $1 AND b.version = $2))",
        [sea_orm::Value::from(resource), (version - 1).into()],
    )
}
