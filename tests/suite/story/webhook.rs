//! Webhooks: what a province's own system gets to know, and what becomes of it when that system is not well.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::webhook::{Message, Receiver};
use crate::world::{World, eventually, stories};

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);

stories! {
    async fn a_message_says_what_happened_and_comes_once_for_each_endpoint(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let (receiver, endpoint) = registered(&province).await;
        for types in [json!(["engagement.*"]), json!(["engagement.created"]), json!([])] {
            subscribe(&province, json!({"endpoint": endpoint["name"], "changeTypes": types})).await;
        }
        let call = call(&mission, "Điện đàm").await;
        let message = receiver.wait_for("the call", |m| m.body["subject"] == call["name"]).await;
        assert!(message.signed, "{message:?}");
        let body = &message.body;
        assert_eq!((&body["specversion"], &body["type"], &body["source"]), (&json!("1.0"), &json!("engagement.created"), &json!("/ngkt/events")));
        assert_eq!((&body["resourceversion"], &body["actor"]), (&json!(1), &json!("missions/vn-in-emb")));
        let seen = province.get(&format!("/v1/{}", call["name"].as_str().expect("a name"))).await.ok();
        assert_eq!(body["data"], without_empty_lists(seen), "the data is what the owner would read");

        let deliveries = settled(&province, &endpoint, 1).await;
        assert_eq!(deliveries[0]["name"], format!("deliveries/{}", message.id));
        assert_eq!((&deliveries[0]["state"], &deliveries[0]["eventId"]), (&json!("DELIVERED"), &body["id"]));
        assert_eq!(deliveries[0]["attempts"][0]["httpStatus"], 200, "{}", deliveries[0]);
        assert_eq!(receiver.arrived().len(), 1, "{:?}", receiver.arrived());
        let stranger = world.province("ca-mau");
        assert!(stranger.all("deliveries", "").await.is_empty());
        for name in [deliveries[0]["name"].as_str(), endpoint["name"].as_str()] {
            let path = format!("/v1/{}", name.expect("a name"));
            assert_eq!(stranger.get(&path).await.reason(404), "NOT_FOUND");
        }
    }

    async fn a_secret_is_shown_once_and_can_be_changed_without_losing_a_message(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let (receiver, endpoint) = registered(&province).await;
        subscribe(&province, json!({"endpoint": endpoint["name"]})).await;
        let path = format!("/v1/{}", endpoint["name"].as_str().expect("a name"));
        let old = endpoint["secret"].as_str().expect("a secret").to_owned();
        assert!(old.starts_with("whsec_") && old.len() > 40, "{old}");
        assert_eq!(province.get(&path).await.ok()["secret"], Value::Null);
        assert_eq!(province.all("endpoints", "").await[0]["secret"], Value::Null);
        let log = province.get(&format!("/v1/notification/changes?resource={}", &path[4..])).await;
        assert!(!String::from_utf8_lossy(&log.body).contains(&old), "the change log holds the secret");
        assert_eq!(province.get(&format!("{path}:revealSecret")).await.ok(), json!({"secret": old}));

        let rotated = province.post(&format!("{path}:rotateSecret"), json!({})).await.ok();
        let new = rotated["secret"].as_str().expect("a secret").to_owned();
        assert_ne!(new, old);
        let shown = province.get(&format!("{path}:revealSecret")).await.ok();
        assert_eq!((&shown["secret"], &shown["previousSecret"]), (&json!(new), &json!(old)));
        for secret in [&old, &new] {
            receiver.trust(secret);
            arrives(&mission, &receiver, true).await;
        }
        world.clock().advance(days(2)).await;
        arrives(&mission, &receiver, true).await;
        receiver.trust(&old);
        arrives(&mission, &receiver, false).await;
        assert_eq!(world.auditor().get(&format!("{path}:revealSecret")).await.reason(403), "PERMISSION_DENIED");
    }

    async fn an_endpoint_that_is_gone_is_disabled_and_what_it_missed_is_kept(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let (receiver, endpoint) = registered(&province).await;
        subscribe(&province, json!({"endpoint": endpoint["name"]})).await;
        receiver.answer(410);
        let path = format!("/v1/{}", endpoint["name"].as_str().expect("a name"));
        call(&mission, "Cuộc gọi thứ nhất").await;
        eventually("the endpoint is disabled", || async { province.get(&path).await.ok()["state"] == "DISABLED" }).await;
        let disabled = province.get(&path).await.ok();
        assert!(disabled["disableReason"].as_str().is_some_and(|reason| reason.contains("410")), "{disabled}");
        assert_eq!(province.post(&format!("{path}:test"), json!({})).await.reason(400), "ENDPOINT_IS_DISABLED");

        let missed = call(&mission, "Cuộc gọi thứ hai").await;
        eventually("the second is pending", || async { of_state(&province, &endpoint, "PENDING").await.len() == 1 }).await;
        receiver.answer(200);
        assert_eq!(province.post(&format!("{path}:enable"), json!({})).await.ok()["state"], "ENABLED");
        receiver.wait_for("what was missed", |m| m.body["subject"] == missed["name"]).await;
        let replayed = province.post(&format!("{path}:replayFailed"), json!({})).await.ok();
        assert_eq!(replayed, json!({"deliveries": 1}));
        settled(&province, &endpoint, 2).await;
    }

    async fn an_endpoint_that_fails_for_days_is_disabled_and_gets_everything_once_it_is_enabled(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let (receiver, endpoint) = registered(&province).await;
        subscribe(&province, json!({"endpoint": endpoint["name"]})).await;
        receiver.answer(500);
        let first = call(&mission, "Cuộc gọi thứ nhất").await;
        eventually("it is disabled", || async {
            world.clock().advance(days(1)).await;
            disabled(&province, &endpoint).await
        }).await;
        let path = format!("/v1/{}", endpoint["name"].as_str().expect("a name"));
        let reason = province.get(&path).await.ok()["disableReason"].to_string();
        assert!(reason.contains("no message since"), "{reason}");
        let second = call(&mission, "Cuộc gọi thứ hai").await;
        receiver.answer(200);
        province.post(&format!("{path}:enable"), json!({})).await.ok();
        world.clock().advance(days(1)).await;
        for call in [&first, &second] {
            receiver.wait_for("what was missed", |m| m.body["subject"] == call["name"]).await;
        }
        let deliveries = settled(&province, &endpoint, 2).await;
        let attempts = deliveries[1]["attempts"].as_array().expect("attempts");
        assert!(attempts.len() > 2 && attempts[0]["httpStatus"] == 500 && attempts[0]["error"] != "", "{deliveries:?}");
        let log = province.get(&format!("/v1/notification/changes?resource={}&types=endpoint.disabled", &path[4..])).await.ok();
        assert_eq!(log["changes"][0]["actor"]["subject"], "services/notification", "{log}");
    }

    async fn nothing_waits_for_a_clock_that_has_fallen_back(world: &World) {
        world.clock().advance(HOUR).await;
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let (receiver, endpoint) = registered(&province).await;
        subscribe(&province, json!({"endpoint": endpoint["name"], "inbox": true})).await;
        receiver.answer(500);
        let before = call(&mission, "Cuộc gọi trước").await;
        eventually("it was tried", || async {
            of_state(&province, &endpoint, "PENDING").await.iter().any(|delivery| delivery["attempts"][0]["httpStatus"] == 500)
        }).await;
        receiver.answer(200);
        world.clock().fall_back(HOUR).await;
        receiver.wait_for("what waited", |m| m.body["subject"] == before["name"]).await;
        let after = call(&mission, "Cuộc gọi sau").await;
        receiver.wait_for("what was written after it", |m| m.body["subject"] == after["name"]).await;
        settled(&province, &endpoint, 2).await;
        eventually("the inbox has both", || async { province.all("inboxMessages", "").await.len() == 2 }).await;
    }

    async fn a_delivery_can_be_sent_again_under_the_same_id(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let (receiver, endpoint) = registered(&province).await;
        subscribe(&province, json!({"endpoint": endpoint["name"]})).await;
        call(&mission, "Điện đàm").await;
        let delivered = settled(&province, &endpoint, 1).await.remove(0);
        let path = format!("/v1/{}", delivered["name"].as_str().expect("a name"));
        let again = province.post(&format!("{path}:retry"), json!({})).await.ok();
        assert_eq!((&again["state"], &again["attempts"]), (&json!("PENDING"), &delivered["attempts"]));
        eventually("it came twice", || async { receiver.arrived().len() == 2 }).await;
        let arrived = receiver.arrived();
        assert_eq!((&arrived[0].id, &arrived[0].body), (&arrived[1].id, &arrived[1].body));
        let log = format!("/v1/notification/changes?resource={}", &path[4..]);
        eventually("it is on record", || async {
            province.get(&log).await.ok()["changes"][0]["type"] == "delivery.retried"
        }).await;
    }

    async fn one_endpoint_that_hangs_holds_up_nobody(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let (hanging, endpoint) = registered(&province).await;
        subscribe(&province, json!({"endpoint": endpoint["name"]})).await;
        hanging.hang();
        let (receiver, endpoint) = registered(&province).await;
        subscribe(&province, json!({"endpoint": endpoint["name"]})).await;
        let begin = std::time::Instant::now();
        for number in 0..30 {
            call(&mission, &format!("Cuộc gọi {number}")).await;
        }
        settled(&province, &endpoint, 30).await;
        assert!(begin.elapsed() < std::time::Duration::from_secs(12), "{:?}", begin.elapsed());
        assert_eq!(receiver.arrived().len(), 30);
    }

    async fn what_nobody_wants_any_more_is_not_sent(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let (receiver, endpoint) = registered(&province).await;
        subscribe(&province, json!({"endpoint": endpoint["name"]})).await;
        let path = format!("/v1/{}", endpoint["name"].as_str().expect("a name"));
        province.post(&format!("{path}:disable"), json!({"reason": "Bảo trì"})).await.ok();
        call(&mission, "Cuộc gọi thứ nhất").await;
        call(&mission, "Cuộc gọi thứ hai").await;
        eventually("both are pending", || async { of_state(&province, &endpoint, "PENDING").await.len() == 2 }).await;
        let name = of_state(&province, &endpoint, "PENDING").await[0]["name"].as_str().expect("a name").to_owned();
        let retired = province.post(&format!("/v1/{name}:retire"), json!({})).await.ok();
        assert_eq!(retired["state"], "CANCELLED", "{retired}");
        assert_eq!(province.post(&format!("/v1/{name}:retry"), json!({})).await.reason(400), "RETIRED");
        province.post(&format!("{path}:retire"), json!({})).await.ok();
        eventually("the other is cancelled", || async { of_state(&province, &endpoint, "CANCELLED").await.len() == 1 }).await;
        call(&mission, "Cuộc gọi thứ ba").await;
        assert_eq!(receiver.arrived().len(), 0);
    }

    async fn an_endpoint_can_be_tried(world: &World) {
        let province = world.province("quang-ninh");
        let (receiver, endpoint) = registered(&province).await;
        let path = format!("/v1/{}", endpoint["name"].as_str().expect("a name"));
        let delivery = province.post(&format!("{path}:test"), json!({})).await.ok();
        let message = receiver.wait_for("the trial", |m| m.body["type"] == "endpoint.test").await;
        assert!(message.signed && message.body["data"]["url"] == endpoint["url"], "{message:?}");
        assert_eq!(message.body["data"]["secret"], Value::Null);
        assert_eq!(delivery["name"], format!("deliveries/{}", message.id));
        settled(&province, &endpoint, 1).await;
    }

    async fn an_address_inside_a_network_is_refused(world: &World) {
        let province = world.province("quang-ninh");
        for url in ["https://10.0.0.1/hook", "https://169.254.169.254/latest", "https://[::1]/hook", "http://8.8.8.8/hook", "https://192.168.1.1"] {
            let problem = province.post("/v1/endpoints", json!({"url": url})).await.refused(400);
            assert!(problem.to_string().contains("url"), "{problem}");
        }
        let (_receiver, endpoint) = registered(&province).await;
        let path = format!("/v1/{}", endpoint["name"].as_str().expect("a name"));
        let problem = province.patch(&path, json!({"url": "https://10.0.0.1/hook"})).await.refused(400);
        assert!(problem.to_string().contains("not a public address"), "{problem}");
    }
}

/// A receiver that is registered as an endpoint of this body, which nothing is sent to yet.
pub async fn registered(actor: &Actor) -> (Receiver, Value) {
    let receiver = Receiver::start().await;
    let endpoint = actor.post("/v1/endpoints", json!({"url": receiver.url()})).await.ok();
    receiver.trust(endpoint["secret"].as_str().expect("a secret"));
    (receiver, endpoint)
}

pub async fn subscribe(actor: &Actor, subscription: Value) -> Value {
    actor.post("/v1/subscriptions", subscription).await.ok()
}

/// A telephone call that Quảng Ninh takes part in.
pub async fn call(mission: &Actor, title: &str) -> Value {
    let call = json!({"title": title, "kind": "CALL", "startDate": "2026-01-01", "localities": ["localities/quang-ninh"], "countries": ["countries/IN"]});
    mission.post("/v1/engagements", call).await.ok()
}

/// One more call arrives, rightly signed for what the receiver trusts, or not.
async fn arrives(mission: &Actor, receiver: &Receiver, signed: bool) {
    let call = call(mission, "Điện đàm").await;
    let about_it = |message: &Message| message.body["subject"] == call["name"];
    assert_eq!(receiver.wait_for("the call", about_it).await.signed, signed);
}

/// The deliveries to an endpoint, once so many of them are delivered.
async fn settled(actor: &Actor, endpoint: &Value, number: usize) -> Vec<Value> {
    let what = format!("{number} deliveries are made");
    eventually(&what, || async { of_state(actor, endpoint, "DELIVERED").await.len() == number }).await;
    of_state(actor, endpoint, "DELIVERED").await
}

/// REST writes empty lists of a record, a message leaves them out like all other defaults.
fn without_empty_lists(mut record: Value) -> Value {
    if let Some(fields) = record.as_object_mut() {
        fields.retain(|_, value| *value != json!([]));
    }
    record
}

async fn of_state(actor: &Actor, endpoint: &Value, state: &str) -> Vec<Value> {
    let name = endpoint["name"].as_str().expect("a name");
    actor.all("deliveries", &format!("endpoint={name}&state={state}")).await
}

async fn disabled(actor: &Actor, endpoint: &Value) -> bool {
    let path = format!("/v1/{}", endpoint["name"].as_str().expect("a name"));
    actor.get(&path).await.ok()["state"] == "DISABLED"
}
