//! Endpoints: addresses of other systems to which changes are sent.

use api::notification::v1::endpoint::State;
use api::notification::v1::endpoint_service_server::EndpointService;
use api::notification::v1::{
    CreateEndpointRequest, Delivery, DisableEndpointRequest, EnableEndpointRequest, Endpoint, EndpointFailure,
    GetEndpointRequest, ListEndpointsRequest, ListEndpointsResponse, ReplayFailedRequest, ReplayFailedResponse,
    RetireEndpointRequest, RevealSecretRequest, RevealSecretResponse, RotateSecretRequest, TestEndpointRequest,
    UpdateEndpointRequest,
};
use api::shared::v1::audience::Circle;
use chassis::caller::Caller;
use chassis::egress::Client;
use chassis::error::{Error, Result};
use ipnet::IpNet;
use std::sync::Arc;
use store::sea_orm::sea_query::Condition;
use store::sea_orm::{ActiveValue::Set, ColumnTrait};
use store::{Reply, Resource, Store, Tx, View};
use tonic::{Request, Response};

use crate::wire_time::timestamp;
use crate::{address, delivery, lane, rules, secret};

store::entity!(row, "endpoint", { state: i32 });

/// The endpoints of all organizations.
#[derive(Clone)]
pub struct Endpoints {
    pub store: Store,
    pub egress: Client,
    pub allowed: Arc<[IpNet]>,
}

impl Resource for Endpoints {
    type Message = Endpoint;
    type List = ListEndpointsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(message: &Endpoint, row: &mut row::ActiveModel) {
        row.state = Set(message.state);
    }

    fn filter(list: &ListEndpointsRequest, _: &View) -> Condition {
        Condition::all().add_option((list.state != 0).then(|| row::Column::State.eq(list.state)))
    }

    fn search_words(message: &Endpoint) -> Vec<&str> {
        vec![&message.description, &message.url]
    }

    async fn prepare(tx: &Tx, before: Option<&Endpoint>, after: &mut Endpoint) -> Result<()> {
        after.secret.clear();
        match before {
            None => {
                after.set_state(State::Enabled);
                after.secret_create_time = Some(timestamp(tx.now()));
            }
            Some(before) if before.owner != after.owner => {
                return Err(Error::invalid("endpoint.owner", "an endpoint stays with the organization that made it"));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// The secret that its time tells of, and a word to the sender, who may have something to send or to cancel now.
    async fn index(tx: &Tx, message: &Endpoint) -> Result<()> {
        if message.secret_create_time == Some(timestamp(tx.now())) {
            secret::issue(tx, &message.name).await?;
        }
        if message.retire_time.is_some() {
            rules::changed(tx).await?;
        }
        lane::wake(tx, &message.name).await
    }
}

impl Endpoints {
    /// Puts the current secret into an answer to the endpoint's owner, and only there. An administrator who registers
    /// an endpoint for somebody does not get to know it.
    async fn with_secret(&self, mut answer: Response<Endpoint>, caller: &Caller) -> Reply<Endpoint> {
        let endpoint = answer.get_mut();
        if endpoint.owner != caller.organization {
            return Ok(answer);
        }
        let secrets = secret::signing(self.store.read(), &endpoint.name, self.store.clock().now()).await?;
        endpoint.secret = secrets.into_iter().next().map(|secret| secret.text).unwrap_or_default();
        Ok(answer)
    }

    async fn check_url(&self, endpoint: Option<&Endpoint>) -> Result<()> {
        let url = endpoint.map_or("", |endpoint| &endpoint.url);
        if url.is_empty() {
            return Ok(());
        }
        match address::objection(url, &self.egress, &self.allowed).await {
            Some(objection) => Err(Error::invalid("endpoint.url", objection)),
            None => Ok(()),
        }
    }
}

#[tonic::async_trait]
impl EndpointService for Endpoints {
    async fn get_endpoint(&self, request: Request<GetEndpointRequest>) -> Reply<Endpoint> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_endpoints(&self, request: Request<ListEndpointsRequest>) -> Reply<ListEndpointsResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn create_endpoint(&self, request: Request<CreateEndpointRequest>) -> Reply<Endpoint> {
        self.check_url(request.get_ref().endpoint.as_ref()).await?;
        let caller = chassis::caller::of(request.extensions());
        self.with_secret(store::create::<Self>(&self.store, request).await?, &caller).await
    }

    async fn update_endpoint(&self, request: Request<UpdateEndpointRequest>) -> Reply<Endpoint> {
        self.check_url(request.get_ref().endpoint.as_ref()).await?;
        store::update::<Self>(&self.store, request).await
    }

    async fn retire_endpoint(&self, request: Request<RetireEndpointRequest>) -> Reply<Endpoint> {
        store::retire::<Self>(&self.store, request).await
    }

    async fn reveal_secret(&self, request: Request<RevealSecretRequest>) -> Reply<RevealSecretResponse> {
        let caller = chassis::caller::of(request.extensions());
        let name = &request.get_ref().name;
        let endpoint = store::load::<Self>(self.store.read(), &store::Scope::of(&caller), name).await?;
        if endpoint.owner != caller.organization {
            return Err(Error::permission_denied(format!("{name} belongs to {}", endpoint.owner)).into());
        }
        let mut secrets = secret::signing(self.store.read(), name, self.store.clock().now()).await?.into_iter();
        let (current, previous) = (secrets.next(), secrets.next());
        Ok(Response::new(RevealSecretResponse {
            secret: current.map(|secret| secret.text).unwrap_or_default(),
            previous_secret_expire_time: previous.as_ref().and_then(|secret| secret.expires).map(timestamp),
            previous_secret: previous.map(|secret| secret.text).unwrap_or_default(),
        }))
    }

    async fn rotate_secret(&self, request: Request<RotateSecretRequest>) -> Reply<Endpoint> {
        let caller = chassis::caller::of(request.extensions());
        let rotated = store::act::<Self, _, _>(&self.store, request, async |tx: Tx, _, mut endpoint: Endpoint| {
            endpoint.secret_create_time = Some(timestamp(tx.now()));
            Ok(endpoint)
        });
        self.with_secret(rotated.await?, &caller).await
    }

    async fn disable_endpoint(&self, request: Request<DisableEndpointRequest>) -> Reply<Endpoint> {
        store::act::<Self, _, _>(&self.store, request, async |tx: Tx, asked: DisableEndpointRequest, endpoint| {
            Ok(disabled(endpoint, asked.reason, &tx))
        })
        .await
    }

    async fn enable_endpoint(&self, request: Request<EnableEndpointRequest>) -> Reply<Endpoint> {
        store::act::<Self, _, _>(&self.store, request, async |tx: Tx, _, mut endpoint: Endpoint| {
            endpoint.set_state(State::Enabled);
            endpoint.disable_reason.clear();
            endpoint.disable_time = None;
            lane::note_failing(&tx, &endpoint.name, None).await?;
            Ok(endpoint)
        })
        .await
    }

    async fn test_endpoint(&self, request: Request<TestEndpointRequest>) -> Reply<Delivery> {
        let name = request.get_ref().name.clone();
        let sent = self.store.write(&request, async move |tx: Tx| {
            let endpoint = store::load_for::<Self>(&tx, &name, Self::may_own).await?;
            if endpoint.state() == State::Disabled {
                let disabled = Error::of(EndpointFailure::EndpointIsDisabled);
                return Err(disabled.with("name", name).with("why", endpoint.disable_reason));
            }
            delivery::test(&tx, endpoint).await
        });
        Ok(Response::new(sent.await?))
    }

    async fn replay_failed(&self, request: Request<ReplayFailedRequest>) -> Reply<ReplayFailedResponse> {
        let ReplayFailedRequest { name, since } = request.get_ref().clone();
        let replayed = self.store.write(&request, async move |tx: Tx| {
            store::load_for::<Self>(&tx, &name, Self::may_own).await?;
            delivery::replay_failed(&tx, &name, since.as_ref()).await
        });
        Ok(Response::new(replayed.await?))
    }
}

/// The endpoint with nothing sent to it any more; what was the first reason stays the reason.
pub fn disabled(mut endpoint: Endpoint, reason: String, tx: &Tx) -> Endpoint {
    if endpoint.state() != State::Disabled {
        endpoint.set_state(State::Disabled);
        endpoint.disable_reason = reason;
        endpoint.disable_time = Some(timestamp(tx.now()));
    }
    endpoint
}
