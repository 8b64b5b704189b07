//! Subscriptions: who is told of what, and who is not.

use serde_json::{Value, json};

use super::webhook::{call, registered, subscribe};
use crate::world::actor::Actor;
use crate::world::{World, stories};

stories! {
    async fn a_subscription_starts_from_now_and_can_rest(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        call(&mission, "trước").await;
        let subscription = subscribe(&province, json!({"inbox": true})).await;
        call(&mission, "một").await;
        has_heard(&province, &["một"]).await;
        let path = format!("/v1/{}", subscription["name"].as_str().expect("a name"));
        province.patch(&path, json!({"paused": true})).await.ok();
        call(&mission, "trong lúc nghỉ").await;
        // A second ear, so that it is known when the first would have heard.
        let witness = world.mission("vn-in-emb");
        subscribe(&witness, json!({"inbox": true})).await;
        call(&mission, "cũng vậy").await;
        has_heard(&witness, &["cũng vậy"]).await;
        province.patch(&path, json!({"paused": false, "updateMask": "paused"})).await;
        province.patch(&format!("{path}?updateMask=paused"), json!({"paused": false})).await.ok();
        call(&mission, "hai").await;
        has_heard(&province, &["hai", "một"]).await;
        province.post(&format!("{path}:retire"), json!({})).await.ok();
        call(&mission, "ba").await;
        has_heard(&witness, &["ba", "cũng vậy", "hai"]).await;
        has_heard(&province, &["hai", "một"]).await;
    }

    async fn places_are_alternatives_and_types_stand_beside_them(world: &World) {
        let mission = world.mission("vn-in-emb");
        let province = world.province("quang-ninh");
        let region = region_of(world, "localities/quang-ninh").await;
        for (described, filters, hears) in [
            ("the country", json!({"countries": ["countries/IN"]}), true),
            ("another country", json!({"countries": ["countries/JP"]}), false),
            ("another country or the locality", json!({"countries": ["countries/JP"], "localities": ["localities/quang-ninh"]}), true),
            ("the region", json!({"regions": [region]}), true),
            ("the country, another type", json!({"countries": ["countries/IN"], "changeTypes": ["lead.*"]}), false),
            ("another service", json!({"services": ["investment"]}), false),
        ] {
            let (receiver, endpoint) = registered(&province).await;
            let mut subscription = filters;
            subscription["endpoint"] = endpoint["name"].clone();
            subscription["description"] = json!(described);
            let subscription = subscribe(&province, subscription).await;
            let (witness, ear) = registered(&province).await;
            let witnessing = subscribe(&province, json!({"endpoint": ear["name"]})).await;
            let call = call(&mission, described).await;
            witness.wait_for("the call", |m| m.body["subject"] == call["name"]).await;
            // Both are decided in one transaction; sending takes a moment.
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            assert_eq!(!receiver.arrived().is_empty(), hears, "{described}");
            for record in [&subscription, &witnessing, &endpoint, &ear] {
                province.post(&format!("/v1/{}:retire", record["name"].as_str().expect("a name")), json!({})).await.ok();
            }
        }
    }

    async fn nobody_is_told_what_it_may_not_see(world: &World) {
        let (mission, ministry) = (world.mission("vn-in-emb"), world.ministry());
        let stranger = world.province("ca-mau");
        for actor in [&stranger, &ministry] {
            subscribe(actor, json!({"inbox": true, "reach": "VISIBLE"})).await;
        }
        let closed = call(&mission, "kín").await;
        let shared = json!({"title": "cho mọi cơ quan", "kind": "CALL", "startDate": "2026-01-01", "audience": {"circle": "GOVERNMENT"}});
        mission.post("/v1/engagements", shared).await.ok();
        has_heard(&stranger, &["cho mọi cơ quan"]).await;
        has_heard(&ministry, &["cho mọi cơ quan"]).await;
        let path = format!("/v1/{}", closed["name"].as_str().expect("a name"));
        assert_eq!(stranger.get(&path).await.reason(404), "NOT_FOUND");
    }

    async fn a_subscription_that_could_never_work_is_refused(world: &World) {
        let (province, stranger) = (world.province("quang-ninh"), world.province("ca-mau"));
        let (_receiver, endpoint) = registered(&stranger).await;
        for (subscription, reason, named) in [
            (json!({}), "INVALID_ARGUMENT", "endpoint"),
            (json!({"inbox": true, "changeTypes": ["comitment.*"]}), "INVALID_ARGUMENT", "changeTypes[0]"),
            (json!({"inbox": true, "changeTypes": ["everything"]}), "INVALID_ARGUMENT", "change"),
            (json!({"inbox": true, "services": ["weather"]}), "INVALID_ARGUMENT", "services"),
            (json!({"inbox": true, "countries": ["localities/quang-ninh"]}), "INVALID_ARGUMENT", "countries"),
            (json!({"endpoint": endpoint["name"]}), "REFERENCE_NOT_FOUND", "endpoint"),
            (json!({"endpoint": "endpoints/none"}), "REFERENCE_NOT_FOUND", "endpoint"),
            (json!({"inbox": true, "owner": "localities/ca-mau"}), "PERMISSION_DENIED", "localities/ca-mau"),
        ] {
            let answer = province.post("/v1/subscriptions", subscription).await;
            let status = answer.status;
            assert_eq!(answer.reason(status), reason, "{answer}");
            assert!((400..500).contains(&status) && answer.to_string().contains(named), "{answer}");
        }
    }
}

/// Waits until the titles of what an actor has in its inbox are these.
async fn has_heard(actor: &Actor, titles: &[&str]) {
    let heard = || async {
        let messages = actor.all("inboxMessages", "").await;
        let mut heard: Vec<String> =
            messages.iter().filter_map(|m| m["payload"]["title"].as_str().map(str::to_owned)).collect();
        heard.sort();
        heard
    };
    let mut last = Vec::new();
    for _ in 0..100 {
        last = heard().await;
        if last == titles {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} has heard {last:?}, not {titles:?}", actor.organization);
}

async fn region_of(world: &World, locality: &str) -> Value {
    let regions = world.nobody().all("regions", "").await;
    let today = world.clock().day(0);
    let holds = |member: &Value| {
        let day = |field: &str| member[field].as_str().unwrap_or_default().to_owned();
        member["locality"] == locality
            && day("validFrom") <= today
            && (day("validTo").is_empty() || today <= day("validTo"))
    };
    let region = regions.iter().find(|region| region["members"].as_array().is_some_and(|all| all.iter().any(holds)));
    region.unwrap_or_else(|| panic!("no region of {locality}"))["name"].clone()
}
