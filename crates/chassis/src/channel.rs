//! Calling other services: in this process or elsewhere, the caller's code does not differ.

mod call_as;
mod connect;
mod line;
mod peer;
mod remote;
mod replay;
mod replica;
mod transfer;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::caller::Caller;
use crate::config::{Address, Config, SERVICES};
use crate::error::{Error, Result};
use crate::identity::InternalTokens;
use crate::server::Stack;
use crate::tls::Certificate;
use connect::Connect;
use remote::Remote;
use replica::Replica;

pub use call_as::CallAs;
pub use peer::{Peer, Seen};

/// How often it is asked how replicas are, and every how many times which ones there are.
const INTERVAL: Duration = Duration::from_secs(1);
const LOOK_UP_EVERY: u32 = 5;

/// How long somebody who is asked alone may take to say how it is.
const ASKED_TIME: Duration = Duration::from_secs(3);

/// Asks the process at `address` how it is, and fails with what is wrong.
pub async fn ask(address: &Address, certificate: Option<Certificate>) -> Result<()> {
    let mut found = tokio::net::lookup_host((address.host.as_str(), address.port)).await.map_err(Error::internal)?;
    let at = found.next().ok_or_else(|| Error::internal(format!("{} has no address", address.host)))?;
    let replica = Replica::new(Connect { at, host: address.host.as_str().into(), certificate }, true);
    match tokio::time::timeout(ASKED_TIME, replica.ask()).await {
        Ok(told) => told.map_err(Error::internal),
        Err(_) => Err(Error::internal("it does not answer in time")),
    }
}

/// The services that this process can call. Cheap to clone.
#[derive(Clone)]
pub struct Peers(Arc<Directory>);

struct Directory {
    /// Services that run elsewhere.
    remotes: BTreeMap<&'static str, Remote>,
    known: Mutex<BTreeMap<String, Peer>>,
    wanted: Mutex<BTreeSet<String>>,
    tokens: Arc<InternalTokens>,
    timeout_default: Duration,
}

impl Peers {
    pub(crate) fn new(config: &Config, tokens: Arc<InternalTokens>, certificate: Option<Certificate>) -> Result<Peers> {
        let mut remotes = BTreeMap::new();
        for name in SERVICES {
            let url = config.service(name).map(|service| service.url.as_str()).unwrap_or_default();
            let addresses = Address::list(url).map_err(|why| Error::internal(format!("setting {name}.url: {why}")))?;
            if !addresses.is_empty() {
                remotes.insert(name, Remote::new(name, addresses, certificate.clone()));
            }
        }
        Ok(Peers(Arc::new(Directory {
            remotes,
            known: Mutex::default(),
            wanted: Mutex::default(),
            tokens,
            timeout_default: config.limits.timeout_default(),
        })))
    }

    /// Keeps what is known of replicas elsewhere up to date.
    pub(crate) async fn keep(self, shutdown: CancellationToken) -> Result<()> {
        let mut round: u32 = 0;
        while !shutdown.is_cancelled() {
            let asked: Vec<Peer> = lock(&self.0.known).values().cloned().collect();
            let look_up = round.is_multiple_of(LOOK_UP_EVERY);
            join_all(asked.iter().filter_map(Peer::remote).map(|remote| remote.refresh(look_up))).await;
            round = round.wrapping_add(1);
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = shutdown.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Says that this process serves `role` itself, by `stack`. To be done for all roles before any of them is called;
    /// what is served here is never called elsewhere.
    pub fn register(&self, role: &str, stack: Stack) {
        self.slot(role).set_local(stack);
    }

    /// The service `name`. It may be registered later than this, but before it is called.
    pub fn get(&self, name: &str) -> Peer {
        lock(&self.0.wanted).insert(name.to_owned());
        self.slot(name)
    }

    /// The service `name` for calls in the name of `caller`: made for a generated client.
    /// Each call carries the caller's token, the trace, and the time that is left for the request at work.
    pub fn client_as(&self, name: &str, caller: Arc<Caller>) -> CallAs {
        CallAs::new(self.get(name), caller, self.0.tokens.clone(), self.0.timeout_default)
    }

    /// Fails and names the service if one was asked for that is neither served here nor configured. To be called once
    /// after all parts of the process have been started.
    pub fn check(&self) -> Result<()> {
        for name in lock(&self.0.wanted).iter() {
            if !self.slot(name).is_known() {
                return Err(Error::internal(format!(
                    "this process needs the service {name}, which it does not serve itself: set {name}.url to where it is"
                )));
            }
        }
        Ok(())
    }

    fn slot(&self, name: &str) -> Peer {
        let mut known = lock(&self.0.known);
        if let Some(peer) = known.get(name) {
            return peer.clone();
        }
        let peer = Peer::new(name, self.0.remotes.get(name).cloned());
        known.insert(name.to_owned(), peer.clone());
        peer
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
