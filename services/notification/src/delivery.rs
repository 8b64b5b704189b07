//! Deliveries: changes on their way to endpoints.

use api::notification::v1::delivery::State;
use api::notification::v1::delivery_service_server::DeliveryService;
use api::notification::v1::{
    Delivery, Endpoint, GetDeliveryRequest, ListDeliveriesRequest, ListDeliveriesResponse, ReplayFailedResponse,
    RetireDeliveryRequest, RetryDeliveryRequest,
};
use api::shared::v1::{Change, audience::Circle};
use chassis::error::Result;
use prost_types::Timestamp;
use std::collections::BTreeMap;
use store::sea_orm::sea_query::Condition;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Desc, Order, Reply, Resource, Scope, Store, Tx, View};
use tonic::Request;

use crate::system_record::{new_row, present};
use crate::wire_time::{micros, timestamp};
use crate::{attempt, envelope, lane, notice};

store::entity!(row, "delivery", {
    endpoint: String,
    event_id: String,
    change_type: String,
    resource: String,
    state: i32,
    occurred_at: i64,
    due_at: i64,
});

/// How many deliveries one call sends again: they are written in one transaction, and others wait for it.
const REPLAYED_MAX: u64 = 200;

/// The deliveries to all endpoints.
#[derive(Clone)]
pub struct Deliveries {
    pub store: Store,
}

impl Resource for Deliveries {
    type Message = Delivery;
    type List = ListDeliveriesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;
    const INDEXED: bool = false;

    fn columns(message: &Delivery, row: &mut row::ActiveModel) {
        row.endpoint = Set(message.endpoint.clone());
        row.event_id = Set(message.event_id.clone());
        row.change_type = Set(message.change_type.clone());
        row.resource = Set(message.resource.clone());
        row.state = Set(message.state);
        row.occurred_at = Set(micros(message.occur_time.as_ref()));
        row.due_at = Set(micros(message.next_attempt_time.as_ref()));
    }

    fn filter(list: &ListDeliveriesRequest, _: &View) -> Condition {
        let since = list.since.as_ref().map(|since| row::Column::OccurredAt.gte(micros(Some(since))));
        Condition::all()
            .add_option(present(&list.endpoint).map(|name| row::Column::Endpoint.eq(name)))
            .add_option((list.state != 0).then(|| row::Column::State.eq(list.state)))
            .add_option(present(&list.change_type).map(|kind| row::Column::ChangeType.eq(kind)))
            .add_option(present(&list.resource).map(|name| row::Column::Resource.eq(name)))
            .add_option(since)
    }

    fn search_words(message: &Delivery) -> Vec<&str> {
        vec![&message.change_type, &message.resource]
    }

    fn order() -> Order {
        Order::by(row::Column::CreatedAt, Desc)
    }

    async fn prepare(_: &Tx, _: Option<&Delivery>, after: &mut Delivery) -> Result<()> {
        if after.retire_time.is_some() && after.state() == State::Pending {
            after.set_state(State::Cancelled);
            after.next_attempt_time = None;
        }
        Ok(())
    }

    async fn index(tx: &Tx, message: &Delivery) -> Result<()> {
        match message.state() {
            State::Pending => lane::wake(tx, &message.endpoint).await,
            State::Delivered | State::Failed | State::Cancelled | State::Unspecified => Ok(()),
        }
    }
}

/// Sends a change on its way to endpoints, each given with its owner. That it did is not recorded in the change log: the
/// change itself is, where it was made.
pub async fn dispatch(tx: &Tx, event_id: &str, change: &Change, to: &BTreeMap<String, String>) -> Result<()> {
    let common = pending(tx, event_id, change);
    let rows: Vec<_> = to
        .iter()
        .map(|(endpoint, owner)| {
            new_row::<Deliveries>(tx, Delivery { endpoint: endpoint.clone(), owner: owner.clone(), ..common.clone() })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    // There already: the log was read again from the beginning. One delivery for each endpoint and change.
    let insert =
        row::Entity::insert_many(rows).on_conflict_do_nothing_on([row::Column::Endpoint, row::Column::EventId]);
    insert.exec_without_returning(tx).await.map_err(store::database)?;
    for endpoint in to.keys() {
        lane::wake(tx, endpoint).await?;
    }
    Ok(())
}

/// Sends an endpoint a message about itself.
pub async fn test(tx: &Tx, endpoint: Endpoint) -> Result<Delivery> {
    let event_id = format!("notification-test-{}", uuid::Uuid::now_v7());
    let change = envelope::about_itself(tx, &endpoint);
    notice::keep(tx, &event_id, envelope::body("notification", &event_id, &change)).await?;
    lane::end_rest(tx, &endpoint.name).await?;
    let delivery = Delivery { endpoint: endpoint.name, owner: endpoint.owner, ..pending(tx, &event_id, &change) };
    store::insert::<Deliveries>(tx, delivery, "").await
}

fn pending(tx: &Tx, event_id: &str, change: &Change) -> Delivery {
    Delivery {
        change_type: change.r#type.clone(),
        resource: change.resource.clone(),
        event_id: event_id.to_owned(),
        occur_time: change.time,
        state: State::Pending.into(),
        next_attempt_time: Some(timestamp(tx.now())),
        ..Delivery::default()
    }
}

/// Sends the failed deliveries to an endpoint again, the oldest first, each on record.
pub async fn replay_failed(tx: &Tx, endpoint: &str, since: Option<&Timestamp>) -> Result<ReplayFailedResponse> {
    let failed = row::Entity::find()
        .filter(row::Column::Endpoint.eq(endpoint))
        .filter(row::Column::State.eq(State::Failed as i32))
        .filter(row::Column::RetiredAt.is_null())
        .filter(row::Column::OccurredAt.gte(micros(since)))
        .order_by_asc(row::Column::OccurredAt)
        .order_by_asc(row::Column::Id)
        .limit(REPLAYED_MAX + 1)
        .select_only()
        .column(row::Column::Id)
        .into_tuple::<String>()
        .all(tx)
        .await
        .map_err(store::database)?;
    lane::end_rest(tx, endpoint).await?;
    let taken = failed.iter().take(REPLAYED_MAX as usize);
    for id in taken.clone() {
        let before = store::load::<Deliveries>(tx, &Scope::everything(), &format!("deliveries/{id}")).await?;
        let mut after = before.clone();
        attempt::renew(&mut after, tx.now());
        store::save::<Deliveries>(tx, &tx.context().change_type, before, after).await?;
    }
    let deliveries = i32::try_from(taken.len()).unwrap_or(i32::MAX);
    Ok(ReplayFailedResponse { deliveries, more: failed.len() > taken.len() })
}

#[tonic::async_trait]
impl DeliveryService for Deliveries {
    async fn get_delivery(&self, request: Request<GetDeliveryRequest>) -> Reply<Delivery> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_deliveries(&self, request: Request<ListDeliveriesRequest>) -> Reply<ListDeliveriesResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn retry_delivery(&self, request: Request<RetryDeliveryRequest>) -> Reply<Delivery> {
        store::act::<Self, _, _>(&self.store, request, async |tx: Tx, _, mut delivery: Delivery| {
            attempt::renew(&mut delivery, tx.now());
            lane::end_rest(&tx, &delivery.endpoint).await?;
            Ok(delivery)
        })
        .await
    }

    async fn retire_delivery(&self, request: Request<RetireDeliveryRequest>) -> Reply<Delivery> {
        store::retire::<Self>(&self.store, request).await
    }
}
