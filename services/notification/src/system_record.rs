//! Records that the platform makes by itself, many at a time, because of a change that is on record elsewhere. They are
//! not entered in this service's own change log when they are made, and what the platform writes to them later is not
//! either; what callers do with them is. Their version counts the entries in the log: it begins at 0.

use api::Resource as _;
use store::sea_orm::EntityTrait;
use store::{NewRow, Resource, Row, Tx};

use prost::Message as _;

/// The row of a new record. Its owner is set; only its owner sees it.
pub fn new_row<R: Resource>(tx: &Tx, mut message: R::Message) -> <R::Row as EntityTrait>::ActiveModel {
    use api::shared::v1::{Audience, audience::Circle};

    message.set_audience(Some(Audience { circle: Circle::Owner.into(), organizations: Vec::new() }));
    let now = tx.now().timestamp_micros();
    let mut row = R::Row::row(NewRow {
        id: uuid::Uuid::now_v7().to_string(),
        owner: message.owner().to_owned(),
        audience: Circle::Owner.into(),
        readers: String::new(),
        version: 0,
        created_at: now,
        updated_at: now,
        retired_at: None,
        search_text: store::words::text(R::search_words(&message)),
        content: message.encode_to_vec(),
        change_hash: Vec::new(),
    });
    R::columns(&message, &mut row);
    row
}

/// A filter's value, if it is given.
pub fn present(value: &str) -> Option<&str> {
    Some(value).filter(|value| !value.is_empty())
}
