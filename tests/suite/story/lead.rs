//! A lead: found by a mission, read by the localities that it names, moved from stage to stage as far as what is known of it allows.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::{World, scratch_claims};

scratch_claims! {
    async fn a_lead_is_read_by_those_whom_it_names_as_long_as_it_names_them(world: &World) {
        let (mission, province, other) = (world.mission("vn-in-emb"), world.province("quang-ninh"), world.province("ca-mau"));
        let lead = lead(&mission, json!({"localities": ["localities/quang-ninh"]})).await;
        let path = path(&lead);
        assert_eq!(lead["stage"], "NEW", "{lead}");
        assert_eq!(province.get(&path).await.ok()["title"], lead["title"]);
        assert_eq!(other.get(&path).await.reason(404), "NOT_FOUND");
        assert!(other.all("leads", "").await.iter().all(|seen| seen["name"] != lead["name"]));
        assert_eq!(province.patch(&path, json!({"title": "Khác"})).await.reason(403), "PERMISSION_DENIED");

        let moved = json!({"localities": ["localities/ca-mau"]});
        mission.patch(&format!("{path}?updateMask=localities"), moved).await.ok();
        assert_eq!(province.get(&path).await.reason(404), "NOT_FOUND");
        assert_eq!(other.get(&path).await.ok()["title"], lead["title"]);
    }

    async fn a_stage_tells_what_it_lacks_before_it_is_refused(world: &World) {
        let mission = world.mission("vn-in-emb");
        let lead = lead(&mission, json!({})).await;
        let path = path(&lead);
        let wanted = mission.get(&format!("{path}:checkStage")).await.ok();
        assert_eq!(wanted["stage"], "QUALIFIED", "{wanted}");
        assert_eq!(wanted["missingFields"], json!(["investorName", "interest", "sectors", "capitalMinMusd"]), "{wanted}");
        let refused = step(&mission, &path, "QUALIFIED").await;
        assert_eq!(refused.reason(400), "STAGE_INCOMPLETE");
        let named: Vec<Value> = refused.json()["violations"].as_array().expect("violations").iter().map(|v| v["field"].clone()).collect();
        assert_eq!(named, ["investorName", "interest", "sectors", "capitalMinMusd"], "{refused}");

        let known = json!({"investorName": "Một tập đoàn", "interest": "Nhà máy pin", "sectors": ["VSIC2025/C"], "capitalMinMusd": 50});
        mission.patch(&path, known).await.ok();
        let qualified = step(&mission, &path, "QUALIFIED").await.ok();
        assert_eq!((&qualified["stage"], &qualified["stageReason"]), (&json!("QUALIFIED"), &json!("Đã xác minh")), "{qualified}");
        let emptied = mission.patch(&format!("{path}?updateMask=interest"), json!({})).await;
        assert_eq!(emptied.reason(400), "STAGE_INCOMPLETE", "what a stage needs cannot be taken away");
    }

    async fn no_stage_is_skipped(world: &World) {
        let mission = world.mission("vn-in-emb");
        let path = path(&lead(&mission, json!({})).await);
        let refused = step(&mission, &path, "WON").await;
        assert_eq!(refused.reason(400), "STAGE_NOT_REACHABLE");
        assert!(refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("QUALIFIED or LOST")), "{refused}");
        let lost = step(&mission, &path, "LOST").await.ok();
        let log = mission.get(&format!("/v1/investment/changes?resource={}", lost["name"].as_str().expect("a name"))).await.ok();
        let kinds: Vec<&Value> = log["changes"].as_array().expect("changes").iter().map(|change| &change["type"]).collect();
        assert_eq!(kinds, ["lead.created", "lead.stageChanged"]);
    }

    async fn a_lead_refers_to_what_is_there(world: &World) {
        let mission = world.mission("vn-in-emb");
        for (field, value, named) in [
            ("country", json!("countries/QQ"), "country"),
            ("mission", json!("missions/vn-zz-emb"), "mission"),
            ("localities", json!(["localities/quang-ninh", "localities/bac-giang"]), "localities[1]"),
            ("opportunities", json!(["opportunities/none"]), "opportunities[0]"),
        ] {
            let mut body = json!({"title": "Thử", "country": "countries/IN"});
            body[field] = value;
            let refused = mission.post("/v1/leads", body).await;
            assert_eq!(refused.reason(400), "REFERENCE_NOT_FOUND", "{refused}");
            assert_eq!(refused.json()["metadata"]["field"], format!("lead.{named}"), "{refused}");
        }
    }

    async fn leads_are_found_by_what_they_are_about(world: &World) {
        let mission = world.mission("vn-kr-emb");
        let about = json!({"title": "Đóng tàu", "country": "countries/KR", "mission": "missions/vn-kr-emb",
            "localities": ["localities/khanh-hoa"], "sectors": ["VSIC2025/C"], "engagement": "engagements/elsewhere"});
        let lead = lead(&mission, about).await;
        for (query, found) in [
            ("country=countries/KR", true),
            ("country=countries/JP", false),
            ("mission=missions/vn-kr-emb&stage=NEW", true),
            ("stage=WON", false),
            ("locality=localities/khanh-hoa", true),
            ("locality=localities/hue", false),
            ("sector=VSIC2025/C", true),
            ("sector=VSIC2025/D", false),
            ("engagement=engagements/elsewhere", true),
            ("q=dong%20tau", true),
            ("q=dong%20xe", false),
        ] {
            let seen = mission.all("leads", query).await.iter().any(|seen| seen["name"] == lead["name"]);
            assert_eq!(seen, found, "{query}");
        }
    }
}

/// Records a lead with these fields besides what every one needs.
async fn lead(mission: &Actor, more: Value) -> Value {
    let mut body = json!({"title": "Nhà máy pin", "country": "countries/IN"});
    for (field, value) in more.as_object().expect("fields") {
        body[field] = value.clone();
    }
    mission.post("/v1/leads", body).await.ok()
}

fn path(lead: &Value) -> String {
    format!("/v1/{}", lead["name"].as_str().expect("a name"))
}

async fn step(mission: &Actor, path: &str, stage: &str) -> crate::world::answer::Answer {
    mission.post(&format!("{path}:changeStage"), json!({"stage": stage, "reason": "Đã xác minh"})).await
}
