//! A service in other processes, over HTTP/2: one, or several that share the work.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use futures::FutureExt as _;
use futures::future::join_all;
use http::request::Parts;

use super::connect::Connect;
use super::line::{Lost, Reach};
use super::replay::Replay;
use super::replica::Replica;
use crate::config::Address;
use crate::error::{BoxError, Error, Result};
use crate::server::{Answer, Request, Response, refuse};
use crate::target::Called;
use crate::tls::Certificate;

/// How often a request is sent at most.
const ATTEMPTS_MAX: usize = 4;

/// Who repeats a request with the same key gets the answer of the first: it may be sent again.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// All replicas of one service. Cheap to clone.
#[derive(Clone)]
pub(super) struct Remote(Arc<Replicas>);

struct Replicas {
    name: String,
    addresses: Vec<Address>,
    certificate: Option<Certificate>,
    known: RwLock<Arc<Vec<Arc<Replica>>>>,
    turn: AtomicUsize,
    resolving: tokio::sync::Mutex<()>,
}

impl Remote {
    /// The service at these addresses; they are looked up when it is first called, or before.
    pub(super) fn new(name: &str, addresses: Vec<Address>, certificate: Option<Certificate>) -> Remote {
        Remote(Arc::new(Replicas {
            name: name.to_owned(),
            addresses,
            certificate,
            known: RwLock::default(),
            turn: AtomicUsize::new(0),
            resolving: tokio::sync::Mutex::new(()),
        }))
    }

    pub(super) fn answer(&self, request: Request) -> Answer {
        let service = self.0.clone();
        async move { service.answer(request).await.unwrap_or_else(refuse) }.boxed()
    }

    /// How many replicas are known.
    pub(super) fn count(&self) -> usize {
        self.0.known().len()
    }

    /// Finds out which replicas there are, if `look_up` says so or one is not well, and how they are.
    pub(super) async fn refresh(&self, look_up: bool) {
        let service = &self.0;
        let unwell = service.known().iter().any(|replica| !replica.is_serving());
        if (look_up || unwell)
            && let Err(cause) = service.look_up().await
        {
            tracing::debug!(service = service.name, %cause, "the addresses cannot be looked up");
        }
        // The only one is called in any case.
        let known = service.known();
        if known.len() > 1 {
            join_all(known.iter().map(|replica| replica.clone().probe())).await;
        }
    }
}

impl Replicas {
    /// Sends the request to one replica, and to another if the first did not take it up, or if it may be done twice.
    async fn answer(&self, request: Request) -> Result<Response> {
        let (head, body) = request.into_parts();
        let (body, repeatable) = (Replay::new(body), is_repeatable(&head));
        let mut failed: Vec<SocketAddr> = Vec::new();
        let mut last = Lost::new(Reach::Unconnected, "it has no address");
        for _ in 0..ATTEMPTS_MAX {
            let Some(replica) = self.pick(&failed).await.map_err(|cause| self.unavailable(cause))? else { break };
            let Some(body) = body.again() else { break };
            match replica.call(Request::from_parts(head.clone(), body)).await {
                Ok(response) => return Ok(response),
                Err(lost) => last = lost,
            }
            match last.reach {
                Reach::Broken => break,
                // Its connection has ended. If there is no other replica, it may take a new one.
                Reach::Untouched if failed.len() + 1 >= self.known().len() => failed.clear(),
                Reach::Untouched => failed.push(replica.at),
                reach => {
                    replica.set_serving(false);
                    failed.push(replica.at);
                    if reach == Reach::Unknown {
                        if !repeatable {
                            break;
                        }
                        // Behind the only address there may be somebody else by now.
                        if failed.len() >= self.known().len() {
                            failed.clear();
                        }
                    }
                }
            }
            tracing::debug!(service = self.name, at = %replica.at, cause = %last.cause, "sent again");
        }
        Err(self.unavailable(last.cause))
    }

    fn unavailable(&self, cause: BoxError) -> Error {
        Error::unavailable(&self.name).because(cause)
    }

    /// The less busy one of two that are well and did not fail for this request; if none is well, any.
    async fn pick(&self, failed: &[SocketAddr]) -> Result<Option<Arc<Replica>>, BoxError> {
        let mut known = self.known();
        if known.is_empty() {
            self.look_up().await?;
            known = self.known();
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = || {
            let in_turn = (0..known.len()).map(|step| &known[turn.wrapping_add(step) % known.len()]);
            in_turn.filter(|replica| !failed.contains(&replica.at))
        };
        let well = in_turn().filter(|replica| replica.is_serving()).take(2).min_by_key(|replica| replica.load());
        Ok(well.or_else(|| in_turn().next()).cloned())
    }

    fn known(&self) -> Arc<Vec<Arc<Replica>>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks the addresses up. Replicas that are known already stay, with their connections; those that are not named any
    /// more are forgotten, unless a name could not be looked up.
    async fn look_up(&self) -> Result<(), BoxError> {
        let _only_one = self.resolving.lock().await;
        let known = self.known();
        let (mut found, mut trouble) = (Vec::<Arc<Replica>>::new(), None);
        for address in &self.addresses {
            match tokio::net::lookup_host((address.host.as_str(), address.port)).await {
                Ok(all) => {
                    for at in all {
                        if !found.iter().any(|replica| replica.at == at) {
                            let same = known.iter().find(|replica| replica.at == at).cloned();
                            found.push(same.unwrap_or_else(|| self.replica(address, at, known.is_empty())));
                        }
                    }
                }
                Err(cause) => trouble = Some(format!("{}: {cause}", address.host)),
            }
        }
        if let Some(trouble) = trouble {
            if found.is_empty() && known.is_empty() {
                return Err(trouble.into());
            }
            found.extend(
                known.iter().filter(|old| !found.iter().any(|new| new.at == old.at)).cloned().collect::<Vec<_>>(),
            );
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(found);
        Ok(())
    }

    /// Where there are others already, it has to show first that it is well.
    fn replica(&self, address: &Address, at: SocketAddr, first: bool) -> Arc<Replica> {
        let (host, certificate) = (address.host.as_str().into(), self.certificate.clone().filter(|_| address.tls));
        Arc::new(Replica::new(Connect { at, host, certificate }, first))
    }
}

/// Whether it does no harm if a request is done that was perhaps done already.
fn is_repeatable(head: &Parts) -> bool {
    Called::of(head.uri.path()).is_safe() || head.headers.contains_key(IDEMPOTENCY_KEY)
}
