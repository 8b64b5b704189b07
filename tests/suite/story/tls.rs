//! TLS between the roles, with certificates of the platform's own authority, and to clients.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::webhook::{call, subscribe};
use crate::world::running::tls;
use crate::world::shell::{ngkt, ngkt_with};
use crate::world::{Backend, block_on, eventually, own};

#[test]
fn roles_work_over_tls_and_let_nobody_else_in() {
    own(Backend::SplitTls, async |world| {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        subscribe(&province, json!({"inbox": true})).await;
        let told = call(&mission, "Điện đàm").await;
        let arrived = async || {
            let inbox = province.all("inboxMessages", "").await;
            inbox.iter().any(|message| message["payload"]["name"] == told["name"])
        };
        eventually("the inbox tells of the call", || async { arrived().await }).await;

        let running = world.running();
        let (folder, registry) = (running.folder(), running.address_of("registry"));
        let config = folder.join("ngkt.toml").display().to_string();
        let (ours, url) = (tls("gateway", folder), format!("https://{registry}"));
        let here = ngkt_with(&tls("registry", folder), &["health", "--role", "registry", "--config", &config]).await;
        assert_eq!(here.ok().trim(), "registry: SERVING");
        ngkt_with(&ours, &["health", "--url", &url, "--config", &config]).await.ok();

        let doctor = ngkt_with(&ours, &["doctor", "--json", "--config", &config]).await;
        assert!(doctor.out.contains("certificate tls") && doctor.out.contains("more days"), "{doctor:?}");

        // Without TLS nobody is answered.
        let mut plain = TcpStream::connect(registry).await.expect("it listens");
        plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("it reads");
        let mut answer = Vec::new();
        let _ = plain.read_to_end(&mut answer).await;
        assert!(!answer.windows(3).any(|bytes| bytes == [0, 0, 4]) && answer.len() < 20, "{answer:?}");

        // Nor is a stranger with a certificate of another authority, even if he trusts ours.
        let strange = tempfile::tempdir().expect("a temporary folder");
        ngkt(&["certificates", "--out", &strange.path().display().to_string()]).await.ok();
        std::fs::copy(&ours[0].1, strange.path().join("gateway/ca.pem")).expect("a file");
        let theirs: Vec<(String, PathBuf)> = ours
            .iter()
            .map(|(key, file)| (key.clone(), strange.path().join("gateway").join(file.file_name().expect("a name"))))
            .collect();
        let refused = ngkt_with(&theirs, &["health", "--url", &url, "--config", &config]).await;
        assert!(refused.complaint().contains(&url), "{refused:?}");

        // New certificates are taken while everything runs.
        let out = folder.join("certificates").display().to_string();
        assert!(ngkt(&["certificates", "--out", &out]).await.ok().contains("registry: unchanged"));
        assert!(ngkt(&["certificates", "--out", &out, "--renew"]).await.ok().contains("registry: a new certificate"));
        call(&mission, "Điện đàm").await;
    });
}

#[test]
fn the_gateway_speaks_tls_with_its_clients() {
    own(Backend::SplitTls, async |world| {
        let folder = world.running().folder();
        let (config, own) = (folder.join("ngkt.toml"), tls("gateway", folder));
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
        let mut settings = own.clone();
        settings.push(("NGKT__GATEWAY__TLS__CERTIFICATE".into(), own[1].1.clone()));
        settings.push(("NGKT__GATEWAY__TLS__KEY".into(), own[2].1.clone()));
        settings.push(("NGKT__GATEWAY__LISTEN".into(), free.to_string().into()));
        let _gateway = Command::new(env!("CARGO_BIN_EXE_platform"))
            .args(["serve", "gateway", "--config"])
            .arg(&config)
            .envs(settings.iter().cloned())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a gateway starts");
        let config = config.display().to_string();
        let well = async || ngkt_with(&settings, &["health", "--config", &config]).await.success;
        eventually("it says that it is well", || async { well().await }).await;
        let authority = std::fs::read(&own[0].1).expect("a file");
        for version in ["HTTP/1.1", "HTTP/2.0"] {
            let client = reqwest::Client::builder()
                .tls_certs_only([reqwest::Certificate::from_pem(&authority).expect("a certificate")])
                .no_proxy();
            let client = if version == "HTTP/1.1" { client.http1_only() } else { client };
            let answer = client
                .build()
                .expect("a client")
                .get(format!("https://localhost:{}/v1/countries", free.port()))
                .send()
                .await;
            let answer = answer.expect("an answer");
            assert_eq!((answer.status().as_u16(), format!("{:?}", answer.version())), (200, version.to_owned()));
        }
        assert!(reqwest::get(format!("http://{free}/healthz")).await.is_err(), "nothing but TLS is spoken");
    });
}

#[test]
fn an_authority_is_replaced_in_three_steps() {
    block_on(async {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().display().to_string();
        let run = async |step: &str| {
            ngkt(&[&["certificates", "--out", &out][..], &[step][..usize::from(!step.is_empty())]].concat()).await
        };
        let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).expect("a file");
        let authorities = || read("events/ca.pem").matches("BEGIN").count();
        run("").await.ok();
        let first = read("events/certificate.pem");
        run("--new-authority").await.ok();
        assert_eq!((authorities(), read("events/certificate.pem") == first), (2, true));
        assert!(run("--retire-authority").await.complaint().contains("--renew"));
        run("--renew").await.ok();
        assert!(read("events/certificate.pem") != first);
        run("--retire-authority").await.ok();
        assert_eq!(authorities(), 1);
        assert_eq!(read("events/ca.pem"), read("authority/ca.pem"));
    });
}
