//! A stack on a socket: HTTP/2, for the network inside the platform.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::body::Body;

use crate::config::Limits;
use crate::error::Result;
use crate::host::Host;
use crate::server::rewound::Rewound;
use crate::server::{Stack, room};
use crate::tls::{self, Certificate};

/// What every HTTP/2 client sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How often a silent peer is asked whether it lives, and how long it may take to say so.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Small windows make a slow reader of a stream of small messages lose its connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;
const HEADER_BYTES_MAX: u32 = 32 << 10;

/// Serves `stack` on `listener` until the host shuts down; then stops accepting, lets what is at work finish within the
/// bound that is configured, and cuts off the rest.
pub async fn serve(host: &Host, listener: TcpListener, stack: Stack) -> Result<()> {
    let _serving = host.serving();
    let limits = &host.config.limits;
    let (room, connections) = (Arc::new(Semaphore::new(limits.connections_max)), TaskTracker::new());
    room::connections(stack.service(), &room, limits.connections_max);
    let cut_off = CancellationToken::new();
    let http = Arc::new(protocol(limits));
    loop {
        let room = room.clone().acquire_owned();
        let accepted = tokio::select! {
            () = host.shutdown.cancelled() => break,
            accepted = async { (room.await, listener.accept().await) } => accepted,
        };
        let (Ok(place), Ok((socket, _))) = accepted else {
            // Out of descriptors, or a client that left: neither gets better at once.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let connection = Connection {
            http: http.clone(),
            stack: stack.clone(),
            certificate: host.tls.roles().cloned(),
            shutdown: host.shutdown.clone(),
            preface_time: Duration::from_secs(limits.header_seconds),
        };
        let cut_off = cut_off.clone();
        let work = async move {
            tokio::select! {
                () = connection.run(socket) => {}
                () = cut_off.cancelled() => {}
            }
            drop(place);
        };
        connections.spawn(work);
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.shutdown(), connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut off what did not finish in time");
        cut_off.cancel();
        connections.wait().await;
    }
    Ok(())
}

fn protocol(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let streams = u32::try_from(limits.streams_max + limits.concurrency_max).unwrap_or(u32::MAX);
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(streams)
        .max_header_list_size(HEADER_BYTES_MAX);
    http
}

struct Connection {
    http: Arc<http2::Builder<TokioExecutor>>,
    stack: Stack,
    certificate: Option<Certificate>,
    shutdown: CancellationToken,
    preface_time: Duration,
}

impl Connection {
    async fn run(self, socket: TcpStream) {
        let mut socket = match tls::accept(self.certificate.as_ref(), socket, self.preface_time).await {
            Ok(socket) => socket,
            Err(cause) => {
                tracing::debug!(%cause, "a connection ended before it began");
                return;
            }
        };
        // hyper waits for the first bytes without end, so they are read here and handed to it again.
        let mut preface = [0; PREFACE.len()];
        match tokio::time::timeout(self.preface_time, socket.read_exact(&mut preface)).await {
            Ok(Ok(_)) if preface == *PREFACE => {}
            _ => return,
        }
        let socket = TokioIo::new(Rewound::new(PREFACE, socket));
        let stack = self.stack;
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let answer = stack.answer(request.map(Body::new));
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let mut connection = std::pin::pin!(self.http.serve_connection(socket, service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(cause) = ended {
            tracing::debug!(%cause, "a connection broke");
        }
    }
}
