//! A province consults ministry and missions on its master plan, answers every comment, and closes.

use serde_json::{Value, json};

use super::promise::subscribed;
use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::{World, stories};

stories! {
    async fn every_comment_on_a_plan_is_answered_before_it_is_closed(world: &World) {
        let (province, ministry, mission) = (world.province("quang-ninh"), world.ministry(), world.mission("vn-jp-emb"));
        let name = opened(world, &province).await;
        let path = format!("/v1/{name}");
        let stranger = world.province("ca-mau");
        assert_eq!(stranger.get(&path).await.reason(404), "NOT_FOUND", "only who is invited");
        assert_eq!(stranger.post(&format!("{path}:addComment"), json!({"text": "Góp ý"})).await.reason(404), "NOT_FOUND");
        let own = province.post(&format!("{path}:addComment"), json!({"text": "Tự góp ý"})).await;
        assert_eq!(own.reason(403), "CONSULTATION_NOT_INVITED", "{own}");
        let nothing = summary(&province, &name).await;
        assert_eq!((&nothing["insufficient"], &nothing["acceptedShare"]), (&json!(true), &Value::Null), "{nothing}");
        assert_eq!(nothing["silent"], json!(["agencies/g08", "missions/vn-jp-emb"]), "{nothing}");

        let article = commented(&ministry, &name, json!({"section": "Điều 12", "text": "Nêu rõ thị trường", "proposedWording": "Nhật Bản, Hàn Quốc"})).await;
        let whole = commented(&mission, &name, json!({"text": "Bổ sung hợp tác địa phương với Nhật Bản"})).await;
        assert_eq!(mission.get(&format!("/v1/{article}")).await.reason(404), "NOT_FOUND", "what others said is between them and the province");
        ministry.patch(&format!("/v1/{article}"), json!({"section": "Điều 12 khoản 3"})).await.ok();
        let not_theirs = ministry.post(&format!("/v1/{article}:respond"), json!({"decision": "ACCEPTED"})).await;
        assert_eq!(not_theirs.reason(403), "PERMISSION_DENIED", "{not_theirs}");
        let closing = province.post(&format!("{path}:close"), json!({})).await;
        assert_eq!(closing.reason(400), "CONSULTATION_COMMENTS_UNANSWERED", "{closing}");
        assert_eq!(closing.json()["metadata"]["comments"], format!("{article}, {whole}"), "{closing}");

        let accepted = province.post(&format!("/v1/{article}:respond"), json!({"decision": "ACCEPTED"})).await.ok();
        assert_eq!(accepted["answeringOrganization"], "localities/quang-ninh", "{accepted}");
        let wordless = province.post(&format!("/v1/{whole}:respond"), json!({"decision": "REJECTED"})).await;
        assert_eq!(wordless.reason(400), "INVALID_ARGUMENT", "{wordless}");
        let unread = ministry.patch(&format!("/v1/{article}"), json!({"text": "Khác"})).await;
        assert_eq!(unread.reason(400), "CONSULTATION_COMMENT_ANSWERED", "{unread}");
        let rejected = json!({"decision": "REJECTED", "reason": "Đã có trong Đề án hợp tác"});
        province.post(&format!("/v1/{whole}:respond"), rejected).await.ok();
        let told = summary(&mission, &name).await;
        assert_eq!((&told["acceptedShare"], &told["total"]["rejected"]), (&json!(0.5), &json!(1)), "{told}");
        assert_eq!(told["bodies"][1]["organization"], "missions/vn-jp-emb", "{told}");

        assert_eq!(ministry.post(&format!("{path}:close"), json!({})).await.reason(403), "PERMISSION_DENIED");
        assert_eq!(province.post(&format!("{path}:close"), json!({"note": "Đã tiếp thu"})).await.ok()["status"], "CLOSED");
        let late = ministry.post(&format!("{path}:addComment"), json!({"text": "Còn một ý"})).await;
        assert_eq!(late.reason(400), "CONSULTATION_CLOSED", "{late}");
        assert_eq!(province.patch(&path, json!({"stage": "BEFORE_APPROVAL"})).await.reason(400), "CONSULTATION_CLOSED");
        let past = json!({"reason": "Sửa đổi lớn", "dueDate": world.clock().day(-1)});
        assert_eq!(province.post(&format!("{path}:reopen"), past).await.reason(400), "INVALID_ARGUMENT");
        let again = json!({"reason": "Sửa đổi lớn", "dueDate": world.clock().day(60)});
        assert_eq!(province.post(&format!("{path}:reopen"), again.clone()).await.ok()["status"], "OPEN");
        assert_eq!(province.post(&format!("{path}:reopen"), again).await.reason(400), "CONSULTATION_NOT_CLOSED");
        commented(&ministry, &name, json!({"text": "Còn một ý"})).await;
    }

    async fn the_day_for_comments_passes_by_the_clock(world: &World) {
        let (province, ministry) = (world.province("quang-ninh"), world.ministry());
        let receiver = subscribed(&ministry).await;
        let name = opened(world, &province).await;
        let in_time = commented(&ministry, &name, json!({"text": "Đúng hạn"})).await;
        assert!(ministry.all("planConsultations", "overdue=true").await.is_empty());
        world.clock().advance(days(21)).await;
        receiver.wait_for("that comments are due", |m| m.body["type"] == "planConsultation.due" && m.body["subject"] == *name).await;
        assert_eq!(ministry.get(&format!("/v1/{name}")).await.ok()["overdue"], true);
        assert_eq!(ministry.all("planConsultations", "overdue=true&invited=agencies/g08").await.len(), 1);
        let late = commented(&ministry, &name, json!({"text": "Muộn"})).await;
        assert_eq!(ministry.get(&format!("/v1/{late}")).await.ok()["late"], true);
        let listed = province.all("planComments", &format!("planConsultation={name}")).await;
        let names: Vec<&str> = listed.iter().filter_map(|comment| comment["name"].as_str()).collect();
        assert_eq!(names, [in_time.as_str(), &late], "the earliest first");
        let back = ministry.post(&format!("/v1/{late}:retire"), json!({})).await.ok();
        assert!(back["retireTime"].is_string(), "{back}");
        province.post(&format!("/v1/{in_time}:respond"), json!({"decision": "ACCEPTED_IN_PART", "reason": "Một phần"})).await.ok();
        province.post(&format!("/v1/{name}:close"), json!({})).await.ok();
        assert_eq!(ministry.get(&format!("/v1/{name}")).await.ok()["overdue"], Value::Null, "closed is not overdue");
    }
}

async fn opened(world: &World, province: &Actor) -> String {
    let plan = json!({
        "title": "Quy hoạch tỉnh Quảng Ninh", "planKind": "MASTER_PLAN", "stage": "DRAFTING",
        "documentUrl": "https://example.org/quy-hoach.pdf", "dueDate": world.clock().day(20),
        "invited": ["missions/vn-jp-emb", "agencies/g08"],
    });
    let opened = province.post("/v1/planConsultations", plan).await.ok();
    assert_eq!(opened["status"], "OPEN", "{opened}");
    opened["name"].as_str().expect("a name").to_owned()
}

async fn commented(who: &Actor, consultation: &str, comment: Value) -> String {
    let comment = who.post(&format!("/v1/{consultation}:addComment"), comment).await.ok();
    assert_eq!(
        (&comment["owner"], &comment["decision"]),
        (&json!(who.organization), &json!("UNANSWERED")),
        "{comment}"
    );
    comment["name"].as_str().expect("a name").to_owned()
}

async fn summary(who: &Actor, consultation: &str) -> Value {
    who.get(&format!("/v1/{consultation}:summarize")).await.ok()
}
