//! A connection to one address, with TLS where the service speaks it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Poller, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::either::Either;

use crate::tls::{Certificate, Outgoing};

/// How long connecting may take, with TLS.
const CONNECT_TIME: Duration = Duration::from_secs(2);

/// Connects to `at`, where the service calls itself `host`.
#[derive(Clone)]
pub(super) struct Connect {
    pub(super) at: SocketAddr,
    pub(super) host: Arc<str>,
    pub(super) certificate: Option<Certificate>,
}

impl Connect {
    async fn run(self) -> io::Result<TokioIo<Outgoing>> {
        let connected = async {
            let socket = TcpStream::connect(self.at).await?;
            socket.set_nodelay(true)?;
            Ok(match &self.certificate {
                None => Either::Left(socket),
                Some(certificate) => Either::Right(certificate.connect(&self.host, socket).await?),
            })
        };
        match tokio::time::timeout(CONNECT_TIME, connected).await {
            Ok(connected) => connected.map(TokioIo::new),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("{} does not answer", self.at))),
        }
    }
}

impl tower::Service<Uri> for Connect {
    type Response = TokioIo<Outgoing>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Poller<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().run())
    }
}
