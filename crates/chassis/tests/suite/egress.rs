//! What others name is reached only where the world is meant to be.

use std::time::Duration;

use chassis::egress::{Client, read};
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server that answers every request with `answer`; its port.
async fn sink(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 4096]).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    };
    #[expect(clippy::disallowed_methods, reason = "a server outside of the platform")]
    tokio::spawn(serve);
    port
}

fn client(allow: &[&str]) -> Client {
    let allow: Vec<_> = allow.iter().map(|network| network.parse().unwrap()).collect();
    Client::new(Duration::from_secs(5), &allow).unwrap()
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_written() {
    let (port, client) = (sink("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await, client(&[]));
    for host in [
        "127.0.0.1",
        "10.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "127.1",
        "[::]",
        "[fe80::1]",
        "192.168.1.1",
    ] {
        let refused = client.request(Method::GET, &format!("http://{host}:{port}/"));
        assert!(refused.is_err(), "{host}");
    }
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_does_not_lead_there() {
    let port = sink("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
    let request = client(&[]).request(Method::GET, &format!("http://localhost:{port}/")).unwrap();
    let refused = request.send().await.unwrap_err();
    assert!(format!("{refused:?}").contains("Address"), "{refused:?}");
}

#[tokio::test]
async fn a_network_that_is_allowed_is_reached_by_address_and_by_name() {
    let port = sink("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
    let client = client(&["127.0.0.0/8"]);
    for host in ["127.0.0.1", "localhost"] {
        let request = client.request(Method::GET, &format!("http://{host}:{port}/")).unwrap();
        let answer = request.send().await.unwrap();
        assert_eq!(read(answer, 100).await.unwrap(), "hi");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let port = sink("HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n").await;
    let request = client(&["127.0.0.0/8"]).request(Method::GET, &format!("http://127.0.0.1:{port}/")).unwrap();
    assert_eq!(request.send().await.unwrap().status(), 302);
}

#[tokio::test]
async fn an_answer_is_read_up_to_a_bound() {
    let port = sink("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789").await;
    let request = client(&["127.0.0.0/8"]).request(Method::GET, &format!("http://127.0.0.1:{port}/")).unwrap();
    read(request.send().await.unwrap(), 9).await.unwrap_err();
}

#[test]
fn only_web_addresses_without_names_in_them_are_taken() {
    for url in [
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://user@example.org/",
        "http://user:pass@example.org/",
        "x",
        "http://",
    ] {
        assert!(client(&[]).check(url).is_err(), "{url}");
    }
    client(&[]).check("https://example.org/hook?x=1").unwrap();
}

/// A server on this machine whose certificate is of an authority of its own; its port, and the authority.
async fn private_sink() -> (u16, String) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    let (chain, key) = (vec![certificate.der().clone()], key.into());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = std::sync::Arc::new(tls.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = tokio_rustls::TlsAcceptor::from(tls.clone()).accept(socket).await else { continue };
            let _ = socket.read(&mut [0; 4096]).await;
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
            let _ = socket.shutdown().await;
        }
    };
    #[expect(clippy::disallowed_methods, reason = "a server outside of the platform")]
    tokio::spawn(serve);
    (port, authority.pem())
}

#[tokio::test]
async fn a_certificate_is_believed_by_whoever_knows_its_authority() {
    let allow = ["127.0.0.0/8".parse().unwrap()];
    let knowing = |authorities: &str| Client::trusting(Duration::from_secs(5), &allow, authorities.as_bytes()).unwrap();
    let (port, authority) = private_sink().await;
    let url = format!("https://127.0.0.1:{port}/");
    let answer = knowing(&authority).request(Method::GET, &url).unwrap().send().await.unwrap();
    assert_eq!(read(answer, 100).await.unwrap(), "hi");
    knowing("").request(Method::GET, &url).unwrap().send().await.unwrap_err();
    assert!(Client::trusting(Duration::from_secs(5), &allow, b"-----BEGIN CERTIFICATE-----\nAAAA\n").is_err());
}
