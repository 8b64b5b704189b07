//! The rules of all subscriptions, kept in memory and read again when one of them has changed.

use chassis::error::{Error, Result};
use prost::Message as _;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use store::Tx;
use store::sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use store::sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::matching::Rules;
use crate::wire_time::timestamp;
use crate::{endpoint, subscription};
use api::notification::v1::Subscription;

/// The rules as they were last read, and the generation of subscriptions that they are of.
#[derive(Debug, Default)]
pub struct RulesInMemory {
    last: Mutex<Option<(i64, Arc<Rules>)>>,
}

/// Notes, in the transaction that does it, that a subscription changed, or an endpoint went.
pub async fn changed(tx: &Tx) -> Result<()> {
    let generation = Alias::new("generation");
    let mut update = Query::update();
    update.table(Alias::new("subscription_generation")).value(generation.clone(), Expr::col(generation).add(1));
    tx.execute(&update).await.map_err(store::database).map(drop)
}

impl RulesInMemory {
    /// The rules that hold in this transaction.
    pub async fn current(&self, tx: &Tx) -> Result<Arc<Rules>> {
        let generation = generation(tx).await?;
        let kept = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, rules)) = kept.filter(|(kept, _)| *kept == generation) {
            return Ok(rules);
        }
        // Read after the generation: what changes in between is read again the next time.
        let rules = Arc::new(Rules::of(subscriptions(tx).await?));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((generation, rules.clone()));
        Ok(rules)
    }
}

async fn generation(tx: &Tx) -> Result<i64> {
    let mut select = Query::select();
    select.column(Alias::new("generation")).from(Alias::new("subscription_generation"));
    let row = tx.query_one(&select).await.map_err(store::database)?;
    let row = row.ok_or_else(|| Error::internal("the generation of subscriptions is missing"))?;
    row.try_get_by(0).map_err(store::database)
}

/// All subscriptions in use; those to an endpoint that is no longer in use keep what they say of the inbox.
async fn subscriptions(tx: &Tx) -> Result<Vec<Subscription>> {
    let gone = endpoint::row::Entity::find()
        .filter(endpoint::row::Column::RetiredAt.is_not_null())
        .select_only()
        .column(endpoint::row::Column::Id)
        .into_tuple::<String>()
        .all(tx);
    let gone: HashSet<String> =
        gone.await.map_err(store::database)?.into_iter().map(|id| format!("endpoints/{id}")).collect();
    let rows = subscription::row::Entity::find().filter(subscription::row::Column::RetiredAt.is_null()).all(tx);
    let mut all = Vec::new();
    for row in rows.await.map_err(store::database)? {
        let mut subscription = Subscription::decode(row.content.as_slice()).map_err(Error::internal)?;
        let created = chrono::DateTime::from_timestamp_micros(row.created_at).unwrap_or_default();
        subscription.create_time = Some(timestamp(created));
        if gone.contains(&subscription.endpoint) {
            subscription.endpoint.clear();
        }
        all.push(subscription);
    }
    Ok(all)
}
