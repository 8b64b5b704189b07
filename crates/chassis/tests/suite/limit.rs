//! Too long, too large, too many, and a panic: each ends one request and nothing else.

use std::time::{Duration, Instant};

use api::registry::v1::{Agency, CreateAgencyRequest, GetAgencyRequest};
use chassis::{Caller, Error, Role};
use futures::future::join_all;

use crate::world::{WAYS, World, officer};

#[tokio::test]
async fn a_request_ends_by_the_deadline_of_its_caller_or_the_default() {
    for way in WAYS {
        let world = World::start_with(way, |config| config.limits.timeout_seconds_default = 1).await;
        for timeout in [Some(Duration::from_millis(300)), None] {
            let mut request = tonic::Request::new(GetAgencyRequest { name: "agencies/slow".into() });
            if let Some(timeout) = timeout {
                request.set_timeout(timeout);
            }
            let begin = Instant::now();
            let status = world.agencies(&Caller::default()).get_agency(request).await.unwrap_err();
            assert_eq!(Error::from(status).reason(), "DEADLINE_EXCEEDED", "{way:?}");
            let expected = timeout.unwrap_or(Duration::from_secs(1));
            assert!(begin.elapsed() < expected + Duration::from_millis(400), "{way:?}: {:?}", begin.elapsed());
        }
    }
}

#[tokio::test]
async fn the_server_holds_the_deadline_also_if_the_caller_does_not() {
    for way in WAYS {
        let settings = |config: &mut chassis::Config| {
            (config.limits.timeout_seconds_default, config.limits.timeout_seconds_max) = (1, 1);
        };
        let world = World::start_with(way, settings).await;
        let mut client =
            api::registry::v1::agency_service_client::AgencyServiceClient::new(world.host.peers.get("registry"));
        let begin = Instant::now();
        let mut request = tonic::Request::new(GetAgencyRequest { name: "agencies/slow".into() });
        request.metadata_mut().insert("grpc-timeout", "60S".parse().unwrap());
        let status = client.get_agency(request).await.unwrap_err();
        assert_eq!(Error::from(status).reason(), "DEADLINE_EXCEEDED", "{way:?}");
        assert!(begin.elapsed() < Duration::from_millis(1500), "{way:?}: {:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn a_panic_ends_one_request_and_the_server_lives() {
    for way in WAYS {
        let world = World::start(way).await;
        for _ in 0..3 {
            let error = world.get(&Caller::default(), "panic").await.unwrap_err();
            assert_eq!(error.reason(), "INTERNAL");
            assert!(!error.message().contains("touched"), "{way:?}: {error}");
            world.get(&Caller::default(), "told").await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_says_how_large_it_may_be() {
    for way in WAYS {
        let world = World::start_with(way, |config| config.limits.request_bytes_max = 10_000).await;
        for (length, fits) in [(9_000, true), (10_001, false), (3_000_000, false), (9_000_000, false)] {
            let agency = Agency { display_name: "x".repeat(length), ..Agency::default() };
            let request = CreateAgencyRequest { agency: Some(agency), agency_id: "g08".into() };
            let status = world.agencies(&officer(Role::Administrator)).create_agency(request).await.unwrap_err();
            let error = Error::from(status);
            let expected = if fits { "INVALID_ARGUMENT" } else { "REQUEST_TOO_LARGE" };
            assert_eq!(error.reason(), expected, "{way:?} {length}: {error:?}");
            assert!(fits || error.message().contains("10000"), "{error}");
        }
    }
}

#[tokio::test]
async fn too_many_at_once_are_refused_at_once_with_when_to_come_again() {
    for way in WAYS {
        let world = World::start_with(way, |config| config.limits.concurrency_max = 4).await;
        let slow = join_all((0..4).map(|_| async {
            let mut request = tonic::Request::new(GetAgencyRequest { name: "agencies/slow".into() });
            request.set_timeout(Duration::from_millis(700));
            world.agencies(&Caller::default()).get_agency(request).await
        }));
        let more = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let begin = Instant::now();
            let error = world.get(&Caller::default(), "told").await.unwrap_err();
            assert!(begin.elapsed() < Duration::from_millis(100), "{way:?}: {:?}", begin.elapsed());
            assert_eq!(error.reason(), "RESOURCE_EXHAUSTED");
            assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
        };
        let _ = futures::join!(slow, more);
        world.get(&Caller::default(), "told").await.unwrap();
    }
}

#[tokio::test]
async fn streams_have_a_bound_of_their_own() {
    for way in WAYS {
        let world = World::start_with(way, |config| config.limits.streams_max = 1).await;
        let watch = || async {
            world
                .changes(&Caller::system("events"))
                .watch_changes(api::shared::v1::WatchChangesRequest::default())
                .await
        };
        let first = watch().await.unwrap();
        assert_eq!(watch().await.unwrap_err().code(), tonic::Code::ResourceExhausted, "{way:?}");
        drop(first);
        assert!(crate::world::eventually(|| async { watch().await.is_ok() }).await, "{way:?}");
    }
}
