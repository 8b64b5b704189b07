//! TLS between the roles.

use std::path::Path;
use std::time::Duration;

use chassis::config::{Address, Config};
use chassis::{Caller, Host};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::world::{Way, World, eventually, host};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes what a process needs: trust in one authority, and a certificate of another or the same.
fn write(folder: &Path, trusted: &Authority, issuer: &Authority) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    for (name, text) in
        [("ca.pem", trusted.pem()), ("key.pem", key.serialize_pem()), ("certificate.pem", certificate.pem())]
    {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

fn use_files(config: &mut Config, folder: &Path) {
    config.tls.ca = folder.join("ca.pem");
    config.tls.certificate = folder.join("certificate.pem");
    config.tls.key = folder.join("key.pem");
}

/// A platform that speaks TLS, its authority, and the folder of its files.
async fn start() -> (World, Authority, TempDir) {
    let (authority, folder) = (authority(), tempfile::tempdir().unwrap());
    write(folder.path(), &authority, &authority);
    let world = World::start_with(Way::Remote, |config| use_files(config, folder.path())).await;
    (world, authority, folder)
}

async fn reaches(host: &Host) -> Result<(), chassis::Error> {
    host.peers.get("registry").ready().await
}

#[tokio::test]
async fn roles_let_in_and_call_only_those_of_their_own_authority() {
    let (world, ours, _files) = start().await;
    assert!(eventually(|| async { reaches(&world.host).await.is_ok() }).await);
    world.get(&Caller::default(), "told").await.unwrap();
    let url = world.url.clone().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let plain = host(folder.path(), &|_| {}, Some(url.replace("https", "http")));
    assert!(reaches(&plain).await.is_err(), "without TLS nobody is let in");

    let foreign = authority();
    for (trusted, issuer, why) in [
        (&ours, &foreign, "a certificate of a stranger is not let in"),
        (&foreign, &ours, "a server of a stranger is not called"),
    ] {
        let files = tempfile::tempdir().unwrap();
        write(files.path(), trusted, issuer);
        let stranger = host(folder.path(), &|config| use_files(config, files.path()), Some(url.clone()));
        assert!(reaches(&stranger).await.is_err(), "{why}");
    }

    let address = Address::list(&url).unwrap().remove(0);
    let certificate = world.host.tls.roles().map(|certificate| certificate.itself());
    chassis::channel::ask(&address, certificate).await.unwrap();
    assert!(chassis::channel::ask(&address, None).await.is_err());
}

#[tokio::test]
async fn new_files_are_taken_without_a_restart() {
    let (world, _, files) = start().await;
    let before = world.host.tls.roles().unwrap().clone();
    let new = authority();
    // Not all at once: what does not fit together is not taken.
    std::fs::write(files.path().join("key.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(!before.look_again());
    write(files.path(), &new, &new);
    assert!(before.look_again() && !before.look_again());
    // Who connects now, needs the new ones; the server takes them on its own.
    let folder = tempfile::tempdir().unwrap();
    let client = host(folder.path(), &|config| use_files(config, files.path()), world.url.clone());
    let taken = async {
        for _ in 0..150 {
            if reaches(&client).await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    };
    assert!(taken.await);
}

#[tokio::test]
async fn a_file_that_is_missing_or_wrong_is_refused_by_its_setting() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), authority());
    for (file, setting) in [("ca", "tls.ca"), ("certificate", "tls.certificate"), ("key", "tls.key")] {
        for text in [None, Some("-----BEGIN NOTHING-----")] {
            let files = tempfile::tempdir().unwrap();
            write(files.path(), &authority, &authority);
            let path = files.path().join(format!("{file}.pem"));
            std::fs::remove_file(&path).unwrap();
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let mut config = Config { data_dir: folder.path().into(), ..Config::default() };
            use_files(&mut config, files.path());
            let refused = Host::new(config).err().unwrap();
            let told = refused.cause().unwrap().to_string();
            assert!(told.contains(setting) && told.contains(&*path.to_string_lossy()), "{told}");
        }
    }
}
