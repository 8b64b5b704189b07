//! A promise and what becomes of it: a mission records a meeting, a lead and a commitment; the province concerned is
//! told; the due date passes; evidence closes it; and another province sees none of it.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::webhook::{Message, Receiver};
use crate::world::{World, eventually, stories};

stories! {
    async fn a_promise_is_followed_from_the_meeting_to_its_evidence(world: &World) {
        let (mission, province, other) = (world.mission("vn-in-emb"), world.province("quang-ninh"), world.province("ca-mau"));
        let receiver = subscribed(&province).await;
        let others_receiver = subscribed(&other).await;

        let meeting = meeting(world, &mission).await;
        let lead = mission.post("/v1/leads", json!({
            "title": "Nhà máy dược", "investorName": "Một tập đoàn Ấn Độ", "country": "countries/IN",
            "mission": "missions/vn-in-emb", "engagement": meeting,
        })).await.ok();
        let commitment = promise(world, &mission, &meeting, "localities/quang-ninh").await;
        let elsewhere = promise(world, &mission, &meeting, "localities/bac-ninh").await;
        assert_eq!(commitment["overdue"], Value::Null, "{commitment}");
        let name = commitment["name"].as_str().expect("a name");

        let message = receiver.wait_for("the promise", |m| is(m, "commitment.created", name)).await;
        assert_eq!(message.body["data"]["title"], "Kết nối nhà máy dược", "{message:?}");

        world.clock().advance(days(31)).await;
        let late = mission.get(&format!("/v1/{name}")).await.ok();
        assert_eq!(late["overdue"], true, "{late}");
        assert_eq!(late["status"], "OPEN", "{late}");
        receiver.wait_for("that it is overdue", |m| is(m, "commitment.overdue", name)).await;

        let refused = mission.post(&format!("/v1/{name}:fulfil"), json!({})).await;
        assert_eq!(refused.reason(400), "EVIDENCE_MISSING", "{refused}");
        let evidence = json!({"evidence": [{"kind": "DOCUMENT", "description": "Biên bản ghi nhớ"}]});
        let fulfilled = mission.post(&format!("/v1/{name}:fulfil"), evidence).await.ok();
        assert_eq!((&fulfilled["status"], &fulfilled["overdue"]), (&json!("FULFILLED"), &Value::Null), "{fulfilled}");
        receiver.wait_for("that it is fulfilled", |m| is(m, "commitment.fulfilled", name)).await;

        every_step_is_in_the_log(&mission, name).await;
        assert_eq!(kinds_in_inbox(&province, name).await, ["commitment.created", "commitment.fulfilled", "commitment.overdue"]);
        only_what_concerns_it(&receiver, name);
        for record in [&meeting, name, lead["name"].as_str().expect("a name"), elsewhere["name"].as_str().expect("a name")] {
            assert_eq!(other.get(&format!("/v1/{record}")).await.reason(404), "NOT_FOUND", "{record}");
            let log = if record.starts_with("leads/") { "investment" } else { "events" };
            let changes = other.get(&format!("/v1/{log}/changes?resource={record}")).await.ok();
            assert_eq!(changes["changes"], json!([]), "{record}");
        }
        for collection in ["engagements", "commitments", "leads", "inboxMessages"] {
            assert!(other.all(collection, "").await.is_empty(), "{collection}");
        }
        assert!(others_receiver.arrived().is_empty(), "{:?}", others_receiver.arrived());
    }

    async fn a_commitment_turns_overdue_by_the_clock_alone(world: &World) {
        let mission = world.mission("vn-in-emb");
        let meeting = meeting(world, &mission).await;
        let commitment = promise(world, &mission, &meeting, "localities/quang-ninh").await;
        let path = format!("/v1/{}", commitment["name"].as_str().expect("a name"));
        world.clock().advance(days(29)).await;
        assert_eq!(mission.get(&path).await.ok()["overdue"], Value::Null);
        assert!(mission.all("commitments", "overdue=true").await.is_empty());
        world.clock().advance(days(2)).await;
        let late = mission.get(&path).await.ok();
        assert_eq!(late["overdue"], true);
        let listed = mission.all("commitments", "overdue=true").await;
        assert_eq!(listed.iter().map(|record| &record["name"]).collect::<Vec<_>>(), [&late["name"]]);
        // That it became overdue is an entry of the log, and so a new version; but what is kept of it did not change.
        let kept = |record: &Value| {
            let mut record = record.clone();
            for field in ["overdue", "etag", "updateTime"] {
                record[field].take();
            }
            record
        };
        assert_eq!(kept(&late), kept(&commitment), "nothing but the clock moved");
    }

    async fn a_receiver_that_is_down_gets_everything_later(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let receiver = subscribed(&province).await;
        receiver.refuse_next(2);
        let meeting = meeting(world, &mission).await;
        let commitment = promise(world, &mission, &meeting, "localities/quang-ninh").await;
        let name = commitment["name"].as_str().expect("a name").to_owned();
        // Attempts are spaced by the clock: move it until the message is through.
        eventually("the message is taken", || async {
            world.clock().advance(std::time::Duration::from_secs(600)).await;
            receiver.arrived().iter().any(|m| m.answered == 200 && is(m, "commitment.created", &name))
        }).await;
        let tries: Vec<Message> = receiver.arrived().into_iter().filter(|m| is(m, "commitment.created", &name)).collect();
        assert!(tries.len() >= 2 && tries.iter().all(|m| m.id == tries[0].id && m.signed), "{tries:?}");
    }
}

/// A webhook of this body, subscribed to everything that concerns it.
pub async fn subscribed(actor: &Actor) -> Receiver {
    let receiver = Receiver::start().await;
    let endpoint = actor.post("/v1/endpoints", json!({"url": receiver.url()})).await.ok();
    receiver.trust(endpoint["secret"].as_str().expect("a secret"));
    actor.post("/v1/subscriptions", json!({"endpoint": endpoint["name"], "inbox": true})).await.ok();
    receiver
}

/// The mission's "Gặp gỡ Việt Nam".
async fn meeting(world: &World, mission: &Actor) -> String {
    let meeting = mission
        .post(
            "/v1/engagements",
            json!({
                "title": "Gặp gỡ Việt Nam", "kind": "EVENT", "format": "HYBRID", "mission": "missions/vn-in-emb",
                "countries": ["countries/IN"], "startDate": world.clock().day(0),
            }),
        )
        .await
        .ok();
    assert_eq!(meeting["owner"], "missions/vn-in-emb", "{meeting}");
    meeting["name"].as_str().expect("a name").to_owned()
}

async fn promise(world: &World, mission: &Actor, meeting: &str, beneficiary: &str) -> Value {
    let commitment = mission
        .post(
            "/v1/commitments",
            json!({
                "title": "Kết nối nhà máy dược", "engagement": meeting, "dueDate": world.clock().day(30),
                "owner": "missions/vn-in-emb", "beneficiary": beneficiary,
            }),
        )
        .await;
    commitment.ok()
}

fn is(message: &Message, kind: &str, resource: &str) -> bool {
    message.signed && message.body["type"] == kind && message.body["subject"] == resource
}

/// Everything that arrived is signed, about the one promise, and each event came under one id.
fn only_what_concerns_it(receiver: &Receiver, name: &str) {
    for message in receiver.arrived() {
        assert!(message.signed && message.body["subject"] == name, "{message:?}");
        assert!(message.timestamp > 1_700_000_000 && !message.id.is_empty(), "{message:?}");
    }
}

async fn every_step_is_in_the_log(mission: &Actor, name: &str) {
    let log = mission.get(&format!("/v1/events/changes?resource={name}")).await.ok();
    let changes = log["changes"].as_array().expect("a list of changes");
    let steps: Vec<(&str, &str)> = changes
        .iter()
        .map(|change| {
            (change["type"].as_str().unwrap_or_default(), change["actor"]["organization"].as_str().unwrap_or_default())
        })
        .collect();
    let (own, system) = ("missions/vn-in-emb", steps.get(1).map_or("", |(_, actor)| actor));
    assert_eq!(
        steps,
        [("commitment.created", own), ("commitment.overdue", system), ("commitment.fulfilled", own)],
        "{log}"
    );
    assert_ne!(system, own, "the clock did it, not the mission");
    assert_eq!(changes[0]["actor"]["subject"], mission.subject, "{log}");
}

/// The types of the changes of a resource in somebody's inbox, in alphabetical order.
async fn kinds_in_inbox(actor: &Actor, resource: &str) -> Vec<String> {
    let messages = actor.all("inboxMessages", "").await;
    let about_it = messages.iter().filter(|message| message["resource"] == resource);
    let mut kinds: Vec<String> = about_it.filter_map(|m| m["changeType"].as_str().map(str::to_owned)).collect();
    kinds.sort();
    kinds
}
