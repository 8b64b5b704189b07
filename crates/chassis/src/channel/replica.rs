//! One of the processes that are a service.

use std::error::Error as StdError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::Uri;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tower::{Service as _, ServiceExt as _};

use super::connect::Connect;
use crate::error::BoxError;
use crate::server::{Request, Response};

/// Without these a connection that broke silently would be used until the system gives it up, many minutes later.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);
/// Small windows make a slow reader of a stream of small messages lose its connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;
/// A status with many broken fields travels in headers.
const HEADER_BYTES_MAX: u32 = 32 << 10;
/// How long a replica may take to say how it is.
const PROBE_TIME: Duration = Duration::from_secs(1);

/// A process at one address. Connects when it is first called, and again whenever the connection is gone.
pub(super) struct Replica {
    pub(super) at: SocketAddr,
    channel: Channel,
    serving: AtomicBool,
    at_work: AtomicUsize,
}

/// How far a request came that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// There was no connection.
    Unconnected,
    /// There was one, but the other side did not take the request up.
    Untouched,
    /// Nobody knows.
    Unknown,
    /// It was out of time.
    Late,
    /// It broke off itself, while it was being sent.
    Broken,
}

impl Replica {
    /// A new one; `serving` until it is heard of.
    pub(super) fn new(connect: Connect, serving: bool) -> Replica {
        let at = connect.at;
        // The scheme is that of the requests, which know of no TLS: the connection does.
        let origin = Uri::builder().scheme("http").authority(at.to_string()).path_and_query("/").build();
        let origin = origin.expect("invariant: an address is an authority");
        let channel = Endpoint::from(origin)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .http2_max_header_list_size(HEADER_BYTES_MAX)
            .connect_with_connector_lazy(connect);
        Replica { at, channel, serving: AtomicBool::new(serving), at_work: AtomicUsize::new(0) }
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
    pub(super) async fn call(self: &Arc<Self>, request: Request) -> Result<Response, BoxError> {
        let _at_work = AtWork::new(self.clone());
        let mut channel = self.channel.clone();
        channel.ready().await?.call(request).await.map_err(BoxError::from)
    }

    /// Asks it how it is, and remembers.
    pub(super) async fn probe(self: Arc<Self>) {
        let answer = tokio::time::timeout(PROBE_TIME, self.ask()).await;
        self.set_serving(matches!(answer, Ok(Ok(()))));
    }

    /// Asks it how it is.
    pub(super) async fn ask(&self) -> Result<(), BoxError> {
        let request = HealthCheckRequest { service: String::new() };
        let answer = HealthClient::new(self.channel.clone()).check(request).await?;
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

impl Reach {
    /// What a failure of the channel tells. Only what is certain is told as such.
    pub(super) fn of(cause: &(dyn StdError + 'static)) -> Reach {
        let mut causes =
            std::iter::successors(Some(cause), |cause: &&'_ (dyn StdError + 'static)| StdError::source(*cause));
        let known = causes.find_map(|cause| {
            if cause.is::<tonic::TimeoutExpired>() {
                return Some(Reach::Late);
            }
            if cause.is::<tonic::ConnectError>() {
                return Some(Reach::Unconnected);
            }
            if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_user) {
                return Some(Reach::Broken);
            }
            // hyper took it back before it was written.
            if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
                return Some(Reach::Untouched);
            }
            cause.downcast_ref::<h2::Error>().filter(|cause| is_untouched(cause)).map(|_| Reach::Untouched)
        });
        known.unwrap_or(Reach::Unknown)
    }
}

/// Whether the other side said that it did not look at the request: it was going away, or had no room.
fn is_untouched(cause: &h2::Error) -> bool {
    let gone = cause.is_go_away() && cause.reason() == Some(h2::Reason::NO_ERROR);
    let refused = cause.is_reset() && cause.reason() == Some(h2::Reason::REFUSED_STREAM);
    cause.is_remote() && (gone || refused)
}
