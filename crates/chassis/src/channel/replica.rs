//! One of the processes that are a service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::connect::Connect;
use super::line::{Line, Lost};
use crate::error::BoxError;
use crate::server::{Request, Response};

/// How long a replica may take to say how it is.
const PROBE_TIME: Duration = Duration::from_secs(1);

/// A process at one address. Connects when it is first called, and again whenever the connection is gone.
pub(super) struct Replica {
    pub(super) at: SocketAddr,
    line: Line,
    serving: AtomicBool,
    at_work: AtomicUsize,
}

impl Replica {
    /// A new one; `serving` until it is heard of.
    pub(super) fn new(connect: Connect, serving: bool) -> Replica {
        let at = connect.at;
        let line = Line::new(connect);
        Replica { at, line, serving: AtomicBool::new(serving), at_work: AtomicUsize::new(0) }
    }

    /// Whether it was well when it was last heard of.
    pub(super) fn is_serving(&self) -> bool {
        self.serving.load(Ordering::Relaxed)
    }

    pub(super) fn set_serving(&self, serving: bool) {
        self.serving.store(serving, Ordering::Relaxed);
    }

    /// How many requests it has at work for this process.
    pub(super) fn load(&self) -> usize {
        self.at_work.load(Ordering::Relaxed)
    }

    /// Passes a request on until its answer begins.
    pub(super) async fn call(self: &Arc<Self>, request: Request) -> Result<Response, Lost> {
        let _at_work = AtWork::new(self.clone());
        self.line.call(request).await
    }

    /// Asks it how it is, and remembers.
    pub(super) async fn probe(self: Arc<Self>) {
        let answer = tokio::time::timeout(PROBE_TIME, self.ask()).await;
        self.set_serving(matches!(answer, Ok(Ok(()))));
    }

    /// Asks it how it is.
    pub(super) async fn ask(&self) -> Result<(), BoxError> {
        let request = HealthCheckRequest { service: String::new() };
        let answer = HealthClient::new(self.line.clone()).check(request).await?;
        match answer.into_inner().status() {
            ServingStatus::Serving => Ok(()),
            status => Err(status.as_str_name().into()),
        }
    }
}

struct AtWork(Arc<Replica>);

impl AtWork {
    fn new(replica: Arc<Replica>) -> AtWork {
        replica.at_work.fetch_add(1, Ordering::Relaxed);
        AtWork(replica)
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}
