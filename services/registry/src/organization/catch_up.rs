//! Keys of bodies that were recorded before there were any, or when they were made otherwise.

use chassis::error::Result;
use chassis::host::Host;
use store::sea_orm::sea_query::{Expr, ExprTrait, Query};
use store::sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Scope, Store, Tx, lease};

use super::score::Profile;
use super::{Organizations, keys, row};

/// Bodies that are brought up to date in one transaction: others wait for it.
const CHUNK: u64 = 100;

/// Makes the keys that are missing; one process does so.
pub fn start(host: &Host, store: &Store) {
    let worker = store.clone();
    lease::hold(host, store, "organization-keys", move |lease| {
        let store = worker.clone();
        async move {
            while step(&store, &lease).await? {}
            std::future::pending().await
        }
    });
}

/// Whether there may be more.
async fn step(store: &Store, lease: &lease::Lease) -> Result<bool> {
    let stale = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::KeyVersion.lt(keys::VERSION))
        .order_by_asc(row::Column::Id)
        .limit(CHUNK);
    let ids: Vec<String> = stale.into_tuple().all(store.read()).await.map_err(store::database)?;
    if ids.is_empty() {
        return Ok(false);
    }
    let (caller, lease) = (chassis::caller::Caller::system(store.name()), lease.clone());
    store
        .write_as(caller, async move |tx: Tx| {
            lease.fence(&tx).await?;
            for id in &ids {
                let body =
                    store::load::<Organizations>(&tx, &Scope::everything(), &format!("organizations/{id}")).await?;
                keys::keep(&tx, id, &Profile::of(&body)).await.map_err(store::database)?;
            }
            let mut update = Query::update();
            update
                .table(row::Entity)
                .value(row::Column::KeyVersion, keys::VERSION)
                .and_where(Expr::col(row::Column::Id).is_in(ids.iter().map(String::as_str)));
            tx.execute(&update).await.map_err(store::database)?;
            Ok(true)
        })
        .await
}
