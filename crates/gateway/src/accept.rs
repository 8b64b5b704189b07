//! The port: connections are taken in, as many as there is room for, and all speak HTTP/1.1 or HTTP/2, as they like.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chassis::server::room;
use chassis::tls::{self, Certificate};
use chassis::{Host, Result};
use http::header::CONNECTION;
use http::{HeaderValue, Version};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::activity::{Activity, Times};
use crate::connection::{Arrival, Guarded, Left, finish};
use crate::face::Face;

/// How often a silent HTTP/2 client is asked whether it lives, and how long it may take to say so.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams of one HTTP/2 connection at once. Each may hold an answer.
const STREAMS_MAX: u32 = 256;
/// What one connection may send ahead of being read. Requests are small; this is memory that any client can take.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Bytes of a request's head.
const HEAD_BYTES_MAX: u32 = 32 << 10;
/// How long a connection may take to end after it was asked to.
const CLOSE_TIME: Duration = Duration::from_secs(5);
/// The role that listens here, in metrics.
const GATEWAY: &str = "gateway";
/// Out of descriptors, or a client that left while it was let in: neither gets better at once.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves `face` on `listener` until the host shuts down; then takes in nothing new, lets what is at work finish within
/// the bound that is configured, and cuts off the rest.
pub async fn serve(host: &Host, listener: TcpListener, face: Arc<Face>) -> Result<()> {
    let _serving = host.serving();
    let limits = &host.config.limits;
    let (room, connections) = (Arc::new(Semaphore::new(limits.connections_max)), TaskTracker::new());
    room::connections(GATEWAY, &room, limits.connections_max);
    let (http, times, cut_off) = (Arc::new(protocol()), Times::of(limits), CancellationToken::new());
    loop {
        let place = room.clone().acquire_owned();
        let accepted = tokio::select! {
            () = host.shutdown.cancelled() => break,
            accepted = async { (place.await, listener.accept().await) } => accepted,
        };
        let (Ok(place), Ok((socket, _))) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let connection = Connection {
            http: http.clone(),
            face: face.clone(),
            certificate: host.tls.gateway().cloned(),
            times,
            header_time: Duration::from_secs(limits.header_seconds),
            drain_time: limits.drain(),
            shutdown: host.shutdown.clone(),
        };
        let cut_off = cut_off.clone();
        let work = async move {
            tokio::select! {
                () = connection.run(socket) => {}
                () = cut_off.cancelled() => {}
            }
            drop(place);
        };
        #[allow(clippy::disallowed_methods)] // tracked, and ended by the bound below
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

fn protocol() -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    // The guarded socket has its own timer for heads, which also knows of idle connections.
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES_MAX as usize * 2)
        .half_close(false);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(HEAD_BYTES_MAX);
    http
}

struct Connection {
    http: Arc<Builder<TokioExecutor>>,
    face: Arc<Face>,
    certificate: Option<Certificate>,
    times: Times,
    header_time: Duration,
    drain_time: Duration,
    shutdown: CancellationToken,
}

impl Connection {
    async fn run(self, socket: TcpStream) {
        let socket = match tls::accept(self.certificate.as_ref(), socket, self.header_time).await {
            Ok(socket) => socket,
            Err(cause) => {
                tracing::debug!(%cause, "a connection ended before it began");
                return;
            }
        };
        let (activity, left) = (Activity::new(), Left::default());
        let guarded = Guarded::new(socket, activity.clone(), self.times, left.clone());
        self.speak(guarded, &activity).await;
        finish(&left, &activity).await;
    }

    async fn speak(&self, guarded: Guarded, activity: &Arc<Activity>) {
        let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
            let (face, activity, at_work) = (self.face.clone(), activity.clone(), activity.begin(request.version()));
            let shutdown = self.shutdown.clone();
            let request = request.map(|body| Arrival::new(body, activity.clone()));
            async move {
                let version = request.version();
                let mut response = face.answer(request, at_work).await;
                // What is unread stands in the way of the next request, and so does the end of this process: the client
                // must know not to send one.
                if (activity.has_unread() || shutdown.is_cancelled()) && version < Version::HTTP_2 {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let mut talk = std::pin::pin!(self.http.serve_connection(TokioIo::new(guarded), service));
        let next_look = || self.times.next_look(activity.idle_until(self.times));
        let mut idle = std::pin::pin!(sleep_until(next_look()));
        let mut closing = false;
        loop {
            tokio::select! {
                ended = talk.as_mut() => {
                    if let Err(cause) = ended {
                        tracing::debug!(cause, "a connection broke");
                    }
                    return;
                }
                () = self.shutdown.cancelled(), if !closing => {
                    // Over HTTP/1.1 nobody can be told to go but in an answer.
                    let drained = activity.is_http2() || timeout(self.drain_time, talk.as_mut()).await.is_err();
                    if drained {
                        // How long the rest may take, the loop that accepts decides for all.
                        talk.as_mut().graceful_shutdown();
                        let _ = talk.as_mut().await;
                    }
                    return;
                }
                () = idle.as_mut() => {
                    let (end, now) = (activity.idle_until(self.times), Instant::now());
                    if end > now {
                        idle.as_mut().reset(if closing { now + CLOSE_TIME } else { next_look() });
                    } else if closing || activity.is_owed() {
                        return;
                    } else {
                        closing = true;
                        talk.as_mut().graceful_shutdown();
                        idle.as_mut().reset(now + CLOSE_TIME);
                    }
                }
            }
        }
    }
}
