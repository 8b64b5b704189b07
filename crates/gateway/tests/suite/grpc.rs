//! gRPC and gRPC-Web through the gateway.

use api::registry::v1::agency_service_client::AgencyServiceClient;
use api::registry::v1::change_service_client::ChangeServiceClient;
use api::registry::v1::{GetAgencyRequest, ListAgenciesRequest};
use api::shared::v1::WatchChangesRequest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chassis::Error;
use prost::Message;
use reqwest::Method;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::world::World;

async fn channel(world: &World) -> Channel {
    Channel::from_shared(world.url("")).unwrap().connect().await.unwrap()
}

fn get(name: &str) -> Request<GetAgencyRequest> {
    Request::new(GetAgencyRequest { name: format!("agencies/{name}") })
}

fn with<T>(mut request: Request<T>, pairs: &[(&'static str, &str)]) -> Request<T> {
    for (name, value) in pairs {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    request
}

fn trace_id(metadata: &MetadataMap) -> &str {
    metadata.get("trace-id").map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn calls_pass_with_who_calls_and_nothing_else() {
    for world in [World::start().await, World::start_apart().await] {
        let mut client = AgencyServiceClient::new(channel(&world).await);
        let bearer = format!("Bearer {}", world.token());
        let pairs = [
            ("authorization", bearer.as_str()),
            ("idempotency-key", "k-1"),
            ("grpc-timeout", "3S"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("x-ngkt-caller", "admin"),
        ];
        let answer = client.get_agency(with(get("told"), &pairs)).await.unwrap();
        assert_eq!(trace_id(answer.metadata()), "0af7651916cd43dd8448eb211c80319c");
        let told = answer.into_inner();
        assert_eq!((told.display_name.as_str(), told.legacy_code.as_str()), ("lan of agencies/g08", "k-1"));
        assert_eq!(told.code, "0af7651916cd43dd8448eb211c80319c");
        assert!((2_000..=3_000).contains(&told.level), "{}", told.level);
        let bad = client.get_agency(with(get("told"), &[("authorization", "Bearer nonsense")])).await.unwrap_err();
        assert_eq!(bad.code(), Code::Unauthenticated);
    }
}

#[tokio::test]
async fn failures_arrive_with_their_details() {
    for world in [World::start().await, World::start_apart().await] {
        let mut client = AgencyServiceClient::new(channel(&world).await);
        let missing = Error::from(client.get_agency(get("g99")).await.unwrap_err());
        assert_eq!((missing.reason(), missing.metadata()["name"].as_str()), ("NOT_FOUND", "agencies/g99"));
        let invalid = Error::from(
            client.list_agencies(ListAgenciesRequest { page_size: -1, ..Default::default() }).await.unwrap_err(),
        );
        assert_eq!(invalid.violations()[0].field, "page_size");
        let panic = client.get_agency(get("panic")).await.unwrap_err();
        assert_eq!(panic.code(), Code::Internal);
    }
}

#[tokio::test]
async fn streams_pass_through() {
    for world in [World::start().await, World::start_apart().await] {
        let mut client = ChangeServiceClient::new(channel(&world).await);
        let bearer = format!("Bearer {}", world.token());
        let request = with(Request::new(WatchChangesRequest::default()), &[("authorization", &bearer)]);
        let mut changes = client.watch_changes(request).await.unwrap().into_inner();
        for cursor in ["1", "2", "3"] {
            assert_eq!(changes.message().await.unwrap().unwrap().next_cursor, cursor);
        }
        assert_eq!(changes.message().await.unwrap_err().code(), Code::Unavailable);
    }
}

#[tokio::test]
async fn an_rpc_that_there_is_not_is_unimplemented() {
    let world = World::start().await;
    let channel = channel(&world).await;
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<GetAgencyRequest, GetAgencyRequest>::default();
    let path = "/ngkt.registry.v1.NopeService/Nope".parse().unwrap();
    let status: Status = client.unary(get("x"), path, codec).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn health_is_told_for_every_service() {
    let world = World::start().await;
    let mut client = HealthClient::new(channel(&world).await);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    for service in ["", "ngkt.registry.v1.AgencyService", "ngkt.events.v1.EngagementService"] {
        let answer = client.check(HealthCheckRequest { service: service.into() }).await.unwrap().into_inner();
        assert_eq!(answer.status, 1, "{service}");
    }
    let unknown = client.check(HealthCheckRequest { service: "nope".into() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn reflection_shows_all_packages_in_both_versions() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, ServiceResponse};
    let world = World::start().await;
    let mut client = ServerReflectionClient::new(channel(&world).await);
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = client.server_reflection_info(futures::stream::iter([ask])).await.unwrap().into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) = answers.message().await.unwrap().unwrap().message_response
    else {
        panic!("another answer");
    };
    let names: Vec<String> = list.service.into_iter().map(|ServiceResponse { name }| name).collect();
    for service in ["ngkt.registry.v1.AgencyService", "ngkt.notification.v1.ChangeService", "grpc.health.v1.Health"] {
        assert!(names.iter().any(|name| name == service), "{names:?}");
    }
    let mut older =
        tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient::new(channel(&world).await);
    assert!(older.server_reflection_info(futures::stream::iter([])).await.is_ok());
}

fn frame(message: &impl Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    [&[0][..], &(bytes.len() as u32).to_be_bytes(), &bytes].concat()
}

#[tokio::test]
async fn browsers_call_by_grpc_web() {
    let world = World::start().await;
    let path = "/ngkt.registry.v1.AgencyService/GetAgency";
    let call = |name: &str, kind: &'static str| {
        let frame = frame(get(name).get_ref());
        let body = if kind.contains("text") { BASE64_STANDARD.encode(frame).into_bytes() } else { frame };
        let request = world
            .request(Method::POST, path)
            .header("content-type", kind)
            .header("x-grpc-web", "1")
            .bearer_auth(world.token());
        async move {
            let response = request.body(body).send().await.unwrap();
            let (headers, bytes) = (response.headers().clone(), response.bytes().await.unwrap());
            (headers, bytes)
        }
    };
    let (headers, bytes) = call("told", "application/grpc-web+proto").await;
    assert_eq!(headers["content-type"], "application/grpc-web+proto");
    let length = u32::from_be_bytes(bytes[1..5].try_into().unwrap()) as usize;
    let agency = api::registry::v1::Agency::decode(&bytes[5..5 + length]).unwrap();
    assert_eq!(agency.display_name, "lan of agencies/g08");
    let trailers = &bytes[5 + length..];
    assert_eq!(trailers[0], 0x80);
    assert!(String::from_utf8_lossy(trailers).contains("grpc-status: 0\r\n"));

    let (headers, text) = call("told", "application/grpc-web-text").await;
    assert_eq!(headers["content-type"], "application/grpc-web-text+proto");
    assert!(text.iter().all(u8::is_ascii));

    let (headers, _) = call("g99", "application/grpc-web+proto").await;
    assert_eq!(headers["grpc-status"], "5");
    assert!(headers.contains_key("grpc-status-details-bin"));
}

#[tokio::test]
async fn broken_grpc_web_is_the_callers_fault() {
    let world = World::start().await;
    for (kind, body) in
        [("application/grpc-web", "xx"), ("application/grpc-web-text", "!!!!"), ("application/grpc-web-text", "")]
    {
        let path = "/ngkt.registry.v1.AgencyService/GetAgency";
        let answer = world.send(world.request(Method::POST, path).header("content-type", kind).body(body)).await;
        assert_eq!((answer.status, answer.header("grpc-status")), (200, "3"), "{kind} {body}");
    }
    let h1 = world
        .request(Method::POST, "/ngkt.registry.v1.AgencyService/GetAgency")
        .header("content-type", "application/grpc");
    assert_eq!(world.send(h1.body("x")).await.status, 400);
}
