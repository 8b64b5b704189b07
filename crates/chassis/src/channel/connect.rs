//! A connection to one address, with TLS where the service speaks it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

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
    pub(super) async fn run(self) -> io::Result<Outgoing> {
        let connected = async {
            let socket = TcpStream::connect(self.at).await?;
            socket.set_nodelay(true)?;
            Ok(match &self.certificate {
                None => Either::Left(socket),
                Some(certificate) => Either::Right(certificate.connect(&self.host, socket).await?),
            })
        };
        match tokio::time::timeout(CONNECT_TIME, connected).await {
            Ok(connected) => connected,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("{} does not answer", self.at))),
        }
    }
}
