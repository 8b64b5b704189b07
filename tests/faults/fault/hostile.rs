//! Requests that no decent client sends. None may be answered with a failure of the platform's own, or disturb others.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Played;
use crate::stage::{Allowed, Stage};

const AT_ONCE: usize = 16;
/// Clients that send the beginning of a head and no more, and how long they may.
const SLOW: usize = 100;
const SLOW_MAX: Duration = Duration::from_secs(14);
/// An answer to nonsense takes no work.
const ANSWER_MAX: Duration = Duration::from_secs(3);

pub async fn play(stage: &Stage, round: usize) -> Played {
    let (gateway, token) = (stage.platform.gateways[0], stage.platform.token("missions/vn-in-emb", "mission-officer"));
    let (faults, sent, slow) = (std::sync::Mutex::new(Vec::new()), AtomicUsize::new(0), AtomicUsize::new(0));
    let attack = async || {
        let numbers = stream::iter(0..stage.options.hostile);
        let corpus = numbers.for_each_concurrent(AT_ONCE, |number| {
            let request = request((round * 1_000_000 + number) as u64, &token);
            let (faults, sent) = (&faults, &sent);
            async move {
                let answer = speak(gateway, &request).await;
                sent.fetch_add(1, Relaxed);
                if is_failure(&answer) {
                    let (asked, said) = (text(&request, 200), text(&answer, 300));
                    faults.lock().expect("no holder panics").push(format!("{asked:?} -> {said:?}"));
                }
            }
        });
        let dawdlers = futures::future::join_all((0..SLOW).map(|_| dawdle(gateway)));
        let ((), held) = tokio::join!(corpus, dawdlers);
        slow.store(held.into_iter().filter(|held| *held).count(), Relaxed);
        Ok(())
    };
    let what = format!("{} malformed requests, {SLOW} slow heads", stage.options.hostile);
    stage.act("hostile", what, Allowed::NOTHING, attack, Duration::ZERO, async || Ok(())).await;
    let faults = faults.into_inner().expect("no holder panics");
    let complaint = faults.first().map(|first| format!("{} were answered with 5xx, such as {first}", faults.len()));
    stage.add(Some(format!("{} sent, {} answered with 5xx", sent.load(Relaxed), faults.len())), complaint);
    let slow = slow.load(Relaxed);
    stage.add(None, (slow > 0).then(|| format!("{slow} slow heads were borne longer than {SLOW_MAX:?}")));
    Ok(())
}

/// One malformed request, always the same for a number.
fn request(number: u64, token: &str) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(number);
    let head = |method: &str, path: &str, extra: &str| {
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{extra}")
    };
    let posted = |body: Vec<u8>, kind: &str| {
        let extra = format!("Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        [head("POST", "/v1/engagements", &extra).into_bytes(), body].concat()
    };
    let decent = json!({
        "title": "Gặp gỡ", "kind": "EVENT", "startDate": "2026-11-20", "countries": ["countries/IN"],
        "participants": [{"displayName": "Đoàn", "part": "chair"}], "agenda": [{"title": "Thương mại", "economic": true}],
        "source": {"title": "Công văn"}, "audience": {"circle": "OWNER"},
    });
    let noise = |random: &mut StdRng, length: usize| (0..length).map(|_| random.random()).collect::<Vec<u8>>();
    match number % 10 {
        0 => noise(&mut random, 400),
        1 => posted(spoilt(decent.to_string().into_bytes(), &mut random), "application/json"),
        2 => posted(noise(&mut random, 2_000), "application/grpc"),
        3 => posted("[".repeat(random.random_range(1..200_000)).into_bytes(), "application/json"),
        4 => {
            let path: String = noise(&mut random, 60).iter().map(|byte| format!("%{byte:02X}")).collect();
            head("GET", &format!("/v1/engagements/{path}"), "\r\n").into_bytes()
        }
        5 => {
            let query =
                spoilt(b"pageSize=20&pageToken=abc&q=%C4%90&fromDate=2026-01-01&kind=CALL".to_vec(), &mut random);
            let query: String =
                query.iter().map(|byte| if byte.is_ascii_graphic() { *byte as char } else { '%' }).collect();
            head("GET", &format!("/v1/engagements?{query}"), "\r\n").into_bytes()
        }
        6 => [&head("GET", "/v1/countries", "X-Junk: ").into_bytes()[..], &noise(&mut random, 3_000), b"\r\n\r\n"]
            .concat(),
        7 => posted(grown(&decent, &mut random).to_string().into_bytes(), "application/json"),
        8 => [
            &head("POST", "/v1/engagements", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                .into_bytes()[..],
            b"5\r\n{\"a\":\r\nzz\r\n",
            &noise(&mut random, 50),
        ]
        .concat(),
        _ => {
            let frames = noise(&mut random, 600);
            [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00".as_slice(), &frames].concat()
        }
    }
}

/// Some bytes changed, left out or put twice.
fn spoilt(mut text: Vec<u8>, random: &mut StdRng) -> Vec<u8> {
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..text.len());
        match random.random_range(0..3) {
            0 => text[at] = random.random(),
            1 => drop(text.remove(at)),
            _ => text.insert(at, text[at]),
        }
    }
    text
}

/// A value of another type, or too large a one, in one of the fields.
fn grown(decent: &serde_json::Value, random: &mut StdRng) -> serde_json::Value {
    let mut record = decent.clone();
    let fields = record.as_object_mut().expect("invariant: an object");
    let names: Vec<String> = fields.keys().cloned().collect();
    let name = &names[random.random_range(0..names.len())];
    let value = match random.random_range(0..8) {
        0 => json!(1e308),
        1 => json!("x".repeat(100_000)),
        2 => json!(vec![vec![0; 50]; 50]),
        3 => json!({"a": {"b": {"c": null}}}),
        4 => json!(-1),
        5 => json!("\u{0}\u{202e}\u{fffd}"),
        6 => json!(vec!["countries/IN"; 5_000]),
        _ => json!(false),
    };
    fields.insert(name.clone(), value);
    record
}

/// Sends, and gives the beginning of the answer.
async fn speak(gateway: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let talk = async {
        let mut socket = TcpStream::connect(gateway).await.ok()?;
        // Whoever refuses a request early closes while it is still being sent.
        let _ = socket.write_all(request).await;
        let _ = socket.shutdown().await;
        let mut buffer = [0; 2048];
        while let Ok(length @ 1..) = socket.read(&mut buffer).await {
            answer.extend_from_slice(&buffer[..length]);
            if answer.len() > 4096 {
                break;
            }
        }
        Some(())
    };
    let _ = tokio::time::timeout(ANSWER_MAX, talk).await;
    answer
}

/// 501 and 505 say that the client asks for what HTTP has and nobody serves.
fn is_failure(answer: &[u8]) -> bool {
    let status = text(answer, 12);
    status.starts_with("HTTP/1.1 5") && !status.ends_with("501") && !status.ends_with("505")
}

fn text(bytes: &[u8], length: usize) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(length)]).into_owned()
}

/// Sends next to nothing; true if that is borne for too long.
async fn dawdle(gateway: SocketAddr) -> bool {
    let Ok(mut socket) = TcpStream::connect(gateway).await else { return false };
    let _ = socket.write_all(b"GET /v1/countries HTTP/1.1\r\nHost: ").await;
    let begin = Instant::now();
    let mut buffer = [0; 512];
    loop {
        match tokio::time::timeout(Duration::from_secs(1), socket.read(&mut buffer)).await {
            Ok(Ok(1..)) => {}
            Ok(_) => return false,
            Err(_) if begin.elapsed() > SLOW_MAX => return true,
            Err(_) => {
                if socket.write_all(b"x").await.is_err() {
                    return false;
                }
            }
        }
    }
}
