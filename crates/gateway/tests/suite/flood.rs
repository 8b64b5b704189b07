//! Frames of HTTP/2 that cost their sender little: thrown in masses they must cost nobody else anything.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::World;

/// How long each flood lasts, if it is let.
const LONG: Duration = Duration::from_secs(2);

const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;
const END_OF_STREAM: u8 = 1;
const END_OF_HEADERS: u8 = 4;

/// `GET` and `POST` of `/` at `x`, out of HPACK's table.
const GET: &[u8] = &[0x82, 0x86, 0x84, 0x41, 1, b'x'];
const POST: &[u8] = &[0x83, 0x86, 0x84, 0x41, 1, b'x'];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header of 100 bytes, not to be remembered.
fn header() -> Vec<u8> {
    [&[0, 1, b'x', 100][..], &[b'y'; 100]].concat()
}

/// The frames number `number` of a flood.
fn flood(what: &str, number: u32) -> Vec<u8> {
    let stream = 2 * number + 1;
    match what {
        "requests that are taken back" => {
            [frame(HEADERS, END_OF_STREAM | END_OF_HEADERS, stream, GET), frame(RESET, 0, stream, &8_u32.to_be_bytes())]
                .concat()
        }
        "a head without end" if number == 0 => frame(HEADERS, END_OF_STREAM, 1, GET),
        "a head without end" => frame(CONTINUATION, 0, 1, &header()),
        "a body of nothing" if number == 0 => frame(HEADERS, END_OF_HEADERS, 1, POST),
        "a body of nothing" => frame(0, 0, 1, &[]),
        "pings" => frame(PING, 0, 0, b"12345678"),
        "settings" => frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]),
        "windows" => frame(WINDOW, 0, 0, &1_u32.to_be_bytes()),
        _ => frame(PRIORITY, 0, stream, &[0, 0, 0, 0, 10]),
    }
}

/// Sends a flood; true if the connection was ended.
async fn send(world: &World, what: &str) -> bool {
    let (mut near, mut far) = TcpStream::connect(world.address).await.unwrap().into_split();
    let begin = Instant::now();
    let pour = async {
        let begun = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &[])].concat();
        far.write_all(&begun).await?;
        let mut number = 0;
        while begin.elapsed() < LONG {
            let frames: Vec<u8> = (number..number + 100).flat_map(|number| flood(what, number)).collect();
            number += 100;
            far.write_all(&frames).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    let ended = async {
        let mut buffer = vec![0; 64 << 10];
        while matches!(near.read(&mut buffer).await, Ok(1..)) {}
    };
    tokio::select! {
        poured = pour => poured.is_err(),
        () = ended => true,
    }
}

#[tokio::test]
async fn floods_disturb_nobody() {
    let world = World::start().await;
    for (what, ends) in [
        ("requests that are taken back", true),
        ("a head without end", true),
        ("a body of nothing", true),
        ("pings", false),
        ("settings", false),
        ("windows", false),
        ("priorities", false),
    ] {
        let mut ended = std::pin::pin!(send(&world, what));
        let ended = loop {
            let begin = Instant::now();
            let other = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                world.get("/v1/agencies/told").await.status
            };
            tokio::select! {
                biased;
                ended = &mut ended => break ended,
                status = other => assert_eq!(status, 200, "{what}"),
            }
            assert!(begin.elapsed() < Duration::from_secs(2), "{what}: {:?}", begin.elapsed());
        };
        assert!(ended || !ends, "{what} did not end the connection");
        assert_eq!(world.get("/v1/agencies/told").await.status, 200, "{what}");
    }
}
