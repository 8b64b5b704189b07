//! A border zone comes about stage by stage, and says what it lacks for the next one.

use serde_json::{Value, json};

use crate::world::clock::days;
use crate::world::{World, stories};

stories! {
    async fn a_zone_goes_from_stage_to_stage_and_no_milestone_is_forgotten(world: &World) {
        let (province, nobody) = (world.province("lang-son"), world.nobody());
        let zone = json!({
            "displayName": "Khu hợp tác kinh tế qua biên giới Đồng Đăng – Bằng Tường", "kind": "CROSS_BORDER_COOPERATION_ZONE",
            "country": "countries/CN", "localities": [{"locality": "localities/lang-son"}],
            "foreignLocalities": ["foreignLocalities/cn-guangxi"], "partnerships": ["partnerships/lang-son-cn"],
            "steps": [{"stage": "PROPOSED", "date": "2007"}],
        });
        let zone = province.post("/v1/borderZones?borderZoneId=dong-dang", zone).await.ok();
        assert_eq!((&zone["stage"], &zone["owner"]), (&json!("PROPOSED"), &json!("localities/lang-son")), "{zone}");
        let path = "/v1/borderZones/dong-dang";
        let verb = async |name: &str, body: Value| province.post(&format!("{path}:{name}"), body).await;

        let skipped = verb("advanceStage", json!({"stage": "AGREED", "reason": "Vội"})).await;
        assert_eq!(skipped.reason(400), "BORDER_ZONE_STAGE_SKIPPED", "{skipped}");
        assert!(skipped.json()["detail"].as_str().is_some_and(|said| said.contains("STUDY")), "{skipped}");
        for (title, due) in [("Đề án", 30), ("Khảo sát", 40)] {
            verb("addMilestone", json!({"title": title, "dueDate": world.clock().day(due)})).await.ok();
        }
        let check = nobody.get(&format!("{path}:checkStage")).await.ok();
        assert_eq!((&check["nextStage"], &check["ready"]), (&json!("STUDY"), &Value::Null), "{check}");
        assert_eq!(check["missing"].as_array().map(Vec::len), Some(2), "{check}");
        let blocked = verb("advanceStage", json!({"stage": "STUDY", "reason": "Đủ điều kiện"})).await;
        assert_eq!(blocked.reason(400), "BORDER_ZONE_MILESTONES_OPEN");
        assert!(blocked.json()["detail"].as_str().is_some_and(|said| said.contains("1 Đề án; 2 Khảo sát")), "{blocked}");

        world.clock().advance(days(31)).await;
        let late = nobody.get(path).await.ok();
        assert_eq!((&late["overdueMilestoneCount"], &late["milestones"][0]["overdue"]), (&json!(1), &json!(true)), "{late}");
        assert_eq!(nobody.all("borderZones", "overdue=true").await.len(), 1);
        verb("completeMilestone", json!({"number": 1, "evidence": "Quyết định phê duyệt"})).await.ok();
        let again = verb("completeMilestone", json!({"number": 1, "evidence": "Lần nữa"})).await;
        assert_eq!(again.reason(400), "BORDER_ZONE_MILESTONE_NOT_OPEN");
        assert_eq!(verb("completeMilestone", json!({"number": 7, "evidence": "?"})).await.reason(400), "BORDER_ZONE_MILESTONE_UNKNOWN");
        verb("dropMilestone", json!({"number": 2, "reason": "Gộp vào đề án"})).await.ok();
        assert!(nobody.all("borderZones", "overdue=true").await.is_empty());
        let advanced = verb("advanceStage", json!({"stage": "STUDY", "reason": "Đủ điều kiện", "document": "QĐ 1"})).await.ok();
        assert_eq!((&advanced["stage"], &advanced["steps"][1]["document"]), (&json!("STUDY"), &json!("QĐ 1")), "{advanced}");
        let before = nobody.get(&format!("{path}?asOf=2020-01-01")).await.ok();
        assert_eq!(before["stage"], "PROPOSED");

        verb("suspend", json!({"reason": "Dịch bệnh"})).await.ok();
        let held = verb("advanceStage", json!({"stage": "AGREED", "reason": "Tiếp"})).await;
        assert_eq!(held.reason(400), "BORDER_ZONE_NOT_RUNNING");
        assert_eq!(verb("resume", json!({"reason": "Mở lại"})).await.ok()["stage"], "STUDY");
        assert_eq!(nobody.all("borderZones", "stage=STUDY&country=CN&locality=localities/lang-son").await.len(), 1);
        assert_eq!(verb("close", json!({"reason": "Không thực hiện"})).await.ok()["stage"], "CLOSED");
        assert_eq!(verb("resume", json!({"reason": "Mở lại"})).await.reason(400), "BORDER_ZONE_NOT_SUSPENDED");

        let card = province.get("/v1/partnerships/lang-son-cn:scorecard").await.ok();
        let milestones = &card["milestonesOnTime"];
        assert_eq!((&milestones["sufficiency"], &milestones["cases"], &milestones["met"]), (&json!("INSUFFICIENT"), &json!(1), &Value::Null), "{card}");
    }

    async fn others_do_not_move_it(world: &World) {
        let zone = json!({
            "displayName": "Khu kinh tế cửa khẩu Móng Cái", "kind": "BORDER_GATE_ECONOMIC_ZONE", "country": "countries/CN",
            "localities": [{"locality": "localities/quang-ninh"}], "steps": [{"stage": "OPERATING"}],
        });
        world.ministry().post("/v1/borderZones?borderZoneId=mong-cai", zone).await.ok();
        let why = json!({"reason": "Thử"});
        let path = "/v1/borderZones/mong-cai";
        assert_eq!(world.province("lang-son").post(&format!("{path}:suspend"), why.clone()).await.reason(403), "PERMISSION_DENIED");
        assert_eq!(world.province("quang-ninh").post(&format!("{path}:suspend"), why.clone()).await.ok()["stage"], "SUSPENDED");
        let unseen = world.province("quang-ninh").post("/v1/borderZones/khong-co:suspend", why).await;
        assert_eq!(unseen.reason(404), "NOT_FOUND");
        let future = json!({
            "displayName": "Khu", "kind": "BORDER_GATE_ECONOMIC_ZONE", "country": "countries/CN",
            "localities": [{"locality": "localities/quang-ninh"}],
            "steps": [{"stage": "OPERATING", "date": world.clock().day(1)}],
        });
        let refused = world.ministry().post("/v1/borderZones?borderZoneId=khu", future).await;
        assert_eq!(refused.reason(400), "BORDER_ZONE_DATES_BROKEN");
    }
}
