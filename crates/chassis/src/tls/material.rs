//! What the files of a certificate hold, made ready for use.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::exact::Exact;
use super::refused;
use crate::error::{BoxError, Error};

/// What is offered inside TLS: HTTP/2 between roles, and HTTP/1.1 as well at the gateway.
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

pub(super) struct Material {
    /// The bytes of all files, to see whether they change.
    read: Vec<Vec<u8>>,
    pub(super) server: Arc<ServerConfig>,
    /// For calling those whom the authorities know.
    pub(super) client: Arc<ClientConfig>,
    /// For calling the server that shows this certificate.
    pub(super) itself: Arc<ClientConfig>,
    pub(super) expires: i64,
}

/// Which file is wrong, and why.
pub(super) struct Trouble {
    key: &'static str,
    file: PathBuf,
    why: BoxError,
}

impl Trouble {
    /// The same as a failure that names the setting.
    pub(super) fn of(&self, section: &str) -> Error {
        refused(&format!("{section}.{}", self.key), &self.file, &self.why)
    }
}

/// One file with the name of its setting.
struct Named<'a> {
    key: &'static str,
    file: &'a Path,
}

impl Named<'_> {
    fn trouble(&self, why: impl Into<BoxError>) -> Trouble {
        Trouble { key: self.key, file: self.file.to_owned(), why: why.into() }
    }

    fn bytes(&self) -> Result<Vec<u8>, Trouble> {
        std::fs::read(self.file).map_err(|cause| self.trouble(cause))
    }

    fn certificates(&self, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Trouble> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match certificates {
            Ok(found) if found.is_empty() => Err(self.trouble("it holds no certificate in PEM")),
            found => found.map_err(|cause| self.trouble(cause.to_string())),
        }
    }
}

impl Material {
    /// Reads the files; with `ca`, only those are let in, and only those are called, whom it knows.
    pub(super) fn read(ca: Option<&Path>, certificate: &Path, key: &Path) -> Result<Material, Trouble> {
        let (certificate, key) = (Named { key: "certificate", file: certificate }, Named { key: "key", file: key });
        let mut read = vec![certificate.bytes()?, key.bytes()?];
        let chain = certificate.certificates(&read[0])?;
        let expires = expires(&chain[0]).map_err(|why| certificate.trouble(why))?;
        let private = PrivateKeyDer::from_pem_slice(&read[1]).map_err(|cause| key.trouble(cause.to_string()))?;
        let unfit = |cause: rustls::Error| key.trouble(format!("it does not fit the certificate: {cause}"));
        let mut roots = RootCertStore::empty();
        let (clients, protocols) = match ca {
            None => (WebPkiClientVerifier::no_client_auth(), vec![HTTP2.to_vec(), HTTP1.to_vec()]),
            Some(ca) => {
                let ca = Named { key: "ca", file: ca };
                read.push(ca.bytes()?);
                for authority in ca.certificates(&read[2])? {
                    roots.add(authority).map_err(|cause| ca.trouble(cause))?;
                }
                let clients = WebPkiClientVerifier::builder(Arc::new(roots.clone())).build();
                (clients.map_err(|cause| ca.trouble(cause))?, vec![HTTP2.to_vec()])
            }
        };
        let server = ServerConfig::builder().with_client_cert_verifier(clients);
        let mut server = server.with_single_cert(chain.clone(), private.clone_key()).map_err(unfit)?;
        server.alpn_protocols = protocols;
        let client = ClientConfig::builder().with_root_certificates(roots);
        let exact = Arc::new(Exact::new(chain[0].clone()));
        let itself = ClientConfig::builder().dangerous().with_custom_certificate_verifier(exact);
        let mut client = client.with_client_auth_cert(chain.clone(), private.clone_key()).map_err(unfit)?;
        let mut itself = itself.with_client_auth_cert(chain, private).map_err(unfit)?;
        client.alpn_protocols = vec![HTTP2.to_vec()];
        itself.alpn_protocols = vec![HTTP2.to_vec()];
        let (server, client, itself) = (Arc::new(server), Arc::new(client), Arc::new(itself));
        Ok(Material { read, server, client, itself, expires })
    }

    pub(super) fn same_as(&self, other: &Material) -> bool {
        self.read == other.read
    }
}

/// The last second of a certificate, since 1970.
fn expires(certificate: &CertificateDer<'_>) -> Result<i64, BoxError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate)?;
    Ok(parsed.validity().not_after.timestamp())
}
