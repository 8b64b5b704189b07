//! Notices: the bodies of webhooks, one for each change, however many endpoints it goes to.

use chassis::error::Result;
use store::Tx;
use store::sea_orm;
use store::sea_orm::sea_query::{OnConflict, Query};
use store::sea_orm::{ConnectionTrait, DeriveIden};

/// The columns of the table.
#[derive(DeriveIden, Clone, Copy)]
pub enum Notice {
    Table,
    EventId,
    Body,
    CreatedAt,
}

/// Keeps the body of an event. If it is kept already, because the log was read again, it stays.
pub async fn keep(tx: &Tx, event_id: &str, body: Vec<u8>) -> Result<()> {
    let mut insert = Query::insert();
    insert
        .into_table(Notice::Table)
        .columns([Notice::EventId, Notice::Body, Notice::CreatedAt])
        .values_panic([event_id.into(), body.into(), tx.now().timestamp_micros().into()])
        .on_conflict(OnConflict::column(Notice::EventId).do_nothing().to_owned());
    tx.execute(&insert).await.map_err(store::database).map(drop)
}
