//! The socket: health and reflection for everybody, and no patience with those who send nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chassis::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::world::{WAYS, Way, World, eventually};

async fn health(world: &World, service: &str) -> Result<ServingStatus, tonic::Status> {
    let request = HealthCheckRequest { service: service.into() };
    let answer = HealthClient::new(world.host.peers.get("registry")).check(request).await?;
    Ok(answer.into_inner().status())
}

#[tokio::test]
async fn health_tells_of_each_service_and_of_all_of_them_what_the_probes_say() {
    for way in WAYS {
        let world = World::start(way).await;
        let well = Arc::new(AtomicBool::new(true));
        let seen = well.clone();
        world.server.health().probe("registry", move || {
            let well = seen.load(Ordering::Relaxed);
            async move { if well { Ok(()) } else { Err(Error::unavailable("the database")) } }
        });
        for (state, expected) in
            [(true, ServingStatus::Serving), (false, ServingStatus::NotServing), (true, ServingStatus::Serving)]
        {
            well.store(state, Ordering::Relaxed);
            for service in ["", "ngkt.registry.v1.AgencyService"] {
                let told = eventually(|| async { health(&world, service).await.ok() == Some(expected) });
                assert!(told.await, "{way:?} {service:?} {expected:?}");
            }
            assert_eq!(world.server.health().report().await["registry"].is_ok(), state);
            assert_eq!(world.host.peers.get("registry").ready().await.is_ok(), state);
        }
        assert_eq!(health(&world, "ngkt.events.v1.ChangeService").await.unwrap_err().code(), tonic::Code::NotFound);
    }
}

#[tokio::test]
async fn a_probe_that_hangs_counts_as_failed() {
    let world = World::start(Way::Local).await;
    world.host.health().probe("registry", std::future::pending);
    let report = world.host.health().report().await;
    assert_eq!(report["registry"], Err("no answer in time".into()));
}

#[tokio::test]
async fn reflection_shows_what_is_served_in_both_versions() {
    use tonic_reflection::pb::{v1, v1alpha};
    for way in WAYS {
        let world = World::start(way).await;
        let peer = world.host.peers.get("registry");

        use v1::server_reflection_request::MessageRequest;
        let request = v1::ServerReflectionRequest {
            message_request: Some(MessageRequest::ListServices(String::new())),
            ..Default::default()
        };
        let mut client = v1::server_reflection_client::ServerReflectionClient::new(peer.clone());
        let mut stream = client.server_reflection_info(futures::stream::iter([request])).await.unwrap().into_inner();
        let answer = stream.message().await.unwrap().unwrap();
        let Some(v1::server_reflection_response::MessageResponse::ListServicesResponse(list)) = answer.message_response
        else {
            panic!("{answer:?}")
        };
        let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
        assert!(
            names.contains(&"ngkt.registry.v1.AgencyService") && names.contains(&"grpc.health.v1.Health"),
            "{names:?}"
        );
        assert!(!names.iter().any(|name| name.starts_with("ngkt.events")), "{names:?}");

        let request = v1alpha::ServerReflectionRequest {
            message_request: Some(v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
                "ngkt.registry.v1.AgencyService".into(),
            )),
            ..Default::default()
        };
        let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(peer);
        let mut stream = client.server_reflection_info(futures::stream::iter([request])).await.unwrap().into_inner();
        let answer = stream.message().await.unwrap().unwrap().message_response.unwrap();
        let v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(files) = answer else {
            panic!("{answer:?}")
        };
        assert!(!files.file_descriptor_proto.is_empty());
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_something_else_is_closed() {
    let world = World::start_with(Way::Remote, |config| config.limits.header_seconds = 1).await;
    let address = world.url.as_deref().unwrap().trim_start_matches("http://").to_owned();
    for said in [&b""[..], b"PRI * HT", b"GET / HTTP/1.1\r\nhost: registry\r\n\r\n"] {
        let begin = Instant::now();
        let mut socket = TcpStream::connect(&address).await.unwrap();
        socket.write_all(said).await.unwrap();
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest)).await.expect("closed");
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    }
    world.get(&chassis::Caller::default(), "told").await.unwrap();
}
