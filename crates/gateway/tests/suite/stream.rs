//! Streams over REST.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::world::{Answer, World};

/// The events of an answer that ended: id, kind and data.
fn events(answer: &Answer) -> Vec<(String, String, Value)> {
    let of = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default().to_owned()
    };
    let blocks = answer.text.split("\n\n").filter(|block| block.contains("data: "));
    blocks
        .map(|block| (of(block, "id"), of(block, "event"), serde_json::from_str(&of(block, "data")).unwrap()))
        .collect()
}

#[tokio::test]
async fn changes_come_as_events_and_go_on_where_they_stopped() {
    let world = World::start().await;
    let watch = |query: &str| {
        world.request(Method::GET, &format!("/v1/registry/changes:watch{query}")).bearer_auth(world.token())
    };
    let first = world.send(watch("")).await;
    assert_eq!((first.status, first.header("content-type")), (200, "text/event-stream"));
    let told = events(&first);
    assert_eq!(told.iter().map(|(id, ..)| id.as_str()).collect::<Vec<_>>(), ["1", "2", "3", ""]);
    assert_eq!(told[0].2["changes"][0]["after"]["displayName"], "Bộ Ngoại giao");
    assert_eq!(told[0].2["changes"][0]["sequence"], "1");
    // What breaks after the beginning is the last event.
    assert_eq!((told[3].1.as_str(), told[3].2["reason"].as_str()), ("problem", Some("UNAVAILABLE")));
    assert_eq!(told[3].2["traceId"], first.header("trace-id"));

    let second = world.send(watch("").header("last-event-id", "3")).await;
    assert_eq!(events(&second)[0].0, "4");
    let by_query = world.send(watch("?cursor=7")).await;
    assert_eq!(events(&by_query)[0].0, "8");
}

#[tokio::test]
async fn a_stream_that_cannot_begin_is_a_problem() {
    let world = World::start().await;
    let refused = world.get("/v1/registry/changes:watch").await;
    assert_eq!((refused.status, refused.header("content-type")), (401, "application/problem+json"));
    let request = world.request(Method::GET, "/v1/registry/changes:watch?cursor=nonsense").bearer_auth(world.token());
    assert_eq!(world.send(request).await.json()["reason"], "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn streams_end_with_the_process() {
    let world = World::start().await;
    let request = world.request(Method::GET, "/v1/registry/changes:watch?types=forever.*").bearer_auth(world.token());
    let response = request.send().await.unwrap();
    let rest = tokio::spawn(response.text());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begin = std::time::Instant::now();
    world.host.stop().await;
    assert!(begin.elapsed() < Duration::from_millis(1_500), "{:?}", begin.elapsed());
    let text = rest.await.unwrap().unwrap();
    assert!(text.starts_with("retry: ") && !text.contains("event: problem"), "clients come again: {text}");
}
