//! Subscriptions: what organizations want to be told of.

use api::notification::v1::subscription_service_server::SubscriptionService;
use api::notification::v1::{
    CreateSubscriptionRequest, GetSubscriptionRequest, ListSubscriptionsRequest, ListSubscriptionsResponse,
    RetireSubscriptionRequest, Subscription, UpdateSubscriptionRequest,
};
use api::options::v1::Failure;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::sea_query::Condition;
use store::sea_orm::{ActiveValue::Set, ColumnTrait};
use store::{Resource, Store, Tx, View, mention};

use crate::endpoint::Endpoints;
use crate::fanout::SOURCES;
use crate::rules;

store::entity!(row, "subscription", { endpoint: String });

/// The subscriptions of all organizations.
#[derive(Clone)]
pub struct Subscriptions {
    pub store: Store,
}

impl Resource for Subscriptions {
    type Message = Subscription;
    type List = ListSubscriptionsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(message: &Subscription, row: &mut row::ActiveModel) {
        row.endpoint = Set(message.endpoint.clone());
    }

    fn filter(list: &ListSubscriptionsRequest, _: &View) -> Condition {
        let endpoint = (!list.endpoint.is_empty()).then(|| row::Column::Endpoint.eq(list.endpoint.as_str()));
        let locality = mention::of::<Subscription>(row::Column::Id, &list.locality);
        Condition::all().add_option(endpoint).add_option(locality)
    }

    fn search_words(message: &Subscription) -> Vec<&str> {
        vec![&message.description]
    }

    async fn prepare(tx: &Tx, before: Option<&Subscription>, after: &mut Subscription) -> Result<()> {
        if before.is_some_and(|before| before.owner != after.owner) {
            return Err(Error::invalid(
                "subscription.owner",
                "a subscription stays with the organization that made it",
            ));
        }
        if after.retire_time.is_some() {
            return Ok(());
        }
        if after.endpoint.is_empty() && !after.inbox {
            return Err(Error::invalid("subscription.endpoint", "must name an endpoint, unless inbox is set"));
        }
        check_types(&after.change_types)?;
        check_endpoint(tx, after).await
    }

    async fn index(tx: &Tx, subscription: &Subscription) -> Result<()> {
        mention::keep(tx, subscription, subscription.localities.iter().map(String::as_str)).await?;
        rules::changed(tx).await
    }
}

/// A type of a resource that no log tells of would never match, and nobody would notice.
fn check_types(change_types: &[String]) -> Result<()> {
    let told = |package: &str| SOURCES.iter().any(|(service, _)| package.split('.').nth(1) == Some(*service));
    let known = |change_type: &str| {
        let singular = change_type.split('.').next().unwrap_or_default();
        api::contract()
            .resources()
            .any(|resource| resource.singular == singular && told(resource.message.package_name()))
    };
    match change_types.iter().position(|change_type| !known(change_type)) {
        Some(index) => {
            let field = format!("subscription.change_types[{index}]");
            let sources = SOURCES.map(|(service, _)| service).join(", ");
            Err(Error::invalid(field, format!("{} is of no resource of {sources}", change_types[index])))
        }
        None => Ok(()),
    }
}

/// Messages go to an endpoint of the organization that is told, never to anybody else's.
async fn check_endpoint(tx: &Tx, subscription: &Subscription) -> Result<()> {
    let name = &subscription.endpoint;
    if name.is_empty() {
        return Ok(());
    }
    let missing = || Error::of(Failure::ReferenceNotFound).with("field", "subscription.endpoint").with("name", name);
    let endpoint = store::load::<Endpoints>(tx, &tx.scope(), name).await.map_err(|error| match error.code() {
        tonic::Code::NotFound => missing(),
        _ => error,
    })?;
    if endpoint.retire_time.is_some() {
        return Err(missing());
    }
    if endpoint.owner != subscription.owner {
        let why = format!("{name} belongs to {}, not to {}", endpoint.owner, subscription.owner);
        return Err(Error::invalid("subscription.endpoint", why));
    }
    Ok(())
}

store::serve!(SubscriptionService for Subscriptions, subscription, subscriptions);
