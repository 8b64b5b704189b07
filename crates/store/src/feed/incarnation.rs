//! Which log this is. A database that was dumped and restored somewhere else is another log: transactions are numbered
//! anew there, and what came after the dump is not in it. So it gets a new incarnation, and cursors of before are
//! refused instead of silently skipping or repeating entries.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use uuid::Uuid;

use crate::schema::Feed;

const ONLY: i32 = 1;

/// What identifies a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Incarnation {
    pub id: Uuid,
    /// Of new entries.
    pub epoch: i32,
}

/// Gives the log an incarnation if it has none, and a new one if the database is not where it was. Called with the
/// migration lock held.
pub(crate) async fn establish(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let home = home(db).await?;
    let epoch = match row(db).await? {
        None => 0,
        Some((_, last)) if last == home && !numbered_anew(db).await? => return Ok(()),
        Some((old, _)) => old.epoch + 1,
    };
    if epoch > 0 {
        tracing::warn!(epoch, "the database was restored elsewhere: its change log is a new one, readers start over");
    }
    renew(db, Uuid::new_v4(), epoch).await
}

/// Makes the log one of this incarnation, whose new entries are of this epoch.
pub(crate) async fn renew(db: &impl ConnectionTrait, incarnation: Uuid, epoch: i32) -> Result<(), DbErr> {
    let home = home(db).await?;
    let mut upsert = Query::insert();
    upsert
        .into_table(Feed::Table)
        .columns([Feed::Id, Feed::Incarnation, Feed::Epoch, Feed::Home])
        .values_panic([ONLY.into(), incarnation.to_string().into(), epoch.into(), home.into()])
        .on_conflict(
            OnConflict::column(Feed::Id).update_columns([Feed::Incarnation, Feed::Epoch, Feed::Home]).to_owned(),
        );
    db.execute(&upsert).await?;
    if epoch > 0 && db.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared(&format!("ALTER TABLE change ALTER COLUMN epoch SET DEFAULT {epoch}")).await?;
    }
    Ok(())
}

/// The incarnation of the log.
pub(crate) async fn read(db: &impl ConnectionTrait) -> Result<Incarnation, DbErr> {
    let found = row(db).await?;
    found.map(|(incarnation, _)| incarnation).ok_or_else(|| DbErr::RecordNotFound("the feed's incarnation".to_owned()))
}

async fn row(db: &impl ConnectionTrait) -> Result<Option<(Incarnation, String)>, DbErr> {
    let mut select = Query::select();
    select
        .columns([Feed::Incarnation, Feed::Epoch, Feed::Home])
        .from(Feed::Table)
        .and_where(Expr::col(Feed::Id).eq(ONLY));
    let Some(row) = db.query_one(&select).await? else { return Ok(None) };
    let id: String = row.try_get_by(0)?;
    let id = id.parse().map_err(|error| DbErr::Type(format!("the feed's incarnation: {error}")))?;
    Ok(Some((Incarnation { id, epoch: row.try_get_by(1)? }, row.try_get_by(2)?)))
}

/// Where the database is: the cluster and the database in it. A SQLite file is where it is; that it was replaced by an
/// older copy is found by the hash that cursors carry.
async fn home(db: &impl ConnectionTrait) -> Result<String, DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok("file".to_owned());
    }
    let select = "SELECT s.system_identifier::text || '/' || d.oid::text FROM pg_control_system() s, pg_database d \
         WHERE d.datname = current_database()";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, select)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("pg_control_system".to_owned()))?.try_get_by(0)
}

/// Whether the log has entries of transactions that are still to come: then the numbers began anew.
async fn numbered_anew(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(false);
    }
    let select = "SELECT c.xid >= pg_snapshot_xmax(pg_current_snapshot()) AND c.epoch = f.epoch FROM change c, feed f \
         ORDER BY c.epoch DESC, c.xid DESC, c.seq DESC LIMIT 1";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, select)).await?;
    row.map_or(Ok(false), |row| row.try_get_by(0))
}
