//! Clients that are slow, large or many.

use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::World;

async fn connect(world: &World) -> TcpStream {
    TcpStream::connect(world.address).await.unwrap()
}

/// What comes until the other side closes.
async fn rest(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(8), socket.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "the connection stayed open");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn short_of_time() -> World {
    World::start_with(|config| {
        config.limits.header_seconds = 1;
        config.limits.body_seconds = 1;
        config.limits.idle_seconds = 3;
    })
    .await
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let world = short_of_time().await;
    let begin = Instant::now();
    assert_eq!(rest(&mut connect(&world).await).await, "");
    assert!((900..2_000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_head_that_drips_in_is_not_waited_for() {
    let world = short_of_time().await;
    for beginning in ["GET /v1/agencies HTTP/1.1\r\nhost: x\r\nx-slow: ", "PRI * HT"] {
        let (mut socket, begin) = (connect(&world).await, Instant::now());
        socket.write_all(beginning.as_bytes()).await.unwrap();
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if socket.write_all(b"a").await.is_err() {
                break;
            }
        }
        let _ = socket.read(&mut [0; 1024]).await;
        assert!(begin.elapsed() < Duration::from_millis(3_500), "{beginning}: {:?}", begin.elapsed());
        assert!(socket.write_all(b"a").await.is_err() || socket.read(&mut [0; 16]).await.unwrap_or(0) == 0);
    }
}

#[tokio::test]
async fn the_head_of_a_later_request_has_its_own_time() {
    let world = short_of_time().await;
    let mut socket = connect(&world).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut answer = [0; 2048];
    for _ in 0..3 {
        socket.write_all(request).await.unwrap();
        assert!(socket.read(&mut answer).await.unwrap() > 0);
        // Idle for longer than a head may take: that is another clock.
        tokio::time::sleep(Duration::from_millis(1_300)).await;
    }
    let begin = Instant::now();
    socket.write_all(&request[..20]).await.unwrap();
    assert_eq!(rest(&mut socket).await, "");
    assert!((900..2_500).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let world = short_of_time().await;
    let mut idle = connect(&world).await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut busy = connect(&world).await;
    busy.write_all(b"GET /v1/agencies/slow HTTP/1.1\r\nhost: x\r\nx-request-timeout: 5\r\n\r\n").await.unwrap();
    let begin = Instant::now();
    assert!(rest(&mut idle).await.contains("ALIVE"));
    assert!((2_500..4_500).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
    let mut answer = [0; 4096];
    let length = busy.read(&mut answer).await.unwrap();
    assert!(String::from_utf8_lossy(&answer[..length]).starts_with("HTTP/1.1 504"));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let world = short_of_time().await;
    let (mut socket, begin) = (connect(&world).await, Instant::now());
    // Far more answers than the sockets hold between them.
    let request = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n";
    let sent = tokio::time::timeout(Duration::from_secs(20), async {
        while socket.write_all(&request.repeat(100)).await.is_ok() {}
    });
    assert!(sent.await.is_ok(), "the connection stayed open");
    assert!(begin.elapsed() > Duration::from_millis(900), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn an_idle_connection_of_http2_is_told_to_go_away() {
    let world = short_of_time().await;
    let (mut socket, begin) = (connect(&world).await, Instant::now());
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    socket.write_all(&settings).await.unwrap();
    let mut bytes = Vec::new();
    tokio::time::timeout(Duration::from_secs(9), socket.read_to_end(&mut bytes)).await.unwrap().unwrap();
    assert!(begin.elapsed() > Duration::from_millis(2_500), "longer than a head may take: {:?}", begin.elapsed());
    assert!(bytes.windows(5).any(|frame| frame == [0, 0, 8, 7, 0]), "no GOAWAY in {bytes:?}");
}

#[tokio::test]
async fn a_slow_body_is_told_so() {
    let world = short_of_time().await;
    let mut socket = connect(&world).await;
    let head = format!(
        "POST /v1/agencies?agencyId=g1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\n{{",
        world.token()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_client_learns_why() {
    let world = World::start().await;
    let announced = world.write(Method::POST, "/v1/agencies?agencyId=g1", &" ".repeat(100 << 20)).await;
    assert_eq!((announced.status, announced.json()["reason"].as_str()), (413, Some("REQUEST_TOO_LARGE")));

    let chunks = futures::stream::iter((0..1600).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 << 10])));
    let mut socket = connect(&world).await;
    let head = format!(
        "POST /v1/agencies?agencyId=g1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\r\n",
        world.token()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = socket.split();
    let send = async {
        let mut chunks = std::pin::pin!(chunks);
        while let Some(Ok(chunk)) = futures::StreamExt::next(&mut chunks).await {
            let frame = [format!("{:x}\r\n", chunk.len()).as_bytes(), &chunk, b"\r\n"].concat();
            if to.write_all(&frame).await.is_err() {
                break;
            }
        }
    };
    let receive = async {
        let mut answer = vec![0; 4096];
        let length = from.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    let ((), answer) = futures::join!(send, receive);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_body_that_was_not_read_does_not_stand_before_the_next_request() {
    let world = World::start().await;
    for _ in 0..3 {
        let refused = world.send(world.request(Method::POST, "/v1/nope").body("{}")).await;
        assert_eq!((refused.status, refused.header("connection")), (404, "close"));
        assert_eq!(world.get("/healthz").await.status, 200);
    }
}

#[tokio::test]
async fn no_more_connections_than_there_is_room_for() {
    let world = World::start_with(|config| config.limits.connections_max = 2).await;
    let (first, _second) = (connect(&world).await, connect(&world).await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut third = connect(&world).await;
    third.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 1024];
    let waiting = tokio::time::timeout(Duration::from_millis(300), third.read(&mut answer)).await;
    assert!(waiting.is_err(), "it was let in");
    drop(first);
    assert!(third.read(&mut answer).await.unwrap() > 0);
}

#[tokio::test]
async fn bombs_are_refused_at_once() {
    let world = World::start().await;
    let begin = Instant::now();
    for body in ["[".repeat(4 << 20), "{\"source\":".repeat(400_000), format!("{{\"note\": {}", "[".repeat(2 << 20))] {
        let refused = world.write(Method::POST, "/v1/agencies?agencyId=g1", &body).await;
        assert_eq!(refused.status, 400);
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn what_is_at_work_is_finished_before_the_end() {
    let world = World::start().await;
    let mut idle = connect(&world).await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let slow = world.request(Method::GET, "/v1/agencies/slow").header("x-request-timeout", "0.5");
    let slow = tokio::spawn(async move { slow.send().await.unwrap().status().as_u16() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begin = Instant::now();
    world.host.stop().await;
    assert!((300..1_500).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
    assert_eq!(slow.await.unwrap(), 504);
    assert!(rest(&mut idle).await.contains("ALIVE"));
    assert!(TcpStream::connect(world.address).await.is_err());
}
