//! Calling other services: in this process or elsewhere, the caller's code does not differ.

mod call_as;
mod peer;
mod remote;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::caller::Caller;
use crate::config::{Config, SERVICES};
use crate::error::{Error, Result};
use crate::identity::InternalTokens;
use crate::server::Stack;

pub use call_as::CallAs;
pub use peer::{Peer, Seen};

/// The services that this process can call. Cheap to clone.
#[derive(Clone)]
pub struct Peers(Arc<Directory>);

struct Directory {
    /// Addresses of services that run elsewhere.
    urls: BTreeMap<&'static str, String>,
    known: Mutex<BTreeMap<String, Peer>>,
    wanted: Mutex<BTreeSet<String>>,
    tokens: Arc<InternalTokens>,
    timeout_default: Duration,
}

impl Peers {
    pub(crate) fn new(config: &Config, tokens: Arc<InternalTokens>) -> Peers {
        let url = |name: &'static str| Some((name, config.service(name)?.url.clone()));
        Peers(Arc::new(Directory {
            urls: SERVICES.into_iter().filter_map(url).filter(|(_, url)| !url.is_empty()).collect(),
            known: Mutex::default(),
            wanted: Mutex::default(),
            tokens,
            timeout_default: config.limits.timeout_default(),
        }))
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
        let peer = Peer::new(name, self.0.urls.get(name).map(String::as_str));
        known.insert(name.to_owned(), peer.clone());
        peer
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
