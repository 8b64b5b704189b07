//! While the registry is away, investment and events go on with what they know of it; and what came to pass while events was
//! away is told when it is back.

use serde_json::json;

use crate::world::clock::days;
use crate::world::{Backend, World, eventually, own};

#[test]
fn references_are_checked_and_sums_rolled_up_while_the_registry_is_away() {
    own(Backend::Split, async |world| {
        world.running().kill("registry");
        goes_on(world).await;
        // What they know survives their own end, too.
        for role in ["investment", "events"] {
            world.running().kill(role);
            world.running().restart(role);
        }
        let sums = "/v1/fdiFlows:summarize?breakdown=NATIONAL";
        eventually("investment is back", || async { world.nobody().get(sums).await.status == 200 }).await;
        eventually("events is back", || async { world.auditor().get("/v1/engagements").await.status == 200 }).await;
        goes_on(world).await;
    });
}

async fn goes_on(world: &World) {
    let mission = world.mission("vn-in-emb");
    let engagement = |locality: &str| json!({"title": "Điện đàm", "kind": "CALL", "startDate": "2026-02-01", "localities": [locality]});
    mission.post("/v1/engagements", engagement("localities/quang-ninh")).await.ok();
    let refused = mission.post("/v1/engagements", engagement("localities/bac-giang")).await;
    assert_eq!(refused.reason(400), "REFERENCE_NOT_FOUND", "it had ended by then: {refused}");
    let lead = |country: &str| json!({"title": "Nhà máy", "country": country});
    mission.post("/v1/leads", lead("countries/IN")).await.ok();
    assert_eq!(mission.post("/v1/leads", lead("countries/QQ")).await.reason(400), "REFERENCE_NOT_FOUND");
    let query = "breakdown=LOCALITY&view=ROLLED_UP&locality=localities/bac-ninh&fromYear=2015&toYear=2020";
    let sums = world.nobody().get(&format!("/v1/fdiFlows:summarize?{query}")).await.ok();
    assert_eq!(sums["total"]["flows"], 12, "{sums}");
}

#[test]
fn a_due_date_that_passed_while_events_was_away_is_told_when_it_is_back() {
    own(Backend::Split, async |world| {
        let mission = world.mission("vn-in-emb");
        let meeting = json!({"title": "Gặp gỡ", "kind": "MEETING", "startDate": world.clock().day(0)});
        let meeting = mission.post("/v1/engagements", meeting).await.ok();
        let promise = json!({"title": "Kết nối", "engagement": meeting["name"], "dueDate": world.clock().day(3), "owner": "missions/vn-in-emb"});
        let promise = mission.post("/v1/commitments", promise).await.ok();
        world.running().kill("events");
        world.clock().advance(days(10)).await;
        world.running().restart("events");
        let log = format!(
            "/v1/events/changes?types=commitment.overdue&resource={}",
            promise["name"].as_str().expect("a name")
        );
        let told = async || match mission.get(&log).await {
            answer if answer.status == 200 => answer.json()["changes"].as_array().map_or(0, Vec::len),
            _ => 0,
        };
        eventually("it is told", || async { told().await == 1 }).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(told().await, 1, "once");
    });
}
