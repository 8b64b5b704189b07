//! Kill -9: each role dies in the middle of the work and comes back. Nothing that was acknowledged is lost, nothing that
//! was repeated happens twice, everything is delivered at least once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::promise::subscribed;
use crate::world::actor::Actor;
use crate::world::{Backend, World, eventually, own};

const ROLES: [&str; 5] = ["events", "notification", "registry", "investment", "gateway"];

#[test]
fn nothing_acknowledged_is_lost_when_roles_are_killed_on_sqlite() {
    own(Backend::Split, nothing_acknowledged_is_lost);
}

#[test]
fn nothing_acknowledged_is_lost_when_roles_are_killed_on_postgres() {
    own(Backend::SplitPostgres, nothing_acknowledged_is_lost);
}

async fn nothing_acknowledged_is_lost(world: &World) {
    let province = world.province("quang-ninh");
    let receiver = subscribed(&province).await;
    let stop = AtomicBool::new(false);
    let killing = async {
        for role in ROLES {
            tokio::time::sleep(Duration::from_millis(700)).await;
            world.running().kill(role);
            tokio::time::sleep(Duration::from_millis(300)).await;
            world.running().restart(role);
            world.wait_until_ready().await;
        }
        stop.store(true, Ordering::SeqCst);
    };
    let (engagements, leads, ()) =
        tokio::join!(write(world, "engagements", engagement, &stop), write(world, "leads", lead, &stop), killing);
    for (collection, acknowledged) in [("engagements", engagements), ("leads", leads)] {
        assert!(acknowledged.len() > 10, "{collection}: only {} writes got through", acknowledged.len());
        is_there_once(&world.mission("vn-in-emb"), collection, &acknowledged).await;
        let delivered = || {
            let arrived = receiver.arrived().into_iter().filter(|m| m.signed && m.answered == 200);
            let subjects: BTreeSet<String> =
                arrived.filter_map(|m| m.body["subject"].as_str().map(str::to_owned)).collect();
            acknowledged.values().filter(|name| !subjects.contains(*name)).count()
        };
        eventually(&format!("all {collection} are delivered"), || async { delivered() == 0 }).await;
    }
}

#[test]
fn a_platform_that_was_stopped_goes_on_where_it_was() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        own(backend, async |world| {
            let mission = world.mission("vn-in-emb");
            let kept = mission.post("/v1/engagements", engagement("kept")).await.ok();
            let before = mission.all("countries", "").await;
            world.running().stop_and_start().await;
            world.wait_until_ready().await;
            let mission = world.mission("vn-in-emb");
            assert_eq!(mission.get(&format!("/v1/{}", kept["name"].as_str().expect("a name"))).await.ok(), kept);
            assert_eq!(mission.all("countries", "").await, before, "loading the reference data again changed it");
        });
    }
}

/// Writes record after record, each until it is acknowledged, under a key of its own. Gives names by title.
async fn write(
    world: &World,
    collection: &str,
    record: fn(&str) -> Value,
    stop: &AtomicBool,
) -> BTreeMap<String, String> {
    let mission = world.mission("vn-in-emb");
    let mut acknowledged = BTreeMap::new();
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let title = format!("{collection}-{number}");
        let name = until_acknowledged(&mission, collection, &title, record(&title)).await;
        acknowledged.insert(title, name);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    acknowledged
}

async fn until_acknowledged(mission: &Actor, collection: &str, key: &str, record: Value) -> String {
    for _ in 0..600 {
        if let Some(answer) = mission.try_post(&format!("/v1/{collection}"), key, record.clone()).await {
            match answer.status {
                200 => return answer.json()["name"].as_str().expect("a name").to_owned(),
                // Not there just now, or still at it under the same key.
                409 | 429 | 503 | 504 => {}
                _ => panic!("{answer}"),
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{key} was not acknowledged within 30 s");
}

async fn is_there_once(mission: &Actor, collection: &str, acknowledged: &BTreeMap<String, String>) {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in mission.all(collection, "").await {
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        found.entry(text("title")).or_default().push(text("name"));
    }
    for (title, name) in acknowledged {
        assert_eq!(found.get(title), Some(&vec![name.clone()]), "{title}");
    }
}

fn engagement(title: &str) -> Value {
    json!({"title": title, "kind": "CALL", "startDate": "2026-01-01", "localities": ["localities/quang-ninh"]})
}

fn lead(title: &str) -> Value {
    json!({"title": title, "country": "countries/IN", "localities": ["localities/quang-ninh"]})
}
