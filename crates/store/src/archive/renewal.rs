//! Logs that become others, and the cursors that go with them.

use std::collections::HashMap;

use chassis::error::{Error, Result};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::snapshot::Described;
use crate::database;
use crate::feed::cursor::Cursor;
use crate::schema::Cursor as Column;

/// The new incarnation of each log that is restored.
#[derive(Debug, Clone)]
pub struct Renewal(HashMap<Uuid, Uuid>);

impl Renewal {
    /// Of the logs of these databases, which are restored together.
    pub fn of<'a>(databases: impl IntoIterator<Item = &'a Described>) -> Result<Renewal> {
        let renewed = |described: &Described| Ok((before(described)?, Uuid::new_v4()));
        databases.into_iter().map(renewed).collect::<Result<_>>().map(Renewal)
    }

    pub(super) fn after(&self, described: &Described) -> Result<Uuid> {
        let after = self.0.get(&before(described)?).copied();
        after.ok_or_else(|| Error::internal(format!("the log of {} is not restored with it", described.service)))
    }

    /// Leads the consumers' cursors over. Those into a log that is not restored as well stay as they are: their consumers
    /// find out, and read that log from its beginning.
    pub(super) async fn lead_over(&self, db: &impl ConnectionTrait) -> Result<()> {
        for (consumer, position) in positions(db).await.map_err(database)? {
            let Ok(cursor) = Cursor::parse(&position) else { continue };
            let Some(incarnation) = self.0.get(&cursor.incarnation).copied() else { continue };
            let led = Cursor { incarnation, ..cursor }.to_string();
            let mut update = Query::update();
            update
                .table(Column::Table)
                .value(Column::Position, led)
                .and_where(Expr::col(Column::Consumer).eq(consumer));
            db.execute(&update).await.map_err(database)?;
        }
        Ok(())
    }
}

fn before(described: &Described) -> Result<Uuid> {
    described.incarnation.parse().map_err(Error::internal)
}

async fn positions(db: &impl ConnectionTrait) -> Result<Vec<(String, String)>, DbErr> {
    let mut select = Query::select();
    select.columns([Column::Consumer, Column::Position]).from(Column::Table);
    let rows = db.query_all(&select).await?;
    rows.iter().map(|row| Ok((row.try_get_by(0)?, row.try_get_by(1)?))).collect()
}
