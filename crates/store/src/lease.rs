//! Leases: of all processes of a service, one at a time does what only one should.
//!
//! A lease makes it likely that only one works; that nothing is done twice, its epoch makes sure: whoever was away too
//! long finds in its own transaction that the epoch is another's, and writes nothing.

use std::time::Duration;

use chassis::clock::Clock;
use chassis::error::{Error, Result};
use chassis::host::Host;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict, Query};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::schema::{Job, Lease as Column};
use crate::store::Store;
use crate::tx::Tx;

/// How long a lease holds without being renewed, and how often the holder renews it. On SQLite each renewal is a visit
/// to the disk, and after a crash nobody waits for the term (see [`void_all`]).
const TERM_POSTGRES: Duration = Duration::from_secs(10);
const RENEWAL_POSTGRES: Duration = Duration::from_secs(3);
const TERM_SQLITE: Duration = Duration::from_secs(60);
const RENEWAL_SQLITE: Duration = Duration::from_secs(20);

/// How often the holder looks whether it is still its own, and others whether it is free.
const LOOK: Duration = Duration::from_secs(1);

/// A lease that this process holds. Let go when it is dropped, at the latest at the end of its term.
#[derive(Debug, Clone)]
pub struct Lease {
    name: String,
    epoch: i64,
    lost: CancellationToken,
}

impl Lease {
    /// Which holding of this lease this is; grows from one to the next.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Ends when the lease is no longer held.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Fails the transaction if the lease is another's by now. Nobody else gets it before the transaction's end.
    pub async fn fence(&self, tx: &Tx) -> Result<()> {
        let mut select = Query::select();
        select.column(Column::Epoch).from(Column::Table).and_where(Expr::col(Column::Name).eq(self.name.as_str()));
        if tx.get_database_backend() == DbBackend::Postgres {
            select.lock(LockType::Share);
        }
        let row = tx.query_one(&select).await.map_err(crate::database)?;
        let epoch: Option<i64> = row.map(|row| row.try_get_by(0)).transpose().map_err(crate::database)?;
        match epoch == Some(self.epoch) {
            true => Ok(()),
            false => {
                Err(Error::unavailable(format!("the lease {}", self.name)).because("somebody else holds it by now"))
            }
        }
    }
}

/// Runs `work` whenever this process holds the lease `name`, as long as it holds it, until the process stops. Work that
/// ends, or fails, is begun again after a while; work whose lease is lost is dropped.
pub fn hold<F, W>(host: &Host, store: &Store, name: impl Into<String>, work: W)
where
    W: Fn(Lease) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    let (name, holder) = (name.into(), host.instance.to_string());
    let holder = Holder { store: store.clone(), name, holder, clock: Clock::system() };
    let shutdown = host.shutdown.clone();
    let using = store.using();
    host.spawn("lease", async move {
        let _using = using;
        tokio::select! {
            () = holder.run(work) => {}
            () = shutdown.cancelled() => {}
        }
        holder.release().await;
        Ok(())
    });
}

/// Whether something that is held until a time, by the real clock and for `term` at most, is free by `now`: also if it ends
/// later than anybody could have said, because the clock has fallen back since.
pub fn lapsed(until: impl ExprTrait + Clone, now: DateTime<Utc>, term: Duration) -> Expr {
    until.clone().lt(now.timestamp_micros()).or(until.gt((now + 2 * term).timestamp_micros()))
}

/// Frees all leases and all claims of jobs: for a process that has just found that it is the only one.
pub(crate) async fn void_all(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let mut leases = Query::update();
    leases.table(Column::Table).value(Column::Until, 0_i64).and_where(Expr::col(Column::Until).gt(0));
    db.execute(&leases).await?;
    let mut claims = Query::update();
    claims.table(Job::Table).value(Job::LeasedUntil, 0_i64).and_where(Expr::col(Job::LeasedUntil).gt(0));
    db.execute(&claims).await.map(drop)
}

struct Holder {
    store: Store,
    name: String,
    holder: String,
    /// The real time: a test that moves the clock by a month moves no lease.
    clock: Clock,
}

impl Holder {
    async fn run<F, W>(&self, work: W)
    where
        W: Fn(Lease) -> F,
        F: Future<Output = Result<()>>,
    {
        loop {
            if let Ok(Some(epoch)) = self.take().await {
                let lost = CancellationToken::new();
                let lease = Lease { name: self.name.clone(), epoch, lost: lost.clone() };
                tokio::select! {
                    ended = work(lease) => if let Err(error) = ended {
                        tracing::warn!(lease = self.name, %error, cause = error.cause().map(tracing::field::display), "failed; begins again");
                    },
                    () = self.renew(epoch) => tracing::warn!(lease = self.name, "lost"),
                }
                lost.cancel();
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Takes the lease if it is free or ours: conditionally, so that of two that try one gets it.
    async fn take(&self) -> Result<Option<i64>> {
        let (now, until) = (self.clock.now(), self.until());
        if !self.is_free(now).await? {
            return Ok(None);
        }
        let (name, holder, term) = (self.name.clone(), self.holder.clone(), self.times().0);
        let taken = self.store.write_self(async move |tx: Tx| {
            let mut upsert = Query::insert();
            upsert
                .into_table(Column::Table)
                .columns([Column::Name, Column::Holder, Column::Epoch, Column::Until])
                .values_panic([name.into(), holder.clone().into(), 1_i64.into(), until.into()])
                .on_conflict(
                    OnConflict::column(Column::Name)
                        .value(Column::Holder, holder.clone())
                        .value(Column::Epoch, Expr::col((Column::Table, Column::Epoch)).add(1))
                        .value(Column::Until, until)
                        .action_and_where(
                            lapsed(Expr::col((Column::Table, Column::Until)), now, term).or(Expr::col((
                                Column::Table,
                                Column::Holder,
                            ))
                            .eq(holder)),
                        )
                        .to_owned(),
                )
                .returning_col(Column::Epoch);
            let row = tx.query_one(&upsert).await.map_err(crate::database)?;
            row.map(|row| row.try_get_by::<i64, _>(0)).transpose().map_err(crate::database)
        });
        taken.await
    }

    /// Asked before taking, because reading disturbs nobody.
    async fn is_free(&self, now: DateTime<Utc>) -> Result<bool> {
        let mut select = Query::select();
        select
            .column(Column::Until)
            .from(Column::Table)
            .and_where(Expr::col(Column::Name).eq(self.name.as_str()))
            .and_where(Expr::col(Column::Holder).ne(self.holder.as_str()))
            .and_where(lapsed(Expr::col(Column::Until), now, self.times().0).not());
        Ok(self.store.read().query_one(&select).await.map_err(crate::database)?.is_none())
    }

    /// Ends when the lease is another's, or could not be renewed before its term. Looks often, which costs nothing, and
    /// writes seldom.
    async fn renew(&self, epoch: i64) {
        let (term, renewal) = self.times();
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(LOOK).await;
            let begin = Instant::now();
            let held = match begin - renewed < renewal {
                true => self.is_ours(epoch).await,
                false => self.extend(epoch).await.inspect(|_| renewed = begin),
            };
            match held {
                Ok(true) => {}
                Ok(false) => return,
                // Unless the term ends before the next look.
                Err(_) if begin + LOOK < renewed + term => {}
                Err(_) => return,
            }
        }
    }

    async fn is_ours(&self, epoch: i64) -> Result<bool> {
        let mut select = Query::select();
        select
            .column(Column::Epoch)
            .from(Column::Table)
            .and_where(Expr::col(Column::Name).eq(self.name.as_str()))
            .and_where(Expr::col(Column::Holder).eq(self.holder.as_str()))
            .and_where(Expr::col(Column::Epoch).eq(epoch));
        Ok(self.store.read().query_one(&select).await.map_err(crate::database)?.is_some())
    }

    async fn extend(&self, epoch: i64) -> Result<bool> {
        self.set_until(Some(epoch), self.until()).await
    }

    async fn release(&self) {
        // If it cannot be told, the lease ends by itself.
        let _ = self.set_until(None, 0).await;
    }

    async fn set_until(&self, epoch: Option<i64>, until: i64) -> Result<bool> {
        let (name, holder) = (self.name.clone(), self.holder.clone());
        let held = self.store.write_self(async move |tx: Tx| {
            let mut update = Query::update();
            update.table(Column::Table).value(Column::Until, until);
            update.and_where(Expr::col(Column::Name).eq(name)).and_where(Expr::col(Column::Holder).eq(holder));
            if let Some(epoch) = epoch {
                update.and_where(Expr::col(Column::Epoch).eq(epoch));
            }
            Ok(tx.execute(&update).await.map_err(crate::database)?.rows_affected() == 1)
        });
        held.await
    }

    /// The end of a term that begins now, in microseconds since 1970.
    fn until(&self) -> i64 {
        (self.clock.now() + self.times().0).timestamp_micros()
    }

    fn times(&self) -> (Duration, Duration) {
        match self.store.read().get_database_backend() {
            DbBackend::Postgres => (TERM_POSTGRES, RENEWAL_POSTGRES),
            _ => (TERM_SQLITE, RENEWAL_SQLITE),
        }
    }
}
