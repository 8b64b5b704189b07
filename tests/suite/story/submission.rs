//! The ministry asks all localities for their priorities; one answers, the others are late by the clock and reminded.

use serde_json::{Value, json};

use super::promise::subscribed;
use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::webhook::Message;
use crate::world::{World, eventually, stories};

const PERIOD: &str = "2027-H1";

stories! {
    async fn whoever_has_not_submitted_is_found_and_reminded(world: &World) {
        let (ministry, province, other) = (world.ministry(), world.province("quang-ninh"), world.province("ca-mau"));
        let receiver = subscribed(&other).await;
        let today = world.clock().day(0);
        let there_are = world.nobody().all("localities", &format!("asOf={today}")).await.len();
        let asked = ask(world, &ministry, json!({"questions": ["Thị trường nào được ưu tiên?"]})).await.ok();
        let requested = asked["requested"].as_array().expect("those who were asked");
        assert_eq!((requested.len(), list(&asked["existing"]).len()), (there_are, 0));
        let of = |locality: &str| {
            let found = requested.iter().find(|it| it["locality"] == format!("localities/{locality}"));
            found.and_then(|it| it["name"].as_str()).expect("everybody was asked").to_owned()
        };
        let (own, others) = (of("quang-ninh"), of("ca-mau"));
        receiver.wait_for("the request", |m| is(m, "prioritySubmission.created", &others)).await;
        let twice = ask(world, &ministry, json!({})).await.ok();
        assert_eq!((list(&twice["requested"]).len(), list(&twice["existing"]).len()), (0, there_are), "nobody is asked twice");
        assert_eq!(names(&province.all("prioritySubmissions", "").await), [own.as_str()], "each sees its own");
        assert_eq!(province.get(&format!("/v1/{others}")).await.reason(404), "NOT_FOUND");

        submits_and_is_sent_back(world, &own).await;
        let mission = world.mission("vn-jp-emb");
        assert_eq!(mission.get(&format!("/v1/{own}")).await.reason(404), "NOT_FOUND", "not accepted yet");
        let accepted = ministry.post(&format!("/v1/{own}:review"), json!({"decision": "ACCEPT"})).await.ok();
        assert_eq!(accepted["status"], "ACCEPTED", "{accepted}");
        let seen = mission.all("prioritySubmissions", "sector=VSIC2025/C&q=cong nghiep ho tro").await;
        assert_eq!(names(&seen), [own.as_str()], "missions work by what was accepted");

        let in_time = missing(&ministry, "").await;
        assert_eq!(list(&in_time["missing"]).len(), there_are - 1, "{in_time}");
        assert!(list(&in_time["missing"]).iter().all(|it| it["daysLate"].is_null()), "{in_time}");
        let yesterday = missing(&ministry, &format!("&asOf={}", world.clock().day(-1))).await;
        assert!(yesterday["requestedCount"].is_null() && list(&yesterday["missing"]).is_empty(), "{yesterday}");

        world.clock().advance(days(12)).await;
        receiver.wait_for("that it is overdue", |m| is(m, "prioritySubmission.overdue", &others)).await;
        let late = missing(&ministry, "").await;
        let late = list(&late["missing"]);
        assert!(late.len() == there_are - 1 && late.iter().all(|it| it["daysLate"] == 2), "{late:?}");
        assert_eq!(other.get(&format!("/v1/{others}")).await.ok()["overdue"], true);
        assert_eq!(list(&missing(&other, "").await["missing"]).len(), 1, "a locality sees what is missing of its own");
    }

    async fn a_reminder_goes_to_each_who_is_missing_once_a_day(world: &World) {
        let ministry = world.ministry();
        let some = json!({"localities": ["localities/quang-ninh", "localities/ca-mau", "localities/ha-noi"]});
        let asked = ask(world, &ministry, some).await.ok();
        let of = |index: usize| asked["requested"][index]["name"].as_str().expect("a name").to_owned();
        let (ca_mau, ha_noi) = (of(0), of(1));
        let priorities = json!({"priorities": [{"text": "Thủy sản"}]});
        world.province("ca-mau").post(&format!("/v1/{ca_mau}:submit"), priorities).await.ok();
        for day in 1..=2 {
            let reminded = remind(&ministry).await;
            assert_eq!((list(&reminded["reminded"]).len(), list(&reminded["remindedBefore"]).len()), (2, 0), "{reminded}");
            let again = remind(&ministry).await;
            assert_eq!((list(&again["reminded"]).len(), list(&again["remindedBefore"]).len()), (0, 2), "{again}");
            eventually("each reminder is one entry of the log", || async {
                let log = ministry.get(&format!("/v1/registry/changes?resource={ha_noi}&types=prioritySubmission.reminded")).await.ok();
                list(&log["changes"]).len() == day
            }).await;
            world.clock().advance(days(1)).await;
        }
        assert_eq!(ministry.get(&format!("/v1/{ha_noi}")).await.ok()["reminderCount"], 2);
        assert!(ministry.get(&format!("/v1/{ca_mau}")).await.ok()["reminderCount"].is_null());

        let gone = ask(world, &ministry, json!({"localities": ["localities/bac-giang"]})).await;
        assert_eq!(gone.reason(400), "SUBMISSION_LOCALITY_ENDED", "{gone}");
        assert_eq!(gone.json()["metadata"]["successors"], "localities/bac-ninh", "{gone}");
        let past = json!({"period": PERIOD, "dueDate": world.clock().day(-1)});
        assert_eq!(ministry.post("/v1/prioritySubmissions:request", past).await.reason(400), "INVALID_ARGUMENT");
        let officer = world.province("ha-noi");
        assert_eq!(ask(world, &officer, json!({})).await.reason(403), "PERMISSION_DENIED");
        let later = json!({"dueDate": world.clock().day(40), "reason": "Sắp xếp lại bộ máy"});
        let later = ministry.post(&format!("/v1/{ha_noi}:postpone"), later).await.ok();
        assert_eq!(later["dueDate"], world.clock().day(40), "{later}");
    }
}

/// Quảng Ninh names its priorities, is sent back, and names them again.
async fn submits_and_is_sent_back(world: &World, own: &str) {
    let (ministry, province) = (world.ministry(), world.province("quang-ninh"));
    let lost = json!({"priorities": [{"text": "Một", "theme": "themes/khong-co"}]});
    assert_eq!(province.post(&format!("/v1/{own}:submit"), lost).await.reason(400), "REFERENCE_NOT_FOUND");
    assert_eq!(province.post(&format!("/v1/{own}:submit"), json!({})).await.reason(400), "INVALID_ARGUMENT");
    let priorities = json!({
        "priorities": [{
            "text": "Công nghiệp hỗ trợ", "sector": "VSIC2025/C", "partners": ["Keidanren"],
            "countries": ["countries/JP"], "needs": "Kết nối nhà đầu tư",
        }],
        "note": "Theo quy hoạch tỉnh",
    });
    let submitted = province.post(&format!("/v1/{own}:submit"), priorities.clone()).await.ok();
    assert_eq!(submitted["status"], "SUBMITTED", "{submitted}");
    let twice = province.post(&format!("/v1/{own}:submit"), priorities.clone()).await;
    assert_eq!(twice.reason(400), "SUBMISSION_NOT_AWAITED", "{twice}");
    let wordless = ministry.post(&format!("/v1/{own}:review"), json!({"decision": "SEND_BACK"})).await;
    assert_eq!(wordless.reason(400), "INVALID_ARGUMENT", "{wordless}");
    let back = json!({"decision": "SEND_BACK", "reason": "Nêu rõ đối tác"});
    assert_eq!(ministry.post(&format!("/v1/{own}:review"), back).await.ok()["status"], "SENT_BACK");
    let open = missing(&ministry, "").await;
    let sent_back = list(&open["missing"]).iter().find(|it| it["prioritySubmission"] == own).cloned();
    assert_eq!(sent_back.expect("it is missing again")["status"], "SENT_BACK");
    province.post(&format!("/v1/{own}:submit"), priorities).await.ok();
}

/// Asks for the period's priorities within ten days.
async fn ask(world: &World, who: &Actor, more: Value) -> crate::world::answer::Answer {
    let mut request = json!({"period": PERIOD, "dueDate": world.clock().day(10)});
    for (field, value) in more.as_object().expect("an object") {
        request[field] = value.clone();
    }
    who.post("/v1/prioritySubmissions:request", request).await
}

async fn missing(who: &Actor, query: &str) -> Value {
    who.get(&format!("/v1/prioritySubmissions:missing?period={PERIOD}{query}")).await.ok()
}

async fn remind(ministry: &Actor) -> Value {
    ministry.post("/v1/prioritySubmissions:remind", json!({"period": PERIOD})).await.ok()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn names(records: &[Value]) -> Vec<&str> {
    records.iter().filter_map(|record| record["name"].as_str()).collect()
}

fn is(message: &Message, kind: &str, resource: &str) -> bool {
    message.signed && message.body["type"] == kind && message.body["subject"] == resource
}
