//! What an operator sees of the sending: what receivers answer, what becomes of deliveries, which lanes wait and which
//! endpoints fail. Nobody looks unless metrics are sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::notification::v1::delivery::State;
use api::notification::v1::endpoint;
use chassis::clock::Clock;
use chassis::error::Result;
use chassis::host::Host;
use chassis::telemetry::{self, catalogue};
use store::Store;
use store::sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use store::sea_orm::{ConnectionTrait, DbErr};

use crate::attempt::{Answer, Made};
use crate::endpoint::row;
use crate::lane::{self, Lane};

/// What the lanes are called among the queues of work.
const QUEUE: &str = "webhook-lanes";

/// What was last seen.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    lanes_due: i64,
    lanes_resting: i64,
    /// Seconds.
    age: f64,
    endpoints: i64,
    failing: i64,
    disabled: i64,
}

/// Counts an attempt; gives what its result is called.
pub fn attempted(made: &Made) -> &'static str {
    let result = match made.answer {
        Answer::Taken { .. } => "taken",
        Answer::Gone => "gone",
        Answer::Refused { .. } => "refused",
        Answer::Silence { .. } => "silent",
    };
    catalogue::WEBHOOK_ATTEMPT.record(f64::from(made.duration_ms) / 1e3, [result.into()]);
    result
}

/// Counts what became of a delivery after an attempt.
pub fn concluded(state: State) {
    let outcome = match state {
        State::Delivered => "delivered",
        State::Pending | State::Unspecified => "retried",
        State::Failed => "given_up",
        State::Cancelled => "cancelled",
    };
    catalogue::WEBHOOK_DELIVERIES.record(1.0, [outcome.into()]);
}

/// Looks at lanes and endpoints as often as metrics are sent.
pub fn start(host: &Host, store: &Store) {
    if !telemetry::counts() {
        return;
    }
    let seen = Arc::new(Mutex::new(Seen::default()));
    tell(store.name(), &seen);
    let (store, shutdown) = (store.clone(), host.shutdown.clone());
    let look = Duration::from_secs(Ord::max(host.config.telemetry.metrics_seconds, 1));
    host.spawn("webhook-gauge", async move {
        while !shutdown.is_cancelled() {
            if let Ok(now) = see(&store).await {
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = now;
            }
            tokio::select! {
                () = tokio::time::sleep(look) => {}
                () = shutdown.cancelled() => {}
            }
        }
        Ok(())
    });
}

fn tell(service: &'static str, seen: &Arc<Mutex<Seen>>) {
    let look = |seen: &Mutex<Seen>| *seen.lock().unwrap_or_else(PoisonError::into_inner);
    let (of_depth, of_age, of_endpoints) = (seen.clone(), seen.clone(), seen.clone());
    catalogue::QUEUE_DEPTH.observe(move |sight| {
        let seen = look(&of_depth);
        for (state, count) in [("due", seen.lanes_due), ("waiting", seen.lanes_resting)] {
            sight.tell(count as f64, [service.into(), QUEUE.into(), state.into()]);
        }
    });
    catalogue::QUEUE_AGE.observe(move |sight| sight.tell(look(&of_age).age, [service.into(), QUEUE.into()]));
    catalogue::WEBHOOK_ENDPOINTS.observe(move |sight| {
        let seen = look(&of_endpoints);
        let well = Ord::max(seen.endpoints - seen.failing, 0);
        for (state, count) in [("well", well), ("failing", seen.failing), ("disabled", seen.disabled)] {
            sight.tell(count as f64, [state.into()]);
        }
    });
}

async fn see(store: &Store) -> Result<Seen> {
    let (db, now, real) = (store.read(), store.clock().now().timestamp_micros(), Clock::system().now());
    let free = lane::is_free(real);
    let due = Expr::col(Lane::DueAt).lte(now);
    let resting = Expr::col(Lane::RestUntil).gt(now);
    let waiting = lanes(due.clone().and(free).and(resting.clone().not()));
    let mut oldest = waiting.clone();
    oldest.clear_selects().expr(Expr::col(Lane::DueAt).min());
    let first = number(db, &oldest).await?;
    let in_use = |state: endpoint::State| {
        let mut select = Query::select();
        select.expr(Expr::col(row::Column::Id).count()).from(row::Entity);
        select.and_where(Expr::col(row::Column::State).eq(state as i32));
        select.and_where(Expr::col(row::Column::RetiredAt).is_null());
        select
    };
    Ok(Seen {
        lanes_due: number(db, &waiting).await?.unwrap_or_default(),
        lanes_resting: number(db, &lanes(due.and(resting))).await?.unwrap_or_default(),
        age: first.map_or(0.0, |at| ((now - at) as f64 / 1e6).max(0.0)),
        endpoints: number(db, &in_use(endpoint::State::Enabled)).await?.unwrap_or_default(),
        failing: number(db, &lanes(Expr::col(Lane::FailingSince).gt(0))).await?.unwrap_or_default(),
        disabled: number(db, &in_use(endpoint::State::Disabled)).await?.unwrap_or_default(),
    })
}

fn lanes(which: Expr) -> SelectStatement {
    let mut select = Query::select();
    select.expr(Expr::col(Lane::Endpoint).count()).from(Lane::Table).and_where(which);
    select
}

async fn number(db: &impl ConnectionTrait, select: &SelectStatement) -> Result<Option<i64>> {
    let row = db.query_one(select).await.map_err(store::database)?;
    let read = |row: store::sea_orm::QueryResult| -> Result<Option<i64>, DbErr> { row.try_get_by(0) };
    row.map_or(Ok(None), read).map_err(store::database)
}
