//! Notification: who must know of what, told by webhook and inbox.
//!
//! It lives on the change logs of the other services: [`fanout`] decides who is told of a change, [`sender`] sends it.

mod address;
mod attempt;
mod delivery;
mod endpoint;
mod envelope;
mod fallen;
mod fanout;
mod gauge;
mod inbox_message;
mod lane;
mod ledger;
mod matching;
mod migration;
mod notice;
mod post;
mod reference;
mod rules;
mod schedule;
mod secret;
mod sender;
mod signing;
mod subscription;
mod system_record;
mod wire_time;
mod wording;

use api::notification::v1::servers::*;
use api::registry::v1::{Locality, Region};
use chassis::egress::Client;
use chassis::error::{Error, Result};
use std::time::Duration;
use store::{Projection, Service, Start};
use tonic::service::Routes;

store::change_service!(api::notification::v1);

/// The service.
pub const SERVICE: Service =
    Service { name: "notification", migrations: migration::all, start: |start| Box::pin(start_service(start)) };

async fn start_service(Start { host, store }: Start) -> Result<Routes> {
    let settings = &host.config.notification.webhook;
    let patience = Duration::from_secs(settings.timeout_seconds);
    let egress = Client::new(patience, &settings.allow_networks).map_err(Error::internal)?;
    let places = Projection::of_service("registry").of::<Region>().of::<Locality>().start(&host, &store).await?;
    fanout::start(&host, &store, places);
    let sender = sender::Sender {
        host: host.clone(),
        store: store.clone(),
        poster: post::Poster { egress: egress.clone(), clock: host.clock.clone(), patience },
        ledger: ledger::Ledger {
            store: store.clone(),
            attempts_max: settings.attempts_max,
            disable_after: chrono::Duration::days(settings.disable_after_days.into()),
        },
        places: sender::Places::new(settings.concurrency_max),
    };
    sender.start();
    gauge::start(&host, &store);
    let allowed = settings.allow_networks.as_slice().into();
    Ok(Routes::new(Changes::server(&store))
        .add_service(EndpointServiceServer::new(endpoint::Endpoints { store: store.clone(), egress, allowed }))
        .add_service(SubscriptionServiceServer::new(subscription::Subscriptions { store: store.clone() }))
        .add_service(DeliveryServiceServer::new(delivery::Deliveries { store: store.clone() }))
        .add_service(InboxMessageServiceServer::new(inbox_message::InboxMessages { store })))
}
