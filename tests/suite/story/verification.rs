//! An enterprise asks about a firm in Lebanon: the embassy in Cairo answers for that country, finds, and concludes with an end; after
//! which the answer no longer shows as valid. Nobody else learns of it, and the enterprise not how it was found out.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::{World, eventually, stories};

stories! {
    async fn a_firm_in_lebanon_is_verified_by_cairo_until_a_day(world: &World) {
        let (cairo, ministry) = (world.mission("vn-eg-emb"), world.ministry());
        let enterprise = world.actor("organizations/cong-ty-a", &["enterprise-user"]);
        let firm = firm(&cairo).await;
        let asked = enterprise.post("/v1/verifications", json!({
            "organization": firm, "level": "ENHANCED", "purpose": "Hợp đồng xuất khẩu gạo",
            "questions": ["Có tồn tại không?", "Có thanh toán đúng hạn không?"], "dueDate": world.clock().day(30),
        })).await.ok();
        assert_eq!((&asked["handler"], &asked["status"]), (&json!("missions/vn-eg-emb"), &json!("REQUESTED")), "{asked}");
        assert_eq!((&asked["country"], &asked["partyName"]), (&json!("countries/LB"), &json!("Cedars Trading")), "{asked}");
        assert_eq!(asked["owner"], "organizations/cong-ty-a", "{asked}");
        let (path, file) = (path(&asked), format!("/v1/{}", asked["file"].as_str().expect("a file")));
        assert_eq!(cairo.all("verifications", "handler=missions/vn-eg-emb&country=LB").await.len(), 1);

        let finding = json!({"finding": {
            "date": world.clock().day(0), "sourceKind": "BUSINESS_BODY", "text": "Chậm thanh toán hai lần", "confidence": "MEDIUM",
        }});
        let early = cairo.post(&format!("{file}:addFinding"), finding.clone()).await;
        assert_eq!(early.reason(400), "VERIFICATION_NOT_ASSIGNED");
        let assigned = cairo.post(&format!("{path}:assign"), json!({"officer": "officer-7", "note": "Hỏi phòng thương mại"})).await.ok();
        assert_eq!(assigned["status"], "ASSIGNED", "{assigned}");
        let changed = enterprise.patch(&path, json!({"purpose": "Khác"})).await;
        assert_eq!(changed.reason(400), "VERIFICATION_UNDER_WAY");
        let caution = |until: &str| json!({
            "conclusion": "CAUTION", "summary": "Nên yêu cầu thư tín dụng", "assessment": "Nội bộ: nợ ngân hàng", "validUntil": until,
        });
        let hasty = cairo.post(&format!("{path}:conclude"), caution(&world.clock().day(180))).await;
        assert_eq!(hasty.reason(400), "VERIFICATION_WITHOUT_FINDINGS");
        cairo.post(&format!("{file}:addFinding"), finding.clone()).await.ok();
        assert_eq!(cairo.post(&format!("{path}:conclude"), caution("")).await.reason(400), "VERIFICATION_WITHOUT_END");
        assert_eq!(enterprise.post(&format!("{path}:conclude"), caution("")).await.reason(403), "PERMISSION_DENIED");
        let last = world.clock().day(180);
        let concluded = cairo.post(&format!("{path}:conclude"), caution(&last)).await.ok();
        assert_eq!((&concluded["valid"], &concluded["validUntil"]), (&json!(true), &json!(last)), "{concluded}");
        assert_eq!(cairo.post(&format!("{file}:addFinding"), finding).await.reason(400), "VERIFICATION_CLOSED");

        let seen = enterprise.get(&path).await.ok();
        assert_eq!((&seen["conclusion"], &seen["summary"]), (&json!("CAUTION"), &json!("Nên yêu cầu thư tín dụng")));
        for secret in ["officer-7", "Chậm thanh toán", "Nội bộ"] {
            assert!(!seen.to_string().contains(secret), "{secret}: {seen}");
            let log = enterprise.get("/v1/registry/changes").await.ok();
            assert!(!log.to_string().contains(secret), "{secret}: {log}");
        }
        for reader in [&cairo, &ministry] {
            let inner = reader.get(&file).await.ok();
            assert_eq!((&inner["officer"], &inner["assessment"]), (&json!("officer-7"), &json!("Nội bộ: nợ ngân hàng")), "{inner}");
        }
        nobody_else_learns_of_it(world, &path, &file).await;
        it_holds_until_its_last_day(world, &enterprise, &cairo, (&path, &firm)).await;
    }

    async fn a_country_that_nobody_covers_is_the_ministrys_and_what_is_misrouted_goes_on(world: &World) {
        let (ministry, tokyo) = (world.ministry(), world.mission("vn-jp-emb"));
        let province = world.province("quang-ninh");
        let body = json!({"partyName": "Frozen Foods", "country": "countries/AQ", "level": "BASIC", "purpose": "Đầu tư"});
        let asked = province.post("/v1/verifications", body).await.ok();
        assert_eq!(asked["handler"], "agencies/g08", "{asked}");
        let (path, file) = (path(&asked), format!("/v1/{}", asked["file"].as_str().expect("a file")));
        assert_eq!(province.get(&file).await.reason(403), "PERMISSION_DENIED");
        assert_eq!(tokyo.get(&path).await.reason(404), "NOT_FOUND");
        let transfer = |mission: &str| json!({"mission": mission, "reason": "Trụ sở thật ở Tokyo"});
        let lost = ministry.post(&format!("{path}:transfer"), transfer("missions/khong-co")).await;
        assert_eq!(lost.reason(400), "REFERENCE_NOT_FOUND");
        let moved = ministry.post(&format!("{path}:transfer"), transfer("missions/vn-jp-emb")).await.ok();
        assert_eq!((&moved["handler"], &moved["status"]), (&json!("missions/vn-jp-emb"), &json!("REQUESTED")), "{moved}");
        let inner = tokyo.get(&file).await.ok();
        assert_eq!(inner["routings"][1]["reason"], "Trụ sở thật ở Tokyo", "{inner}");
        let declined = tokyo.post(&format!("{path}:decline"), json!({"reason": "Không đủ thông tin"})).await.ok();
        assert_eq!((&declined["status"], &declined["closeReason"]), (&json!("DECLINED"), &json!("Không đủ thông tin")));
        assert_eq!(province.post(&format!("{path}:cancel"), json!({"reason": "Thôi"})).await.reason(400), "VERIFICATION_CLOSED");

        let nameless = json!({"country": "countries/LB", "level": "BASIC", "purpose": "Đầu tư"});
        assert_eq!(province.post("/v1/verifications", nameless).await.reason(400), "VERIFICATION_PARTY_MISSING");
        let late = json!({"partyName": "X", "country": "countries/LB", "level": "BASIC", "purpose": "Đầu tư", "dueDate": "2020-01-01"});
        assert_eq!(province.post("/v1/verifications", late).await.refused(400)["violations"][0]["field"], "verification.dueDate");
        let second = json!({"partyName": "Y", "country": "countries/LB", "level": "BASIC", "purpose": "Đầu tư"});
        let second = province.post("/v1/verifications", second).await.ok();
        let own = format!("/v1/{}", second["name"].as_str().expect("a name"));
        let corrected = province.patch(&own, json!({"country": "countries/JP"})).await.ok();
        assert_eq!(corrected["handler"], "missions/vn-jp-emb", "{corrected}");
        assert_eq!(world.mission("vn-eg-emb").get(&own).await.reason(404), "NOT_FOUND", "it is not theirs any more");
        assert_eq!(province.post(&format!("{own}:cancel"), json!({"reason": "Thôi"})).await.ok()["status"], "CANCELLED");
    }
}

async fn firm(cairo: &Actor) -> String {
    let firm = json!({
        "displayName": "Cedars Trading", "kind": "ENTERPRISE", "country": "countries/LB", "audience": {"circle": "PUBLIC"},
    });
    cairo.post("/v1/organizations", firm).await.ok()["name"].as_str().expect("a name").to_owned()
}

fn path(record: &Value) -> String {
    format!("/v1/{}", record["name"].as_str().expect("a name"))
}

async fn nobody_else_learns_of_it(world: &World, path: &str, file: &str) {
    for stranger in [
        world.actor("organizations/cong-ty-b", &["enterprise-user"]),
        world.mission("vn-fr-emb"),
        world.province("ca-mau"),
    ] {
        assert_eq!(stranger.get(path).await.reason(404), "NOT_FOUND", "{}", stranger.subject);
        assert!(stranger.all("verifications", "").await.is_empty(), "{}", stranger.subject);
    }
    assert_eq!(world.mission("vn-fr-emb").get(file).await.reason(404), "NOT_FOUND");
    let enterprise = world.actor("organizations/cong-ty-a", &["enterprise-user"]);
    assert_eq!(enterprise.get(file).await.reason(403), "PERMISSION_DENIED");
    assert_eq!(world.nobody().get(path).await.status, 401);
}

async fn it_holds_until_its_last_day(world: &World, enterprise: &Actor, cairo: &Actor, (path, firm): (&str, &str)) {
    let standing = async |actor: &Actor, query: &str| {
        actor.get(&format!("/v1/verifications:standing?organization={firm}{query}")).await.ok()["verification"].clone()
    };
    let name = path.trim_start_matches("/v1/");
    assert_eq!(standing(enterprise, "").await["name"], name);
    let before = format!("&asOf={}", world.clock().day(-1));
    assert_eq!(standing(enterprise, &before).await, Value::Null, "it was not concluded yet");
    let other = world.actor("organizations/cong-ty-b", &["enterprise-user"]);
    assert_eq!(standing(&other, "").await, Value::Null, "another enterprise asks for itself");

    let soon = format!("expiringBefore={}", world.clock().day(181));
    assert_eq!(cairo.all("verifications", &soon).await.len(), 1);
    let sooner = format!("expiringBefore={}", world.clock().day(180));
    assert!(cairo.all("verifications", &sooner).await.is_empty());
    world.clock().advance(days(151)).await;
    logged(enterprise, name, "verification.expiring").await;
    let concluded = world.clock().day(-151);
    world.clock().advance(days(30)).await;
    let after = enterprise.get(path).await.ok();
    assert_eq!((&after["valid"], &after["conclusion"]), (&Value::Null, &json!("CAUTION")), "{after}");
    assert_eq!(standing(enterprise, "").await, Value::Null);
    assert!(enterprise.all("verifications", "valid=true").await.is_empty());
    assert!(cairo.all("verifications", "expiringBefore=2999-01-01").await.is_empty());
    logged(enterprise, name, "verification.expired").await;
    let then = standing(enterprise, &format!("&asOf={concluded}")).await;
    assert_eq!((&then["name"], &then["valid"]), (&json!(name), &json!(true)), "on that day it held");
}

/// The change log says so by itself, once, to whoever asked.
async fn logged(actor: &Actor, name: &str, kind: &str) {
    eventually(kind, || async {
        let log = actor.get(&format!("/v1/registry/changes?resource={name}")).await.ok();
        let changes = log["changes"].as_array().expect("a list of changes").clone();
        changes.iter().filter(|change| change["type"] == kind).count() == 1
    })
    .await;
}
