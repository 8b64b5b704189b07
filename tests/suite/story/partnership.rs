//! Partnerships: the border pairs before and after July 2025, twinnings that are renewed or expire, what is done under them, and
//! how lively they are.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::{World, claims, eventually, stories};

claims! {
    async fn each_neighbour_has_its_border_units_before_and_after_july_2025(world: &World) {
        let nobody = world.nobody();
        for (country, before, after) in [("CN", 7, 7), ("LA", 10, 9), ("KH", 10, 8)] {
            for (day, number) in [("2025-06-30", before), ("2025-07-01", after)] {
                for query in [format!("country={country}&asOf={day}"), format!("country=countries/{country}&asOf={day}")] {
                    let pairs = nobody.all("partnerships", &query).await;
                    assert_eq!(pairs.len(), number, "{query}");
                    assert!(pairs.iter().all(|pair| pair["kind"] == "BORDER_PAIR" && pair["status"] == "ACTIVE"), "{query}");
                }
            }
        }
        let today = nobody.all("partnerships", "kind=BORDER_PAIR").await;
        assert_eq!(today.len(), 24, "Điện Biên and Quảng Ngãi have two");
    }

    async fn a_pair_of_a_merged_unit_goes_over_and_its_history_stays(world: &World) {
        let nobody = world.nobody();
        for (day, unit, others) in [
            ("2023-05-01", "localities/ha-giang", "localities/tuyen-quang"),
            ("2026-01-01", "localities/tuyen-quang", "localities/ha-giang"),
        ] {
            let pair = nobody.get(&format!("/v1/partnerships/ha-giang-cn?asOf={day}")).await.ok();
            assert_eq!(pair["locality"], unit, "{day}");
            let held = nobody.all("partnerships", &format!("asOf={day}&locality={unit}")).await;
            assert_eq!(names(&held), ["partnerships/ha-giang-cn"], "{day}");
            assert_eq!(nobody.all("partnerships", &format!("asOf={day}&locality={others}")).await, [] as [Value; 0], "{day}");
        }
        let pair = nobody.get("/v1/partnerships/ha-giang-cn").await.ok();
        assert_eq!(pair["locality"], "localities/tuyen-quang");
        assert_eq!(pair["foreignLocalities"], json!(["foreignLocalities/cn-guangxi", "foreignLocalities/cn-yunnan"]));
        assert_eq!(pair["holders"][0]["validTo"], "2025-06-30");
        assert_eq!(pair["holders"][1]["predecessor"], "localities/ha-giang");
        assert!(pair["holders"][1]["legalBasis"].as_str().is_some_and(|act| act.contains("202/2025")), "{pair}");
    }

    async fn where_two_pairs_came_to_one_unit_one_continues(world: &World) {
        let nobody = world.nobody();
        let before = nobody.get("/v1/partnerships/quang-binh-la?asOf=2025-06-30").await.ok();
        assert_eq!((&before["status"], &before["locality"]), (&json!("ACTIVE"), &json!("localities/quang-binh")));
        let after = nobody.get("/v1/partnerships/quang-binh-la").await.ok();
        assert_eq!((&after["status"], &after["endDate"]), (&json!("ENDED"), &json!("2025-06-30")));
        assert_eq!(after["continuedBy"], "partnerships/quang-tri-la");
        let khammouane = "foreignLocality=foreignLocalities/la-khammouane&country=LA";
        for (day, holders) in [
            ("2025-06-30", ["localities/ha-tinh", "localities/quang-binh"]),
            ("2025-07-01", ["localities/ha-tinh", "localities/quang-tri"]),
        ] {
            let mut found: Vec<String> = nobody
                .all("partnerships", &format!("{khammouane}&asOf={day}"))
                .await
                .iter()
                .map(|pair| pair["locality"].as_str().expect("a unit").to_owned())
                .collect();
            found.sort();
            assert_eq!(found, holders, "{day}");
        }
        let ended = nobody.all("partnerships", "country=LA&showEnded=true").await;
        assert_eq!(ended.len(), 10);
    }

    async fn foreign_localities_are_found_by_every_name(world: &World) {
        let nobody = world.nobody();
        for (query, name) in [
            ("q=quang%20tay", "foreignLocalities/cn-guangxi"),
            ("q=Guangxi&country=CN", "foreignLocalities/cn-guangxi"),
            ("q=%E4%BA%91%E5%8D%97", "foreignLocalities/cn-yunnan"),
            ("q=reconquista", "foreignLocalities/ar-reconquista"),
            ("parent=foreignLocalities/ar-santa-fe", "foreignLocalities/ar-reconquista"),
        ] {
            assert_eq!(names(&nobody.all("foreignLocalities", query).await), [name], "{query}");
        }
        assert_eq!(nobody.all("foreignLocalities", "country=LA").await.len(), 10);
        let memory = nobody.get("/v1/foreignLocalities/cn-guangxi").await.ok();
        assert!(memory["source"]["confidence"].as_str().is_some_and(|said| said.contains("memory")), "{memory}");
    }
}

stories! {
    async fn a_twinning_is_renewed_told_of_and_ends(world: &World) {
        let (province, other) = (world.province("da-nang"), world.province("ca-mau"));
        let twinning = twinned(world, &province, 200).await;
        assert_eq!((&twinning["status"], &twinning["owner"]), (&json!("ACTIVE"), &json!("localities/da-nang")), "{twinning}");
        let path = "/v1/partnerships/da-nang-santa-fe";
        let limit = world.clock().day(201);
        let expiring = format!("expiringBefore={limit}&kind=TWINNING");
        assert_eq!(names(&world.nobody().all("partnerships", &expiring).await), ["partnerships/da-nang-santa-fe"]);

        world.clock().advance(days(111)).await;
        assert_eq!(world.nobody().get(path).await.ok()["status"], "EXPIRING");
        logged(&province, "partnership.expiring").await;
        let term = |days: i64| json!({"term": {
            "signedDate": world.clock().day(0), "effectiveDate": world.clock().day(90),
            "expireDate": world.clock().day(days), "document": "Thỏa thuận gia hạn",
        }});
        assert_eq!(other.post(&format!("{path}:renew"), term(250)).await.reason(403), "PERMISSION_DENIED");
        assert_eq!(province.post(&format!("{path}:renew"), term(60)).await.reason(400), "PARTNERSHIP_DATES_BROKEN");
        let renewed = province.post(&format!("{path}:renew"), term(250)).await.ok();
        assert_eq!(renewed["status"], "ACTIVE", "{renewed}");
        assert_eq!(renewed["terms"].as_array().map(Vec::len), Some(2), "{renewed}");

        world.clock().advance(days(251)).await;
        assert_eq!(world.nobody().get(path).await.ok()["status"], "EXPIRED");
        logged(&province, "partnership.expired").await;
        assert_eq!(province.post(&format!("{path}:end"), json!({})).await.refused(400)["violations"][0]["field"], "reason");
        let ended = province.post(&format!("{path}:end"), json!({"reason": "Hai bên thôi gia hạn"})).await.ok();
        assert_eq!(ended["endReason"], "Hai bên thôi gia hạn", "{ended}");
        assert_eq!(province.post(&format!("{path}:renew"), term(2000)).await.reason(400), "PARTNERSHIP_ENDED");
        world.clock().advance(days(1)).await;
        assert_eq!(world.nobody().get(path).await.ok()["status"], "ENDED");
        assert!(world.nobody().all("partnerships", "kind=TWINNING").await.is_empty());
        assert_eq!(world.nobody().all("partnerships", "kind=TWINNING&showEnded=true").await.len(), 1);
    }

    async fn what_is_done_is_kept_counted_and_too_little_is_said_to_be(world: &World) {
        let province = world.province("quang-tri");
        let empty = province.get("/v1/partnerships/quang-tri-la:scorecard").await.ok();
        assert_eq!(empty["frequencySufficiency"], "INSUFFICIENT", "{empty}");
        assert_eq!((&empty["activitiesPerYear"], &empty["lastActivity"]), (&Value::Null, &Value::Null), "{empty}");
        assert_eq!(empty["renewalsOnTime"]["sufficiency"], "INSUFFICIENT", "{empty}");
        assert_eq!(empty["renewalsOnTime"]["rate"], Value::Null, "{empty}");

        for (partnership, date, kind) in [
            ("quang-binh-la", "2024-03-01", "VISIT"),
            ("quang-tri-la", "2024-06-01", "TRADE"),
            ("quang-tri-la", "2025-08-01", "TRADE"),
        ] {
            activity(&province, partnership, date, kind).await.ok();
        }
        let late = activity(&province, "quang-binh-la", "2025-08-01", "VISIT").await;
        assert_eq!(late.reason(400), "PARTNERSHIP_NOT_STANDING", "the other one continues it");
        let future = activity(&province, "quang-tri-la", &world.clock().day(1), "VISIT").await;
        assert_eq!(future.refused(400)["violations"][0]["field"], "partnershipActivity.date");

        let card = province.get("/v1/partnerships/quang-tri-la:scorecard?from=2023-01-01&to=2025-12-31").await.ok();
        assert_eq!(card["continues"], json!(["partnerships/quang-binh-la"]));
        assert_eq!(card["activities"], json!([
            {"year": 2024, "kind": "VISIT", "count": 1},
            {"year": 2024, "kind": "TRADE", "count": 1},
            {"year": 2025, "kind": "TRADE", "count": 1},
        ]));
        assert_eq!((&card["frequencySufficiency"], &card["lastActivityDate"]), (&json!("SUFFICIENT"), &json!("2025-08-01")));
        let often = card["activitiesPerYear"].as_f64().expect("a figure");
        assert!((often - 1.0).abs() < 0.01, "{often}");
        let short = province.get("/v1/partnerships/quang-tri-la:scorecard?from=2024-01-01&to=2024-12-30").await.ok();
        assert_eq!(short["frequencySufficiency"], "INSUFFICIENT", "{short}");
        let turned = province.get("/v1/partnerships/quang-tri-la:scorecard?from=2025-01-01&to=2024-01-01").await;
        assert_eq!(turned.reason(400), "INVALID_ARGUMENT");

        let listed = province.all("partnershipActivities", "partnership=partnerships/quang-tri-la").await;
        assert_eq!(listed.iter().map(|it| &it["date"]).collect::<Vec<_>>(), ["2025-08-01", "2024-06-01"]);
        let enterprise = world.actor("organizations/somebody", &["enterprise-user"]);
        assert!(enterprise.all("partnershipActivities", "").await.is_empty(), "it is the government's");
    }

    async fn pairs_and_zones_go_over_with_a_merger_that_is_recorded(world: &World) {
        let (ministry, nobody) = (world.ministry(), world.nobody());
        let zone = json!({
            "displayName": "Khu kinh tế cửa khẩu Cao Bằng", "kind": "BORDER_GATE_ECONOMIC_ZONE", "country": "countries/CN",
            "localities": [{"locality": "localities/cao-bang"}], "steps": [{"stage": "OPERATING"}],
        });
        world.province("cao-bang").post("/v1/borderZones?borderZoneId=cao-bang", zone).await.ok();
        let merger = json!({
            "kind": "MERGE", "effectiveDate": "2027-07-01", "legalBasis": "Nghị quyết thử",
            "predecessors": ["localities/cao-bang", "localities/lang-son"],
            "successors": [{"displayName": "Lạng Sơn", "type": "PROVINCE", "code": "20"}],
        });
        let preview = ministry.post("/v1/localities:previewSuccession", merger.clone()).await.ok();
        let effects = preview["succession"]["effects"].as_array().expect("effects").clone();
        for (resource, kind) in [
            ("partnerships/cao-bang-cn", "partnership.handedOver"),
            ("partnerships/lang-son-cn", "partnership.handedOver"),
            ("borderZones/cao-bang", "borderZone.handedOver"),
        ] {
            let told = effects.iter().any(|it| it["resource"] == resource && it["changeType"] == kind);
            assert!(told, "{resource}: {preview}");
        }
        assert_eq!(nobody.all("partnerships", "country=CN&asOf=2027-07-01").await.len(), 7, "it was a preview");
        ministry.post("/v1/localities:recordSuccession", merger).await.ok();

        for (day, number) in [("2027-06-30", 7), ("2027-07-01", 6)] {
            assert_eq!(nobody.all("partnerships", &format!("country=CN&asOf={day}")).await.len(), number, "{day}");
        }
        let continuing = nobody.get("/v1/partnerships/lang-son-cn?asOf=2027-07-01").await.ok();
        assert_eq!(continuing["locality"], "localities/lang-son-2027", "{continuing}");
        let ended = nobody.get("/v1/partnerships/cao-bang-cn").await.ok();
        assert_eq!((&ended["status"], &ended["locality"]), (&json!("ACTIVE"), &json!("localities/cao-bang")), "today it stands");
        assert_eq!((&ended["endDate"], &ended["continuedBy"]), (&json!("2027-06-30"), &json!("partnerships/lang-son-cn")));
        for (day, unit) in [("2027-06-30", "localities/cao-bang"), ("2027-07-01", "localities/lang-son-2027")] {
            assert_eq!(nobody.all("borderZones", &format!("asOf={day}&locality={unit}")).await.len(), 1, "{day}");
        }
        let own = world.province("cao-bang").patch("/v1/borderZones/cao-bang", json!({"description": "Mở rộng"})).await.ok();
        assert_eq!(own["owner"], "localities/lang-son-2027", "until then the old unit still keeps it: {own}");
    }

    async fn a_pair_that_contradicts_the_map_is_refused(world: &World) {
        let ministry = world.ministry();
        let pair = |country: &str, unit: &str| json!({
            "displayName": "Cặp tỉnh", "kind": "BORDER_PAIR", "country": format!("countries/{country}"),
            "holders": [{"locality": unit}],
        });
        let create = async |body: Value| ministry.post("/v1/partnerships?partnershipId=thu", body).await;
        assert_eq!(create(pair("LA", "localities/ca-mau")).await.reason(400), "PARTNERSHIP_NO_BORDER");
        assert_eq!(create(pair("CN", "localities/quang-ninh")).await.reason(400), "PARTNERSHIP_PAIR_TAKEN");
        assert_eq!(create(pair("CN", "localities/khong-co")).await.reason(400), "REFERENCE_NOT_FOUND");
        let mut elsewhere = pair("CN", "localities/quang-ninh");
        elsewhere["kind"] = json!("TWINNING");
        elsewhere["counterparts"] = json!([{"foreignLocality": "foreignLocalities/la-sekong"}]);
        assert_eq!(create(elsewhere).await.reason(400), "PARTNERSHIP_OF_OTHER_COUNTRY");
        let mut gap = pair("CN", "localities/ha-giang");
        gap["kind"] = json!("TWINNING");
        gap["holders"] = json!([
            {"locality": "localities/ha-giang", "validTo": "2025-06-30"},
            {"locality": "localities/tuyen-quang", "validFrom": "2025-07-02"},
        ]);
        assert_eq!(create(gap).await.reason(400), "PARTNERSHIP_DATES_BROKEN");
        let stranger = world.province("ca-mau").patch("/v1/partnerships/quang-ninh-cn", json!({"note": "Sửa"})).await;
        assert_eq!(stranger.reason(403), "PERMISSION_DENIED");
    }
}

fn names(records: &[Value]) -> Vec<&str> {
    records.iter().filter_map(|record| record["name"].as_str()).collect()
}

/// Đà Nẵng and Santa Fe, until so many days from now.
async fn twinned(world: &World, province: &Actor, days: i64) -> Value {
    let twinning = json!({
        "displayName": "Đà Nẵng – Santa Fe", "kind": "TWINNING", "country": "countries/AR",
        "holders": [{"locality": "localities/da-nang", "validFrom": "2025-07-01"}],
        "counterparts": [{"foreignLocality": "foreignLocalities/ar-santa-fe", "validFrom": "2025-07-01"}],
        "terms": [{"signedDate": "2025-07-01", "expireDate": world.clock().day(days), "document": "Thỏa thuận kết nghĩa"}],
    });
    province.post("/v1/partnerships?partnershipId=da-nang-santa-fe", twinning).await.ok()
}

async fn activity(actor: &Actor, partnership: &str, date: &str, kind: &str) -> crate::world::answer::Answer {
    let activity = json!({
        "displayName": "Hội chợ biên giới", "partnership": format!("partnerships/{partnership}"), "date": date, "kind": kind,
    });
    actor.post("/v1/partnershipActivities", activity).await
}

/// The change log says so by itself, once.
async fn logged(actor: &Actor, kind: &str) {
    let path = "/v1/registry/changes?resource=partnerships/da-nang-santa-fe";
    eventually(kind, || async {
        let log = actor.get(path).await.ok();
        let changes = log["changes"].as_array().expect("a list of changes").clone();
        changes.iter().filter(|change| change["type"] == kind).count() == 1
    })
    .await;
}
