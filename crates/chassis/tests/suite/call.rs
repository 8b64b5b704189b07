//! What a handler is told, and what goes on with a call to a peer.

use chassis::{Caller, Role};

use crate::world::{WAYS, Way, World, officer};
use api::registry::v1::GetAgencyRequest;

#[tokio::test]
async fn a_handler_knows_the_circumstances_of_its_request() {
    for way in WAYS {
        let world = World::start(way).await;
        let mut request = tonic::Request::new(GetAgencyRequest { name: "agencies/told".into() });
        request.metadata_mut().insert("idempotency-key", "7b9e".parse().unwrap());
        let told = world.agencies(&officer(Role::MissionOfficer)).get_agency(request).await.unwrap().into_inner();
        assert_eq!(told.display_name, "lan of missions/vn-in-emb");
        assert_eq!(told.english_name, "GetAgency");
        assert_eq!(told.legacy_code, "7b9e");
        assert_eq!(told.code.len(), 32, "{way:?}: {}", told.code);
        assert!(told.level > 9_000 && told.level <= 10_000, "{way:?}: {} ms left of the default", told.level);
    }
}

#[tokio::test]
async fn the_trace_and_the_time_left_go_on_to_the_peer_of_a_peer() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    // Local, so that the peer can call itself.
    let world = World::start(Way::Local).await;
    let mut request = tonic::Request::new(GetAgencyRequest { name: "agencies/nested".into() });
    request.metadata_mut().insert("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01").parse().unwrap());
    request.set_timeout(std::time::Duration::from_secs(3));
    let peer = world.host.peers.get("registry");
    let mut client = api::registry::v1::agency_service_client::AgencyServiceClient::new(peer);
    let told = client.get_agency(request).await.unwrap().into_inner();
    assert_eq!(told.code, TRACE);
    assert_eq!(told.display_name, "lan of missions/vn-in-emb");
    assert!(told.level > 2_000 && told.level <= 3_000, "{} ms left of three seconds", told.level);
}

#[tokio::test]
async fn an_idempotency_key_that_cannot_be_one_is_refused() {
    for way in WAYS {
        let world = World::start(way).await;
        for key in ["", "two words", &"x".repeat(201)] {
            let mut request = tonic::Request::new(GetAgencyRequest { name: "agencies/told".into() });
            request.metadata_mut().insert("idempotency-key", key.parse().unwrap());
            let refused = world.agencies(&Caller::default()).get_agency(request).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{way:?} {key:?}");
        }
    }
}

#[tokio::test]
async fn a_peer_that_is_nowhere_is_an_error_at_the_start_that_names_it() {
    let world = World::start(Way::Local).await;
    world.host.peers.check().unwrap();
    let events = world.host.peers.get("events");
    let told = world.host.peers.check().unwrap_err();
    assert!(told.cause().unwrap().to_string().contains("events.url"), "{told:?}");
    assert_eq!(events.ready().await.unwrap_err().code(), tonic::Code::Unavailable);
}

#[tokio::test]
async fn a_peer_that_cannot_be_reached_is_unavailable_by_name_and_comes_back() {
    let world = World::start(Way::Remote).await;
    world.get(&Caller::default(), "told").await.unwrap();
    world.server.stop().await;
    let error = world.get(&Caller::default(), "told").await.unwrap_err();
    assert_eq!((error.reason(), &*error.metadata()["service"]), ("UNAVAILABLE", "registry"), "{error:?}");
    assert!(error.retry_after().is_some());

    let address = world.url.as_deref().unwrap().trim_start_matches("http://").to_owned();
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let again = chassis::Host::new((*world.host.config).clone()).unwrap();
    let stack = chassis::server::stack(crate::registry::routes(&again), &again, &["registry"]);
    let serving = again.clone();
    again.spawn("server", async move { chassis::server::serve(&serving, listener, stack).await });
    let back = crate::world::eventually(|| async { world.get(&Caller::default(), "told").await.is_ok() });
    assert!(back.await);
}
