//! TLS: between the roles of a platform, where each side shows a certificate of the platform's own authority, and for the
//! gateway's clients, who need none.

mod exact;
mod material;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::telemetry::catalogue;
use material::Material;

/// A connection that was let in, with TLS or without.
pub type Socket = Either<TcpStream, server::TlsStream<TcpStream>>;
/// A connection to a service, with TLS or without.
pub(crate) type Outgoing = Either<TcpStream, client::TlsStream<TcpStream>>;

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long before its end a certificate is complained of, and how often.
pub const WARNING_DAYS: i64 = 30;
const WARNING_INTERVAL: Duration = Duration::from_secs(12 * 60 * 60);

/// Whose certificates this process shows. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tls {
    /// Between the roles.
    roles: Option<Certificate>,
    /// To the gateway's clients.
    gateway: Option<Certificate>,
}

/// One certificate with its key, as its files hold it now. Cheap to clone.
#[derive(Clone)]
pub struct Certificate {
    files: Arc<Files>,
    /// Who is called has to show this very certificate.
    itself: bool,
}

struct Files {
    /// Of the settings: `tls` or `gateway.tls`.
    section: &'static str,
    /// Those in it, with a certificate of which one is let in; none lets in everybody.
    ca: Option<PathBuf>,
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<Material>>,
}

impl Tls {
    /// Reads the files that the settings name. Fails, and names the setting, if one is not what it should be.
    pub fn open(config: &Config) -> Result<Tls> {
        let (roles, gateway) = (&config.tls, &config.gateway.tls);
        let roles = roles.is_on().then(|| Certificate::open("tls", Some(&roles.ca), &roles.certificate, &roles.key));
        let gateway =
            gateway.is_on().then(|| Certificate::open("gateway.tls", None, &gateway.certificate, &gateway.key));
        Ok(Tls { roles: roles.transpose()?, gateway: gateway.transpose()? })
    }

    /// What services show each other.
    pub fn roles(&self) -> Option<&Certificate> {
        self.roles.as_ref()
    }

    /// What the gateway shows its clients.
    pub fn gateway(&self) -> Option<&Certificate> {
        self.gateway.as_ref()
    }

    /// Takes files that change, and tells of a certificate that is about to end.
    pub(crate) async fn keep(self, clock: Clock, shutdown: CancellationToken) -> Result<()> {
        let certificates: Vec<Certificate> = [self.roles, self.gateway].into_iter().flatten().collect();
        certificates.iter().for_each(|certificate| certificate.observe(&clock));
        let mut told = None;
        while !certificates.is_empty() && !shutdown.is_cancelled() {
            let warn = told.is_none_or(|at: tokio::time::Instant| at.elapsed() > WARNING_INTERVAL);
            for certificate in &certificates {
                certificate.look_again();
                if warn && certificate.warn(&clock) {
                    told = Some(tokio::time::Instant::now());
                }
            }
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = shutdown.cancelled() => {}
            }
        }
        Ok(())
    }
}

impl Certificate {
    fn open(section: &'static str, ca: Option<&Path>, certificate: &Path, key: &Path) -> Result<Certificate> {
        let material = Material::read(ca, certificate, key).map_err(|trouble| trouble.of(section))?;
        let files = Files {
            section,
            ca: ca.map(Path::to_owned),
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            current: RwLock::new(Arc::new(material)),
        };
        Ok(Certificate { files: Arc::new(files), itself: false })
    }

    /// The same for calling whoever shows it: the server on this machine, by whatever name.
    pub fn itself(&self) -> Certificate {
        Certificate { files: self.files.clone(), itself: true }
    }

    fn current(&self) -> Arc<Material> {
        self.files.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The end of its validity, in seconds since 1970.
    pub fn expires(&self) -> i64 {
        self.current().expires
    }

    /// Whether the files hold something else than before, which is taken if it is good.
    pub fn look_again(&self) -> bool {
        let files = &self.files;
        match Material::read(files.ca.as_deref(), &files.certificate, &files.key) {
            Ok(read) if read.same_as(&self.current()) => false,
            Ok(read) => {
                tracing::info!(setting = files.section, "took a new certificate");
                *files.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                true
            }
            Err(trouble) => {
                // Files are replaced one after the other: what does not fit together now may do so the next time.
                tracing::warn!(error = %trouble.of(files.section).message(), "the certificate stays as it was");
                false
            }
        }
    }

    /// The section of the settings that names it: `tls` or `gateway.tls`.
    pub fn section(&self) -> &'static str {
        self.files.section
    }

    /// Tells how long it is still good whenever metrics are sent.
    fn observe(&self, clock: &Clock) {
        let (certificate, clock) = (self.clone(), clock.clone());
        catalogue::CERTIFICATE_LEFT.observe(move |sight| {
            sight.tell(certificate.remaining(&clock) as f64, [certificate.section().into()]);
        });
    }

    /// Seconds until it ends, below zero after that.
    pub fn remaining(&self, clock: &Clock) -> i64 {
        self.expires() - clock.now().timestamp()
    }

    /// Tells if the end is near; gives whether it is.
    fn warn(&self, clock: &Clock) -> bool {
        let days = self.remaining(clock).div_euclid(24 * 60 * 60);
        let (setting, file) = (format!("{}.certificate", self.files.section), self.files.certificate.display());
        match days {
            WARNING_DAYS.. => return false,
            0.. => tracing::warn!(setting, %file, days, "the certificate expires soon: put a new one in its place"),
            _ => tracing::error!(setting, %file, "the certificate has expired: nobody can connect"),
        }
        true
    }

    async fn accept(&self, socket: TcpStream) -> io::Result<server::TlsStream<TcpStream>> {
        TlsAcceptor::from(self.current().server.clone()).accept(socket).await
    }

    /// Begins TLS with the service that calls itself `host`.
    pub(crate) async fn connect(&self, host: &str, socket: TcpStream) -> io::Result<client::TlsStream<TcpStream>> {
        let host = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let material = self.current();
        let client = if self.itself { &material.itself } else { &material.client };
        let client = client.clone();
        TlsConnector::from(client).connect(host, socket).await
    }
}

/// Lets a connection in: by TLS if there is a certificate to show, within `time`. A failure is the other side's.
pub async fn accept(certificate: Option<&Certificate>, socket: TcpStream, time: Duration) -> io::Result<Socket> {
    socket.set_nodelay(true)?;
    match certificate {
        None => Ok(Either::Left(socket)),
        Some(certificate) => match tokio::time::timeout(time, certificate.accept(socket)).await {
            Ok(accepted) => accepted.map(Either::Right),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        },
    }
}

/// The error of one file, named by its setting.
fn refused(setting: &str, file: &Path, why: impl std::fmt::Display) -> Error {
    Error::internal(format!("setting {setting}: {}: {why}", file.display()))
}
