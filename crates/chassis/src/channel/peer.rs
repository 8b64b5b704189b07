//! One service as its callers see it.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::task::{Context as Poller, Poll};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::channel::remote::Remote;
use crate::config::Address;
use crate::error::{Error, Result};
use crate::server::VERSION;
use crate::server::{Answer, Request, Response, Stack, refuse};
use crate::tls::Certificate;

/// One service, in this process or elsewhere. Cheap to clone; made for a generated client, but adds nothing to requests:
/// see [`crate::channel::Peers::client_as`].
#[derive(Clone)]
pub struct Peer(Arc<Place>);

/// What a service elsewhere says of itself.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Whether it can do its work.
    pub ready: bool,
    /// Its version; empty for one that does not say.
    pub version: String,
    /// Its time, to the second.
    pub time: Option<DateTime<Utc>>,
}

struct Place {
    name: String,
    local: OnceLock<Stack>,
    remote: Option<Remote>,
}

impl Peer {
    pub(super) fn new(name: &str, remote: Option<Remote>) -> Peer {
        Peer(Arc::new(Place { name: name.to_owned(), local: OnceLock::new(), remote }))
    }

    pub(super) fn set_local(&self, stack: Stack) {
        if self.0.local.set(stack).is_err() {
            tracing::warn!(service = self.0.name, "registered twice; the first one stays");
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.0.local.get().is_some() || self.0.remote.is_some()
    }

    /// What the service is called.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it runs in this process.
    pub fn is_local(&self) -> bool {
        self.0.local.get().is_some()
    }

    /// Passes a request on. Whatever goes wrong, also that the service cannot be reached, is a status in the answer.
    pub fn answer(&self, request: Request) -> Answer {
        match (self.0.local.get(), &self.0.remote) {
            (Some(stack), _) => stack.answer(request),
            (None, Some(remote)) => remote.answer(request),
            (None, None) => {
                let nowhere = Error::unavailable(&self.0.name).because("neither served here nor configured");
                std::future::ready(refuse(nowhere)).boxed()
            }
        }
    }

    /// Asks the service at `address` who it is, without being anybody; over TLS it shows `certificate`.
    pub async fn look(name: &str, address: Address, certificate: Option<Certificate>) -> Result<Seen> {
        let request = HealthCheckRequest { service: String::new() };
        let elsewhere = Peer::new(name, Some(Remote::new(name, vec![address], certificate)));
        let answer = HealthClient::new(elsewhere).check(request).await?;
        let header = |name: &str| answer.metadata().get(name).and_then(|value| value.to_str().ok());
        let date = header("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        Ok(Seen {
            ready: answer.get_ref().status() == ServingStatus::Serving,
            version: header(VERSION).unwrap_or_default().to_owned(),
            time: date.map(|date| date.to_utc()),
        })
    }

    pub(super) fn remote(&self) -> Option<&Remote> {
        self.0.remote.as_ref().filter(|_| !self.is_local())
    }

    /// Asks the service whether it is ready: of several replicas, one that is will do.
    pub async fn ready(&self) -> Result<()> {
        let mut told = self.ask().await;
        for _ in 1..self.remote().map_or(1, Remote::count) {
            if told.is_ok() {
                break;
            }
            told = self.ask().await;
        }
        told
    }

    async fn ask(&self) -> Result<()> {
        let request = HealthCheckRequest { service: String::new() };
        let answer = HealthClient::new(self.clone()).check(request).await?.into_inner();
        match answer.status() {
            ServingStatus::Serving => Ok(()),
            _ => Err(Error::unavailable(&self.0.name)),
        }
    }
}

impl tower::Service<Request> for Peer {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Poller<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.answer(request).map(Ok).boxed()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({})", self.0.name)
    }
}
