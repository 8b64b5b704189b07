//! Clients that ask for much and take little of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::{self, ResponseFuture, SendRequest};
use reqwest::Method;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::world::World;

/// What one answer is at least, in bytes.
const LARGE: usize = 300 << 10;
const LIST: &str = "/ngkt.registry.v1.AgencyService/ListAgencies";

/// A list of agencies with long notes.
async fn filled(world: &World) {
    let json = format!(r#"{{"displayName": "Cục", "code": "G08", "note": "{}"}}"#, "x".repeat(2_000));
    for number in 0..=LARGE / 2_000 {
        let created = world.write(Method::POST, &format!("/v1/agencies?agencyId=g{number}"), &json).await;
        assert_eq!(created.status, 200, "{}", created.text);
    }
}

/// An HTTP/2 client that has room for so many bytes of each answer, and whether its connection still stands.
async fn client(world: &World, window: u32) -> (SendRequest<Bytes>, tokio::task::JoinHandle<()>) {
    let socket = TcpStream::connect(world.address).await.unwrap();
    let (client, connection) = client::Builder::new().initial_window_size(window).handshake(socket).await.unwrap();
    (client, tokio::spawn(async move { drop(connection.await) }))
}

/// Asks for the list by gRPC.
async fn call(client: &SendRequest<Bytes>) -> ResponseFuture {
    let request = http::Request::post(format!("http://x{LIST}")).header("content-type", "application/grpc");
    let mut client = client.clone().ready().await.unwrap();
    let (answer, mut body) = client.send_request(request.header("te", "trailers").body(()).unwrap(), false).unwrap();
    body.send_data(Bytes::from_static(&[0; 5]), true).unwrap();
    answer
}

async fn get(client: &SendRequest<Bytes>, path: &str) -> ResponseFuture {
    let request = http::Request::get(format!("http://x{path}")).body(()).unwrap();
    client.clone().ready().await.unwrap().send_request(request, true).unwrap().0
}

#[tokio::test]
async fn who_takes_nothing_keeps_nobody_else_waiting() {
    let world = World::start_apart().await;
    filled(&world).await;
    let (client, _connection) = client(&world, 0).await;
    // More than any connection to a service could hold.
    let mut answers = Vec::new();
    for _ in 0..100 {
        answers.push(call(&client).await);
    }
    for answer in &mut answers {
        timeout(Duration::from_secs(10), answer).await.expect("it begins").unwrap();
    }
    for _ in 0..5 {
        let begin = Instant::now();
        let other = world.get("/v1/agencies").await;
        assert!(other.status == 200 && other.text.len() > LARGE, "{}", other.status);
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn one_connection_has_room_for_some_answers_and_is_told_so() {
    let world = World::start().await;
    filled(&world).await;
    let (client, _connection) = client(&world, 0).await;
    let mut told: BTreeMap<u16, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for _ in 0..100 {
        let answer = get(&client, "/v1/agencies").await.await.unwrap();
        *told.entry(answer.status().as_u16()).or_default() += 1;
        assert!(answer.status() == 200 || answer.headers().contains_key("retry-after"), "{answer:?}");
        kept.push(answer);
    }
    let fit = (16 << 20) / world.get("/v1/agencies").await.text.len();
    assert_eq!(told.keys().copied().collect::<Vec<_>>(), [200, 429], "{told:?}");
    assert!((fit - 1..=fit + 1).contains(&told[&200]), "{told:?}");
    // By gRPC likewise; and nobody else notices.
    let refused = call(&client).await.await.unwrap();
    assert_eq!(refused.headers()["grpc-status"], "8", "{refused:?}");
    assert_eq!(world.get("/v1/agencies").await.status, 200);
    // What is taken makes room again.
    drop(kept);
    let again = async || get(&client, "/v1/agencies").await.await.unwrap().status() == 200;
    let until = Instant::now() + Duration::from_secs(5);
    while !again().await {
        assert!(Instant::now() < until, "no room again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off_and_who_takes_little_is_not() {
    let world = World::start_with(|config| config.limits.body_seconds = 1).await;
    filled(&world).await;
    for path in ["/v1/agencies", "/openapi.json"] {
        let ((client, connection), begin) = (client(&world, 0).await, Instant::now());
        let _answer = get(&client, path).await.await.unwrap();
        // Asking for more does not help.
        let more = async {
            while client.clone().ready().await.is_ok() {
                drop(get(&client, "/v1/agencies/g08").await);
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::select! { _ = more => {}, ended = timeout(Duration::from_secs(6), connection) => ended.expect("it is cut off").unwrap() }
        assert!(begin.elapsed() > Duration::from_millis(900), "{path}: {:?}", begin.elapsed());
    }
    let (client, _connection) = client(&world, 32 << 10).await;
    let mut body = get(&client, "/v1/agencies").await.await.unwrap().into_body();
    let mut length = 0;
    while let Some(data) = body.data().await {
        let data = data.expect("it goes on");
        length += data.len();
        tokio::time::sleep(Duration::from_millis(300)).await;
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    assert!(length > LARGE, "{length}");
}
