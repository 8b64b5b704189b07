//! A service in another process, over HTTP/2.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};
use tower::{Service as _, ServiceExt as _};

use crate::error::Error;
use crate::server::{Request, Response, refuse};

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
    name: String,
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
        Remote { name: name.to_owned(), channel: endpoint.map_err(|cause| format!("{url}: {cause}")) }
    }

    pub(super) async fn answer(&self, request: Request) -> Response {
        let unreachable = || Error::unavailable(&self.name);
        let mut channel = match &self.channel {
            Ok(channel) => channel.clone(),
            Err(cause) => return refuse(unreachable().because(cause.clone())),
        };
        let answered = match channel.ready().await {
            Ok(channel) => channel.call(request).await,
            Err(cause) => Err(cause),
        };
        answered.unwrap_or_else(|cause| refuse(unreachable().because(cause)))
    }
}
