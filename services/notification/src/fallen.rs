//! A clock that falls back: what it had made due would wait until it has caught up, an hour perhaps. What is known by its
//! own times to have been written by such a clock is due at once.

use api::notification::v1::delivery::State;
use chassis::caller::Caller;
use chassis::error::Result;
use chrono::{DateTime, TimeDelta, Utc};
use store::sea_orm::sea_query::{Expr, ExprTrait, Query};
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use store::{Store, Tx};

use crate::delivery::row::{Column, Entity};
use crate::lane::{self, Lane};

/// By how much clocks differ that nobody has set.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// Sees when the clock falls back, and that nothing waits for it.
pub struct Fallen {
    store: Store,
    /// The latest time that was seen; at first any, because the clock may have fallen while nobody looked.
    seen: DateTime<Utc>,
}

impl Fallen {
    /// For the deliveries of this store.
    pub fn new(store: &Store) -> Fallen {
        Fallen { store: store.clone(), seen: DateTime::<Utc>::MAX_UTC }
    }

    /// To be called often: looks at the clock, and does something only if it has fallen back.
    pub async fn look(&mut self) -> Result<()> {
        let now = self.store.clock().now();
        if self.seen - now <= TOLERANCE {
            self.seen = Ord::max(self.seen, now);
            return Ok(());
        }
        for endpoint in waiting(&self.store, now + TOLERANCE).await? {
            tracing::warn!(endpoint, "the clock has fallen back: what waits for it is sent now");
            let caller = Caller::system(self.store.name());
            self.store.write_as(caller, async move |tx: Tx| hurry(&tx, &endpoint, now + TOLERANCE).await).await?;
        }
        self.seen = now;
        Ok(())
    }
}

/// Endpoints for which something waits that was written after `now`. Only lanes that wait are looked into.
async fn waiting(store: &Store, now: DateTime<Utc>) -> Result<Vec<String>> {
    let at = now.timestamp_micros();
    let due_later = Expr::col(Lane::DueAt).gt(at).and(Expr::col(Lane::DueAt).lt(lane::NEVER));
    let mut lanes = Query::select();
    lanes.column(Lane::Endpoint).from(Lane::Table).and_where(due_later.or(Expr::col(Lane::RestUntil).gt(at)));
    let found = Entity::find()
        .filter(Column::Endpoint.in_subquery(lanes))
        .filter(written_after(now))
        .select_only()
        .column(Column::Endpoint)
        .distinct()
        .into_tuple::<String>()
        .all(store.read());
    found.await.map_err(store::database)
}

/// Makes due now what waits for an endpoint and was written after `now`.
async fn hurry(tx: &Tx, endpoint: &str, now: DateTime<Utc>) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(tx.now().timestamp_micros()))
        .filter(Column::Endpoint.eq(endpoint))
        .filter(written_after(now))
        .exec(tx)
        .await
        .map_err(store::database)?;
    lane::end_rest(tx, endpoint).await?;
    lane::wake(tx, endpoint).await
}

fn written_after(now: DateTime<Utc>) -> Expr {
    let at = now.timestamp_micros();
    Column::State.eq(State::Pending as i32).and(Column::DueAt.gt(at)).and(Column::UpdatedAt.gt(at))
}
