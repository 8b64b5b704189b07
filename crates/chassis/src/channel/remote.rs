//! A service in another process, over HTTP/2.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tonic::transport::{Channel, Endpoint};
use tower::{Service as _, ServiceExt as _};

use crate::error::{BoxError, Error};
use crate::server::{Answer, Request, deadline, refuse};

const CONNECT_TIME: Duration = Duration::from_secs(2);
/// Without these a connection that broke silently would be used until the system gives it up, many minutes later.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);
/// Small windows make a slow reader of a stream of small messages lose its connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;
/// A status with many broken fields travels in headers.
const HEADER_BYTES_MAX: u32 = 32 << 10;

pub(super) struct Remote {
    name: Arc<str>,
    channel: Result<Channel, String>,
}

impl Remote {
    /// The service at `url`; connects when it is first called.
    pub(super) fn new(name: &str, url: &str) -> Remote {
        let endpoint = Endpoint::from_shared(url.to_owned()).map(|endpoint| {
            endpoint
                .connect_timeout(CONNECT_TIME)
                .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
                .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
                .keep_alive_while_idle(true)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .http2_max_header_list_size(HEADER_BYTES_MAX)
                .tcp_nodelay(true)
                .connect_lazy()
        });
        Remote { name: name.into(), channel: endpoint.map_err(|cause| format!("{url}: {cause}")) }
    }

    pub(super) fn answer(&self, request: Request) -> Answer {
        let (name, channel) = (self.name.clone(), self.channel.clone());
        let answered = async move {
            let mut channel = channel?;
            channel.ready().await?.call(request).await.map_err(BoxError::from)
        };
        answered.map(move |answered| answered.unwrap_or_else(|cause| refuse(failure(&name, cause)))).boxed()
    }
}

/// The channel keeps the deadline as well, by the same header; all else that it says is that there is no way.
fn failure(name: &str, cause: BoxError) -> Error {
    let mut causes = std::iter::successors(Some(&*cause as &dyn std::error::Error), |cause| cause.source());
    match causes.any(|cause| cause.is::<tonic::TimeoutExpired>()) {
        true => deadline::exceeded(),
        false => Error::unavailable(name).because(cause),
    }
}
