//! Green parks and enterprises: a standard is frozen by its use, a certificate needs all that the standard demands and another body's
//! decision, it is public, it runs out by the clock alone, and it can be taken back.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::{World, eventually, stories};

/// A ministry that is neither the park's province nor the one that keeps the register.
const CERTIFIER: &str = "agencies/g02";

stories! {
    async fn a_park_is_certified_step_by_step_and_its_certificate_runs_out(world: &World) {
        let (province, other, nobody) = (world.province("bac-ninh"), world.province("ca-mau"), world.nobody());
        let certifier = world.actor(CERTIFIER, &["agency-officer"]);
        let park = park(&province).await;
        let standard = standard(&world.ministry(), "INDUSTRIAL_PARK", "khu-cong-nghiep-xanh-1").await;
        let draft = json!({
            "subject": park, "standard": standard,
            "scores": [{"criterion": "MT.01", "score": 60}, {"criterion": "AT.01", "score": 4}],
        });
        let assessment = province.post("/v1/greenAssessments", draft).await.ok();
        assert_eq!((&assessment["status"], &assessment["total"]), (&json!("DRAFT"), &json!(40)), "{assessment}");
        let name = assessment["name"].as_str().expect("a name");
        for stranger in [&other, &nobody, &certifier] {
            assert_eq!(stranger.get(&format!("/v1/{name}")).await.reason(404), "NOT_FOUND", "the draft is its owner's");
        }

        // Handing it in needs a certifier and a score for every criterion.
        let missing = province.post(&format!("/v1/{name}:submit"), json!({})).await;
        assert_eq!(missing.reason(400), "GREEN_SUBMISSION_INCOMPLETE");
        let told = missing.json()["detail"].as_str().expect("a sentence").to_owned();
        assert!(told.contains("certifier") && told.contains("QT.01 has no score"), "{told}");
        let itself = province.patch(&format!("/v1/{name}"), json!({"certifier": "localities/bac-ninh"})).await;
        assert_eq!(itself.refused(400)["violations"][0]["field"], "greenAssessment.certifier", "{itself}");
        let scores = json!({"certifier": CERTIFIER, "scores": [
            {"criterion": "MT.01", "score": 60}, {"criterion": "AT.01", "score": 4}, {"criterion": "QT.01", "score": 10},
        ]});
        province.patch(&format!("/v1/{name}"), scores).await.ok();
        assert_eq!(certifier.post(&format!("/v1/{name}:submit"), json!({})).await.reason(404), "NOT_FOUND");
        let submitted = province.post(&format!("/v1/{name}:submit"), json!({})).await.ok();
        assert_eq!(submitted["status"], "SUBMITTED", "{submitted}");

        refused_while_something_is_missing(world, &province, &certifier, name).await;
        let certified = certify(&certifier, name, "01/CN-KCNX", &world.clock().day(400)).await.ok();
        assert_eq!((&certified["status"], &certified["valid"]), (&json!("CERTIFIED"), &json!(true)), "{certified}");
        assert_eq!(certified["shortfalls"], json!([]), "{certified}");
        frozen(&world.ministry(), &standard).await;
        it_runs_out(world, &park, name).await;
    }

    async fn a_certificate_is_revoked_and_it_stays_public_that_there_was_one(world: &World) {
        let (province, certifier) = (world.province("bac-ninh"), world.actor(CERTIFIER, &["agency-officer"]));
        let name = submitted(world, "organizations").await;
        assert_eq!(certifier.post(&format!("/v1/{name}:revoke"), json!({"reason": "?"})).await.reason(400), "GREEN_ASSESSMENT_NOT_CERTIFIED");
        let today = world.clock().day(0);
        certify(&certifier, &name, "02/CN-DNX", &world.clock().day(700)).await.ok();
        world.clock().advance(days(10)).await;
        let path = format!("/v1/{name}:revoke");
        assert_eq!(certifier.post(&path, json!({})).await.refused(400)["violations"][0]["field"], "reason");
        let by_owner = province.post(&path, json!({"reason": "Không"})).await;
        assert_eq!(by_owner.reason(403), "PERMISSION_DENIED", "{by_owner}");
        let revoked = certifier.post(&path, json!({"reason": "Xả thải trái phép"})).await.ok();
        assert_eq!((&revoked["status"], &revoked["valid"]), (&json!("REVOKED"), &Value::Null), "{revoked}");
        let found = world.nobody().get(&format!("/v1/{name}")).await.ok();
        assert_eq!(found["decisionReason"], "Xả thải trái phép", "{found}");
        let then = world.nobody().get(&format!("/v1/{name}?asOf={}", world.clock().day(-1))).await.ok();
        assert_eq!((&then["status"], &then["valid"]), (&json!("REVOKED"), &json!(true)), "it held then: {then}");
        let subject = found["subject"].as_str().expect("a subject");
        let valid = async |day: &str| {
            let query = format!("subject={subject}&valid=true&asOf={day}");
            world.nobody().all("greenAssessments", &query).await.len()
        };
        assert_eq!((valid(&today).await, valid(&world.clock().day(-1)).await), (1, 1), "it held before");
        assert_eq!(valid(&world.clock().day(0)).await, 0, "and no longer");
        assert_eq!(province.post(&format!("/v1/{name}:retire"), json!({})).await.reason(400), "GREEN_ASSESSMENT_NOT_OPEN");

        // The number stays given; a rejected assessment ends there.
        let second = submitted(world, "industrialParks").await;
        let taken = certify(&certifier, &second, "02/CN-DNX", &world.clock().day(700)).await;
        assert_eq!(taken.reason(409), "GREEN_CERTIFICATE_NUMBER_TAKEN");
        let rejected = certifier.post(&format!("/v1/{second}:reject"), json!({"reason": "Sai sự thật"})).await.ok();
        assert_eq!(rejected["status"], "REJECTED", "{rejected}");
        assert_eq!(world.nobody().get(&format!("/v1/{second}")).await.reason(404), "NOT_FOUND");
        let late = certify(&certifier, &second, "03/CN-DNX", &world.clock().day(700)).await;
        assert_eq!(late.reason(400), "GREEN_ASSESSMENT_NOT_SUBMITTED");
        province.post(&format!("/v1/{second}:retire"), json!({})).await.ok();
    }

    async fn an_assessment_fits_its_subject_and_its_standard(world: &World) {
        let (province, ministry) = (world.province("bac-ninh"), world.ministry());
        let park = park(&province).await;
        let for_enterprises = standard(&ministry, "ENTERPRISE", "doanh-nghiep-xanh-1").await;
        let create = async |body: Value| province.post("/v1/greenAssessments", body).await;
        let wrong = create(json!({"subject": park, "standard": for_enterprises})).await;
        assert_eq!(wrong.reason(400), "GREEN_SUBJECT_NOT_ASSESSABLE", "{wrong}");
        let association = organization(&province, "ASSOCIATION").await;
        let wrong = create(json!({"subject": association, "standard": for_enterprises})).await;
        assert_eq!(wrong.reason(400), "GREEN_SUBJECT_NOT_ASSESSABLE", "{wrong}");
        for subject in ["localities/bac-ninh", "organizations/zz-made-up", "industrialParks/zz-made-up"] {
            let wrong = create(json!({"subject": subject, "standard": for_enterprises})).await;
            assert_eq!(wrong.reason(400), "REFERENCE_NOT_FOUND", "{wrong}");
        }
        let enterprise = organization(&province, "ENTERPRISE").await;
        let begun = |scores: Value| json!({"subject": enterprise, "standard": for_enterprises, "scores": scores});
        for scores in [
            json!([{"criterion": "ZZ.99", "score": 1}]),
            json!([{"criterion": "MT.01", "score": 101}]),
            json!([{"criterion": "MT.01", "score": 1}, {"criterion": "MT.01", "score": 2}]),
        ] {
            assert_eq!(create(begun(scores)).await.reason(400), "GREEN_SCORE_UNKNOWN");
        }
        let future = json!([{"criterion": "MT.01", "score": 1, "evidence": [{"description": "Giấy phép", "date": world.clock().day(1)}]}]);
        let refused = create(begun(future)).await;
        assert_eq!(refused.refused(400)["violations"][0]["field"], "greenAssessment.scores[0].evidence[0].date");
        // The enterprise itself assesses itself, though it does not see the register's record of itself.
        let itself = world.actor(&enterprise, &["enterprise-user"]);
        let own = itself.post("/v1/greenAssessments", begun(json!([]))).await.ok();
        assert_eq!(own["owner"], json!(enterprise), "{own}");
        assert_eq!(province.get(&format!("/v1/{}", own["name"].as_str().expect("a name"))).await.reason(404), "NOT_FOUND");

        let broken = json!({
            "displayName": "Sai", "version": "1", "target": "ENTERPRISE", "validFrom": "2026-01-01", "passMark": 70,
            "criteria": [criterion("MT.01", 10, 11), criterion("MT.02", 10, 0)],
        });
        assert_eq!(ministry.post("/v1/greenStandards?greenStandardId=sai", broken).await.reason(400), "GREEN_CRITERIA_BROKEN");
        let by_province = province.post("/v1/greenStandards?greenStandardId=cua-tinh", json!({})).await;
        assert_eq!(by_province.reason(403), "PERMISSION_DENIED", "{by_province}");
    }

    async fn a_certificate_goes_over_when_its_enterprise_is_found_recorded_twice(world: &World) {
        let (ministry, nobody) = (world.ministry(), world.nobody());
        let certifier = world.actor(CERTIFIER, &["agency-officer"]);
        let name = submitted(world, "organizations").await;
        let certified = certify(&certifier, &name, "03/CN-DNX", &world.clock().day(700)).await.ok();
        let survivor = organization(&world.province("bac-ninh"), "ENTERPRISE").await;
        let asked = json!({"survivor": survivor, "duplicates": [certified["subject"]], "reason": "Ghi hai lần"});
        let preview = ministry.post("/v1/organizations:previewMerge", json!({"survivor": survivor, "duplicates": asked["duplicates"]})).await.ok();
        let told = preview["changes"].as_array().expect("changes").iter().any(|change| change["resource"] == json!(name));
        assert!(told, "the preview names the certificate: {preview}");
        let merge = ministry.post("/v1/organizations:merge", asked).await.ok();
        let moved = nobody.get(&format!("/v1/{name}")).await.ok();
        assert_eq!((&moved["subject"], &moved["status"]), (&json!(survivor), &json!("CERTIFIED")), "{moved}");
        assert_eq!((&moved["valid"], &moved["certificateNumber"]), (&json!(true), &json!("03/CN-DNX")), "{moved}");
        let path = format!("/v1/{}:rollback", merge["name"].as_str().expect("a name"));
        ministry.post(&path, json!({"reason": "Hai doanh nghiệp"})).await.ok();
        let back = nobody.get(&format!("/v1/{name}")).await.ok();
        assert_eq!((&back["subject"], &back["decisionTime"]), (&certified["subject"], &certified["decisionTime"]), "{back}");
    }

    async fn a_park_lies_in_the_unit_into_which_its_province_has_gone(world: &World) {
        let (province, nobody) = (world.province("bac-ninh"), world.nobody());
        let park = park(&province).await;
        let got = nobody.get(&format!("/v1/{park}")).await.ok();
        assert_eq!((&got["locality"], &got["presentLocality"]), (&json!("localities/bac-giang"), &json!("localities/bac-ninh")), "{got}");
        assert_eq!((&got["occupancyPercent"], &got["occupancyDate"]), (&json!(71.5), &json!("2025-12-31")), "{got}");
        let then = nobody.get(&format!("/v1/{park}?asOf=2025-06-30")).await.ok();
        assert_eq!((&then["presentLocality"], &then["occupancyPercent"]), (&json!("localities/bac-giang"), &json!(62)), "{then}");
        for (query, found) in [
            ("locality=localities/bac-ninh", 1),
            ("locality=localities/bac-giang", 1),
            ("locality=localities/bac-ninh&asOf=2025-06-30", 0),
            ("locality=localities/bac-giang&asOf=2025-06-30", 1),
            ("locality=localities/bac-ninh-2025", 0),
            ("locality=localities/bac-ninh&kind=INDUSTRIAL_PARK", 1),
            ("kind=HIGH_TECH_PARK", 0),
            ("q=quang chau", 1),
        ] {
            assert_eq!(nobody.all("industrialParks", query).await.len(), found, "{query}");
        }
        let path = format!("/v1/{park}");
        for (body, field) in [
            (json!({"areaHa": 10, "leasableAreaHa": 11}), "industrialPark.leasableAreaHa"),
            (json!({"occupancies": [{"date": "2024-12-31", "percent": 1}, {"date": "2024-12-31", "percent": 2}]}), "industrialPark.occupancies[1].date"),
            (json!({"occupancies": [{"date": world.clock().day(1), "percent": 1}]}), "industrialPark.occupancies[0].date"),
            (json!({"occupancies": [{"date": "2024-12-31", "percent": 101}]}), "industrialPark.occupancies[0].percent"),
        ] {
            assert_eq!(province.patch(&path, body).await.refused(400)["violations"][0]["field"], field);
        }
        assert_eq!(world.province("ca-mau").patch(&path, json!({"areaHa": 1})).await.reason(403), "PERMISSION_DENIED");
    }
}

/// Below the minimum, without evidence and below the pass mark: refused with all three, sent back, and corrected.
async fn refused_while_something_is_missing(world: &World, province: &Actor, certifier: &Actor, name: &str) {
    let until = world.clock().day(400);
    let own = certify(province, name, "01/CN-KCNX", &until).await;
    assert_eq!(own.reason(403), "PERMISSION_DENIED", "its owner does not certify it: {own}");
    let others = certify(&world.actor("agencies/g06", &["agency-officer"]), name, "01/CN-KCNX", &until).await;
    assert_eq!(others.reason(404), "NOT_FOUND", "{others}");
    let gate = certify(certifier, name, "01/CN-KCNX", &until).await;
    assert_eq!(gate.reason(400), "GREEN_CERTIFICATION_INCOMPLETE");
    let told = gate.json()["detail"].as_str().expect("a sentence").to_owned();
    for piece in ["AT.01 scores 4, below its minimum of 5", "AT.01 has no evidence", "pass mark of 70"] {
        assert!(told.contains(piece), "{piece}: {told}");
    }
    let shown = certifier.get(&format!("/v1/{name}")).await.ok();
    let kinds: Vec<&str> =
        shown["shortfalls"].as_array().expect("a list").iter().filter_map(|it| it["kind"].as_str()).collect();
    assert_eq!(kinds, ["BELOW_MINIMUM", "EVIDENCE_MISSING", "BELOW_PASS_MARK"], "{shown}");

    let scores = json!({"scores": [
        {"criterion": "MT.01", "score": 85}, {"criterion": "QT.01", "score": 10},
        {"criterion": "AT.01", "score": 8, "evidence": [{"description": "Biên bản kiểm tra an toàn lao động", "date": "2026-03-01"}]},
    ]});
    let early = province.patch(&format!("/v1/{name}"), scores.clone()).await;
    assert_eq!(early.reason(400), "GREEN_ASSESSMENT_NOT_OPEN", "{early}");
    let back = certifier.post(&format!("/v1/{name}:sendBack"), json!({"reason": "Thiếu minh chứng"})).await.ok();
    assert_eq!((&back["status"], &back["decisionReason"]), (&json!("SENT_BACK"), &json!("Thiếu minh chứng")), "{back}");
    province.patch(&format!("/v1/{name}"), scores).await.ok();
    province.post(&format!("/v1/{name}:submit"), json!({})).await.ok();
    for past in ["2020-01-01", &world.clock().day(-1)] {
        let refused = certify(certifier, name, "01/CN-KCNX", past).await;
        assert_eq!(refused.refused(400)["violations"][0]["field"], "validUntil", "{refused}");
    }
    assert!(world.nobody().all("greenAssessments", "").await.is_empty(), "nothing is public yet");
}

/// What the certificate rests on stays as it is.
async fn frozen(ministry: &Actor, standard: &str) {
    let lower = ministry.patch(&format!("/v1/{standard}"), json!({"passMark": 10})).await;
    assert_eq!(lower.reason(400), "GREEN_STANDARD_FROZEN", "{lower}");
    let ended = ministry.patch(&format!("/v1/{standard}"), json!({"validTo": "2026-12-31"})).await.ok();
    assert!(ended["freezeTime"].is_string(), "{ended}");
    let next = json!({
        "displayName": "Khu công nghiệp xanh", "version": "2.0", "target": "INDUSTRIAL_PARK", "validFrom": "2027-01-01",
        "passMark": 80, "criteria": [criterion("MT.01", 100, 0)], "predecessor": standard,
    });
    let next = ministry.post("/v1/greenStandards?greenStandardId=khu-cong-nghiep-xanh-2", next).await.ok();
    assert_eq!((&next["predecessor"], &next["freezeTime"]), (&json!(standard), &Value::Null), "{next}");
    let on = async |day: &str| ministry.all("greenStandards", &format!("asOf={day}")).await.len();
    assert_eq!((on("2026-06-01").await, on("2027-01-01").await, on("2020-01-01").await), (1, 1, 0));
}

/// Everybody sees the certificate; sixty days before its end and at its end the change log tells so, by itself.
async fn it_runs_out(world: &World, park: &str, name: &str) {
    let nobody = world.nobody();
    let listed = async |query: &str| nobody.all("greenAssessments", &format!("subject={park}&{query}")).await.len();
    let (last, after) = (world.clock().day(400), world.clock().day(401));
    assert_eq!((listed("valid=true").await, listed("expired=true").await), (1, 0));
    for (query, found) in [
        (format!("valid=true&asOf={last}"), 1),
        (format!("valid=true&asOf={after}"), 0),
        (format!("expired=true&asOf={after}"), 1),
        (format!("validUntilTo={last}"), 1),
        (format!("validUntilTo={}", world.clock().day(399)), 0),
        (format!("certifier={CERTIFIER}&status=CERTIFIED"), 1),
    ] {
        assert_eq!(listed(&query).await, found, "{query}");
    }
    let told = async |kind: &str| {
        let log = world.auditor().get(&format!("/v1/registry/changes?resource={name}&types={kind}")).await.ok();
        log["changes"].as_array().expect("a list").len()
    };
    world.clock().advance(days(339)).await;
    assert_eq!(told("greenAssessment.expiring").await, 0, "sixty-one days before");
    world.clock().advance(days(2)).await;
    eventually("it is told that it ends", || async { told("greenAssessment.expiring").await == 1 }).await;
    assert_eq!((listed("valid=true").await, told("greenAssessment.expired").await), (1, 0));
    world.clock().advance(days(60)).await;
    eventually("it is told that it has ended", || async { told("greenAssessment.expired").await == 1 }).await;
    assert_eq!((listed("valid=true").await, listed("expired=true").await), (0, 1));
    let ended = nobody.get(&format!("/v1/{name}")).await.ok();
    assert_eq!(
        (&ended["status"], &ended["expired"], &ended["valid"]),
        (&json!("CERTIFIED"), &json!(true), &Value::Null),
        "{ended}"
    );
}

/// A park of old Bắc Giang, kept by its successor.
async fn park(province: &Actor) -> String {
    let park = json!({
        "displayName": "Khu công nghiệp Quang Châu", "englishName": "Quang Chau Industrial Park", "kind": "INDUSTRIAL_PARK",
        "locality": "localities/bac-giang", "areaHa": 426, "leasableAreaHa": 300, "sectors": ["VSIC2025/C"],
        "occupancies": [{"date": "2024-12-31", "percent": 62}, {"date": "2025-12-31", "percent": 71.5}],
    });
    let park = province.post("/v1/industrialParks?industrialParkId=quang-chau", park).await;
    match park.status {
        409 => "industrialParks/quang-chau".to_owned(),
        _ => park.ok()["name"].as_str().expect("a name").to_owned(),
    }
}

async fn organization(actor: &Actor, kind: &str) -> String {
    let body = json!({"displayName": "Công ty May mặc Chũ", "kind": kind, "country": "countries/VN"});
    actor.post("/v1/organizations", body).await.ok()["name"].as_str().expect("a name").to_owned()
}

fn criterion(code: &str, max_score: i32, mandatory_minimum: i32) -> Value {
    let group = if code.starts_with("AT") { "LABOUR_SAFETY" } else { "ENVIRONMENT" };
    json!({
        "code": code, "title": "Tiêu chí", "group": group, "weight": 1, "maxScore": max_score,
        "mandatoryMinimum": mandatory_minimum, "evidenceRequired": mandatory_minimum > 0,
    })
}

/// Emissions weigh as much as two others: labour safety, which has a minimum of 5 of 10 and needs evidence, and reporting.
async fn standard(ministry: &Actor, target: &str, id: &str) -> String {
    let mut emissions = criterion("MT.01", 100, 0);
    emissions["weight"] = json!(2);
    let body = json!({
        "displayName": "Khu công nghiệp xanh", "version": "1.0", "target": target, "validFrom": "2026-01-01", "passMark": 70,
        "criteria": [emissions, criterion("AT.01", 10, 5), criterion("QT.01", 10, 0)],
    });
    let standard = ministry.post(&format!("/v1/greenStandards?greenStandardId={id}"), body).await.ok();
    standard["name"].as_str().expect("a name").to_owned()
}

/// An assessment to which nothing is missing, of a park or of an enterprise.
async fn submitted(world: &World, of: &str) -> String {
    let province = world.province("bac-ninh");
    let (subject, target) = match of {
        "organizations" => (organization(&province, "ENTERPRISE").await, "ENTERPRISE"),
        _ => (park(&province).await, "INDUSTRIAL_PARK"),
    };
    let standard =
        standard(&world.ministry(), target, &format!("xanh-{}", target.to_lowercase().replace('_', "-"))).await;
    let body = json!({
        "subject": subject, "standard": standard, "certifier": CERTIFIER, "scores": [
            {"criterion": "MT.01", "score": 85}, {"criterion": "QT.01", "score": 10},
            {"criterion": "AT.01", "score": 8, "evidence": [{"description": "Biên bản kiểm tra"}]},
        ],
    });
    let assessment = province.post("/v1/greenAssessments", body).await.ok();
    let name = assessment["name"].as_str().expect("a name");
    province.post(&format!("/v1/{name}:submit"), json!({})).await.ok();
    name.to_owned()
}

async fn certify(certifier: &Actor, name: &str, number: &str, until: &str) -> crate::world::answer::Answer {
    let body = json!({"certificateNumber": number, "validUntil": until});
    certifier.post(&format!("/v1/{name}:certify"), body).await
}
