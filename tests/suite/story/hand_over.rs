//! Two provinces become one: what they were asked for is the new one's to answer, who spoke for them no longer does, and what
//! they said of themselves stays theirs.

use serde_json::{Value, json};

use crate::world::clock::days;
use crate::world::{World, stories};

stories! {
    async fn a_merger_takes_along_what_is_open_and_leaves_what_was_said(world: &World) {
        let (ministry, old) = (world.ministry(), world.province("ca-mau"));
        let day = |days| world.clock().day(days);
        let asked = json!({"period": "2027", "dueDate": day(30), "localities": ["localities/ca-mau", "localities/an-giang"]});
        let asked = ministry.post("/v1/prioritySubmissions:request", asked).await.ok();
        let submission = asked["requested"][1]["name"].as_str().expect("a name").to_owned();
        let point = json!({"body": "localities/ca-mau", "role": "PRIMARY", "personName": "Lê Văn Đạt", "validFrom": "2026-01-01"});
        let point = old.post("/v1/focalPoints", point).await.ok()["name"].as_str().expect("a name").to_owned();
        let profile = json!({
            "locality": "localities/ca-mau", "period": &day(0)[..4], "strengths": [{"text": "Tôm"}],
            "prioritySectors": ["VSIC2025/A"], "needs": [{"kind": "MARKETS", "text": "Thị trường mới"}],
        });
        let profile = old.post("/v1/localityProfiles", profile).await.ok()["name"].as_str().expect("a name").to_owned();
        old.post(&format!("/v1/{profile}:submit"), json!({})).await.ok();
        ministry.post(&format!("/v1/{profile}:review"), json!({"decision": "ACCEPT"})).await.ok();
        let plan = json!({
            "title": "Chiến lược kinh tế biển", "planKind": "STRATEGY", "stage": "DRAFTING", "dueDate": day(60),
            "documentUrl": "https://example.org/kinh-te-bien.pdf", "invited": ["localities/ca-mau"],
        });
        let plan = ministry.post("/v1/planConsultations", plan).await.ok()["name"].as_str().expect("a name").to_owned();

        let merger = json!({
            "kind": "MERGE", "effectiveDate": day(10), "legalBasis": "Nghị quyết dùng để thử",
            "predecessors": ["localities/ca-mau", "localities/an-giang"],
            "successors": [{"displayName": "Đất Mũi", "type": "PROVINCE", "code": "99"}],
        });
        let preview = ministry.post("/v1/localities:previewSuccession", merger.clone()).await.ok();
        for (name, kind) in [
            (&submission, "prioritySubmission.handedOver"),
            (&point, "focalPoint.handedOver"),
            (&profile, "localityProfile.handedOver"),
            (&plan, "planConsultation.handedOver"),
        ] {
            assert!(moves(&preview["succession"], name, kind), "{kind} of {name}: {preview}");
        }
        assert_eq!(ministry.get(&format!("/v1/{point}")).await.ok()["validTo"], Value::Null, "a preview changes nothing");
        let recorded = ministry.post("/v1/localities:recordSuccession", merger).await.ok();
        assert!(moves(&recorded, &profile, "localityProfile.handedOver"), "{recorded}");
        let successor = recorded["successors"][0]["locality"].as_str().expect("a new unit").to_owned();
        let new = world.actor(&successor, &["locality-officer"]);

        let priorities = json!({"priorities": [{"text": "Kinh tế biển"}]});
        let too_early = new.post(&format!("/v1/{submission}:submit"), priorities.clone()).await;
        assert_eq!(too_early.reason(403), "PERMISSION_DENIED", "not before its first day: {too_early}");
        let ended = old.get(&format!("/v1/{point}")).await.ok();
        assert_eq!(ended["validTo"], day(9), "{ended}");
        assert!(ended["endReason"].as_str().is_some_and(|why| why.contains(&successor)), "{ended}");
        let kept = world.nobody().get(&format!("/v1/{profile}")).await.ok();
        assert_eq!((&kept["validTo"], &kept["successors"]), (&json!(day(9)), &json!([successor])), "{kept}");
        let invited = new.get(&format!("/v1/{plan}")).await.ok();
        assert_eq!(invited["invited"], json!(["localities/ca-mau", successor]), "{invited}");

        world.clock().advance(days(11)).await;
        let too_late = old.post(&format!("/v1/{submission}:submit"), priorities.clone()).await;
        assert_eq!(too_late.reason(403), "PERMISSION_DENIED", "{too_late}");
        let missing = ministry.get("/v1/prioritySubmissions:missing?period=2027").await.ok();
        let answering: Vec<&Value> = missing["missing"].as_array().expect("both").iter().map(|it| &it["answering"]).collect();
        assert_eq!(answering, [&json!([successor]), &json!([successor])], "{missing}");
        let today = world.clock().day(0);
        let asked = json!({"period": "2027", "dueDate": today, "localities": [successor]});
        let twice = ministry.post("/v1/prioritySubmissions:request", asked).await.ok();
        assert_eq!((twice["requested"].as_array().map_or(0, Vec::len), twice["existing"].as_array().map_or(0, Vec::len)), (0, 2), "{twice}");
        new.post(&format!("/v1/{submission}:submit"), priorities).await.ok();
        assert!(new.all("focalPoints", &format!("locality={successor}")).await.is_empty(), "it names its own");
        assert!(new.all("focalPoints", "locality=localities/ca-mau").await.is_empty());
        let holding = new.all("localityProfiles", &format!("locality=localities/ca-mau&asOf={today}")).await;
        assert!(holding.is_empty(), "{holding:?}");
        new.post(&format!("/v1/{plan}:addComment"), json!({"text": "Đồng ý"})).await.ok();
    }
}

fn moves(succession: &Value, name: &str, kind: &str) -> bool {
    let effects = succession["effects"].as_array().into_iter().flatten();
    effects.into_iter().any(|effect| effect["resource"] == name && effect["changeType"] == kind)
}
