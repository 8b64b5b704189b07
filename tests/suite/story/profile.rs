//! A locality says what it is strong in and what it looks for; the ministry sends it back and accepts it; the next period's
//! profile takes its place, and a closed period is frozen.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::{World, stories};

stories! {
    async fn a_profile_is_written_sent_back_corrected_and_published(world: &World) {
        let (ministry, province, other) = (world.ministry(), world.province("quang-ninh"), world.province("ca-mau"));
        let year = year(world, 0);
        let foreign = json!({"locality": "localities/quang-ninh", "period": year});
        assert_eq!(other.post("/v1/localityProfiles", foreign).await.reason(400), "INVALID_ARGUMENT");
        let ended = json!({"locality": "localities/bac-giang", "period": year});
        let bac_giang = world.province("bac-giang");
        assert_eq!(bac_giang.post("/v1/localityProfiles", ended).await.reason(400), "PROFILE_LOCALITY_ENDED");

        let name = begun(&province, json!({"locality": "localities/quang-ninh", "period": year})).await;
        let path = format!("/v1/{name}");
        for stranger in [&ministry, &other, &world.nobody()] {
            assert_eq!(stranger.get(&path).await.reason(404), "NOT_FOUND", "a draft is its locality's");
        }
        let refused = province.post(&format!("{path}:submit"), json!({})).await;
        assert_eq!(refused.reason(400), "PROFILE_INCOMPLETE", "{refused}");
        assert_eq!(refused.json()["metadata"]["missing"], "strengths, priority_sectors, needs", "{refused}");

        province.patch(&path, content("Số liệu chưa có nguồn mới")).await.ok();
        let submitted = province.post(&format!("{path}:submit"), json!({})).await.ok();
        assert_eq!(submitted["status"], "SUBMITTED", "{submitted}");
        assert_eq!(other.get(&path).await.reason(404), "NOT_FOUND", "it waits for the ministry alone");
        let rewritten = province.patch(&path, json!({"summary": "Viết lại"})).await;
        assert_eq!(rewritten.reason(400), "PROFILE_NOT_EDITABLE", "{rewritten}");
        let twice = begun(&province, with(content("Hai"), json!({"locality": "localities/quang-ninh", "period": year}))).await;
        let refused = province.post(&format!("/v1/{twice}:submit"), json!({})).await;
        assert_eq!((refused.reason(400).as_str(), &refused.json()["metadata"]["other"]), ("PROFILE_ALREADY_WAITS", &json!(name)));

        let wordless = ministry.post(&format!("{path}:review"), json!({"decision": "SEND_BACK", "reason": "Chưa rõ"})).await;
        assert_eq!(wordless.reason(400), "INVALID_ARGUMENT", "{wordless}");
        let back = json!({"decision": "SEND_BACK", "reason": "Số liệu cũ", "corrections": [{"field": "key_figures", "note": "Thiếu năm"}]});
        let back = ministry.post(&format!("{path}:review"), back).await.ok();
        assert_eq!((&back["status"], &back["corrections"][0]["field"]), (&json!("SENT_BACK"), &json!("key_figures")), "{back}");
        let unchanged = province.post(&format!("{path}:submit"), json!({})).await;
        assert_eq!(unchanged.reason(400), "PROFILE_CORRECTIONS_OPEN", "{unchanged}");
        let corrected = json!({"keyFigures": [figure("2025")]});
        assert_eq!(province.patch(&path, corrected).await.ok()["corrections"][0]["changed"], true);
        province.post(&format!("{path}:submit"), json!({})).await.ok();
        let accepted = ministry.post(&format!("{path}:review"), json!({"decision": "ACCEPT"})).await.ok();
        assert_eq!((&accepted["status"], &accepted["validFrom"]), (&json!("ACCEPTED"), &json!(format!("{year}-01-01"))), "{accepted}");
        let today = world.clock().day(0);
        let holding = world.nobody().all("localityProfiles", &format!("locality=localities/quang-ninh&asOf={today}")).await;
        assert_eq!(names(&holding), [name.as_str()], "everybody reads what was accepted");
        for query in ["sector=VSIC2025/C", "theme=themes/chuyen-doi-so", "q=cang bien"] {
            let found = names(&world.nobody().all("localityProfiles", query).await);
            assert_eq!(found, if query.starts_with("theme") { vec![] } else { vec![name.clone()] }, "{query}");
        }
        let statuses: Vec<&Value> = accepted["steps"].as_array().expect("steps").iter().map(|step| &step["status"]).collect();
        assert_eq!(statuses, ["SUBMITTED", "SENT_BACK", "SUBMITTED", "ACCEPTED"], "{accepted}");
    }

    async fn the_next_periods_profile_follows_and_a_closed_period_is_frozen(world: &World) {
        let (ministry, province) = (world.ministry(), world.province("bac-ninh"));
        let (this, next) = (year(world, 0), year(world, 1));
        let old = accepted(&ministry, &province, &this).await;
        let later = accepted(&ministry, &province, &format!("{next}-H1")).await;
        let followed = world.nobody().get(&format!("/v1/{old}")).await.ok();
        assert_eq!((&followed["validTo"], &followed["supersededBy"]), (&json!(format!("{this}-12-31")), &json!(later)), "{followed}");
        for (day, name) in [(format!("{this}-12-31"), &old), (format!("{next}-01-01"), &later), (format!("{next}-09-02"), &later)] {
            let holding = world.nobody().all("localityProfiles", &format!("locality=localities/bac-ninh&asOf={day}")).await;
            assert_eq!(names(&holding), [name.as_str()], "{day}");
        }

        let early = ministry.post("/v1/reportingPeriods:freeze", json!({"period": this})).await;
        assert_eq!(early.reason(400), "PERIOD_NOT_OVER", "{early}");
        let waiting = begun(&province, with(content("Bổ sung"), json!({"locality": "localities/bac-ninh", "period": this}))).await;
        province.post(&format!("/v1/{waiting}:submit"), json!({})).await.ok();
        world.clock().advance(days(until_next_year(world))).await;
        let pending = ministry.post("/v1/reportingPeriods:freeze", json!({"period": this})).await;
        assert_eq!((pending.reason(400).as_str(), &pending.json()["metadata"]["waiting"]), ("PERIOD_REVIEWS_PENDING", &json!(waiting)));
        province.post(&format!("/v1/{waiting}:withdraw"), json!({})).await.ok();
        let frozen = ministry.post("/v1/reportingPeriods:freeze", json!({"period": this, "reason": "Đã tổng kết"})).await.ok();
        assert_eq!((&frozen["frozen"], &frozen["lastDay"]), (&json!(true), &json!(format!("{this}-12-31"))), "{frozen}");
        let again = ministry.post("/v1/reportingPeriods:freeze", json!({"period": this})).await.ok();
        assert_eq!(again["etag"], frozen["etag"], "freezing twice changes nothing");

        let changed = province.patch(&format!("/v1/{waiting}"), json!({"summary": "Muộn"})).await;
        assert_eq!(changed.reason(400), "PERIOD_FROZEN", "{changed}");
        for verb in ["submit", "retire"] {
            assert_eq!(province.post(&format!("/v1/{waiting}:{verb}"), json!({})).await.reason(400), "PERIOD_FROZEN", "{verb}");
        }
        let new = json!({"locality": "localities/bac-ninh", "period": this});
        assert_eq!(province.post("/v1/localityProfiles", new).await.reason(400), "PERIOD_FROZEN");
        let period = format!("/v1/{}", frozen["name"].as_str().expect("a name"));
        assert_eq!(ministry.post(&format!("{period}:retire"), json!({})).await.reason(400), "PERIOD_FROZEN");
        ministry.post(&format!("{period}:reopen"), json!({"reason": "Bổ sung số liệu"})).await.ok();
        province.patch(&format!("/v1/{waiting}"), json!({"summary": "Kịp"})).await.ok();
        assert_eq!(ministry.post(&format!("{period}:reopen"), json!({"reason": "Nữa"})).await.reason(400), "PERIOD_NOT_FROZEN");
    }

    async fn of_handing_in_and_freezing_at_one_moment_only_one_happens(world: &World) {
        let (ministry, province) = (world.ministry(), world.province("quang-ninh"));
        for (years, part) in (1..=2).flat_map(|years| ["", "-H1", "-H2"].map(|part| (years, part))) {
            let period = format!("{}{part}", year(world, -years));
            let draft = with(content("Cuối kỳ"), json!({"locality": "localities/quang-ninh", "period": period}));
            let (name, closing) = (begun(&province, draft).await, json!({"period": period}));
            let handing = format!("/v1/{name}:submit");
            let (handed, frozen) = futures::join!(
                province.post(&handing, json!({})),
                ministry.post("/v1/reportingPeriods:freeze", closing),
            );
            match (handed.status, frozen.status) {
                (200, 400) => assert_eq!(frozen.reason(400), "PERIOD_REVIEWS_PENDING", "{frozen}"),
                (400, 200) => assert_eq!(handed.reason(400), "PERIOD_FROZEN", "{handed}"),
                _ => panic!("{period}: {handed} and {frozen}"),
            }
        }
    }
}

fn figure(as_of: &str) -> Value {
    json!({
        "label": "Tăng trưởng GRDP", "value": 11.03, "unit": "%", "asOf": as_of,
        "source": {"citation": "Niên giám thống kê", "confidence": "ví dụ trong bài thử"},
    })
}

/// What a province with a port writes.
fn content(summary: &str) -> Value {
    json!({
        "summary": summary,
        "strengths": [{"text": "Cảng biển và cửa khẩu"}],
        "prioritySectors": ["VSIC2025/C", "VSIC2025/H"],
        "needs": [
            {"kind": "PARTNERS", "text": "Nhà đầu tư công nghiệp chế biến", "countries": ["countries/JP", "countries/KR"]},
            {"kind": "TRAINING", "text": "Cán bộ đối ngoại"},
        ],
        "keyFigures": [figure("2024")],
    })
}

fn with(mut content: Value, more: Value) -> Value {
    for (field, value) in more.as_object().expect("an object") {
        content[field] = value.clone();
    }
    content
}

async fn begun(province: &Actor, profile: Value) -> String {
    let begun = province.post("/v1/localityProfiles", profile).await.ok();
    assert_eq!(begun["status"], "DRAFT", "{begun}");
    begun["name"].as_str().expect("a name").to_owned()
}

async fn accepted(ministry: &Actor, province: &Actor, period: &str) -> String {
    let whose = json!({"locality": province.organization, "period": period});
    let name = begun(province, with(content(period), whose)).await;
    province.post(&format!("/v1/{name}:submit"), json!({})).await.ok();
    ministry.post(&format!("/v1/{name}:review"), json!({"decision": "ACCEPT"})).await.ok();
    name
}

fn names(records: &[Value]) -> Vec<String> {
    records.iter().map(|record| record["name"].as_str().expect("a name").to_owned()).collect()
}

/// The year of today in Viet Nam, or one so many years later.
fn year(world: &World, later: i32) -> String {
    let today = world.clock().day(0);
    (today[..4].parse::<i32>().expect("a year") + later).to_string()
}

/// Days from today to the second day of the next year.
fn until_next_year(world: &World) -> u64 {
    let today: chrono::NaiveDate = world.clock().day(0).parse().expect("a day");
    let then: chrono::NaiveDate = format!("{}-01-02", year(world, 1)).parse().expect("a day");
    u64::try_from((then - today).num_days()).expect("it lies ahead")
}
