//! Desks of the ministry: which one answers for a country, a topic, or both, on a day, and why.

use serde_json::{Value, json};

use crate::world::{World, claims, stories};

claims! {
    async fn the_desk_whose_coverage_is_closest_answers(world: &World) {
        for (query, desk, reason) in [
            ("country=JP", "vu-dong-bac-a", "REGION"),
            ("country=countries/LB", "vu-trung-dong-chau-phi", "REGION"),
            ("country=FR&topic=tai-nguyen", "vu-chau-au", "REGION"),
            ("country=AU", "vu-dong-nam-a-nam-a-nam-thai-binh-duong", "REGION"),
            ("topic=lanh-su", "cuc-lanh-su", "TOPIC"),
            ("topic=workAreas/lanh-su", "cuc-lanh-su", "TOPIC"),
            ("topic=tai-nguyen", "vu-ngoai-giao-kinh-te", "FALLBACK"),
            ("country=AQ", "vu-ngoai-giao-kinh-te", "FALLBACK"),
        ] {
            let answer = resolve(world, &format!("{query}&asOf=2026-01-10")).await;
            assert_eq!(answer["orgUnit"], format!("orgUnits/{desk}"), "{query}: {answer}");
            assert_eq!(answer["reason"], reason, "{query}: {answer}");
            assert!(answer["coverage"]["source"]["confidence"].is_string(), "{query}: {answer}");
        }
        let before = resolve(world, "topic=tai-nguyen&asOf=2021-12-18").await;
        assert_eq!(before["orgUnit"], "orgUnits/vu-tong-hop-kinh-te", "{before}");
        let nobody = world.nobody();
        assert_eq!(nobody.get("/v1/orgUnits:resolveDesk").await.reason(400), "INVALID_ARGUMENT");
        assert_eq!(nobody.get("/v1/orgUnits:resolveDesk?country=QQ").await.reason(404), "NOT_FOUND");
        assert_eq!(nobody.get("/v1/orgUnits:resolveDesk?country=JP&asOf=2026-02-30").await.reason(400), "INVALID_ARGUMENT");
    }
}

stories! {
    async fn a_division_takes_over_a_country_on_its_day_and_gives_it_back(world: &World) {
        let ministry = world.ministry();
        let division = json!({
            "displayName": "Phòng Ấn Độ", "kind": "DIVISION", "agency": "agencies/g08",
            "parent": "orgUnits/vu-dong-nam-a-nam-a-nam-thai-binh-duong", "validFrom": "2026-03-01",
            "coverages": [
                {"country": "countries/IN", "validTo": "2026-06-30"},
                {"country": "countries/IN", "topic": "fta", "validFrom": "2026-04-01"},
            ],
        });
        ministry.post("/v1/orgUnits?orgUnitId=phong-an-do", division).await.ok();
        for (query, day, desk, reason) in [
            ("country=IN", "2026-02-28", "vu-dong-nam-a-nam-a-nam-thai-binh-duong", "REGION"),
            ("country=IN", "2026-03-01", "phong-an-do", "COUNTRY"),
            ("country=IN&topic=fta", "2026-03-31", "phong-an-do", "COUNTRY"),
            ("country=IN&topic=fta", "2026-04-01", "phong-an-do", "COUNTRY_AND_TOPIC"),
            ("country=IN", "2026-06-30", "phong-an-do", "COUNTRY"),
            ("country=IN", "2026-07-01", "vu-dong-nam-a-nam-a-nam-thai-binh-duong", "REGION"),
        ] {
            let answer = resolve(world, &format!("{query}&asOf={day}")).await;
            assert_eq!((&answer["orgUnit"], &answer["reason"]), (&Value::from(format!("orgUnits/{desk}")), &Value::from(reason)), "{query} {day}: {answer}");
        }
        let others = resolve(world, "country=IN&asOf=2026-03-01").await["others"].clone();
        assert_eq!(others, json!(["orgUnits/vu-dong-nam-a-nam-a-nam-thai-binh-duong", "orgUnits/vu-ngoai-giao-kinh-te"]));

        let cycle = json!({"parent": "orgUnits/phong-an-do"});
        let refused = ministry.patch("/v1/orgUnits/vu-dong-nam-a-nam-a-nam-thai-binh-duong", cycle).await;
        assert_eq!(refused.reason(400), "ORG_UNIT_CYCLE");
        let both = json!({"coverages": [{"country": "countries/IN", "worldRegion": "SOUTHERN_ASIA"}]});
        let refused = ministry.patch("/v1/orgUnits/phong-an-do", both).await.refused(400);
        assert!(refused.to_string().contains("coverages[0]"), "{refused}");
        let lost = json!({"coverages": [{"topic": "themes/khong-co"}]});
        assert_eq!(ministry.patch("/v1/orgUnits/phong-an-do", lost).await.reason(400), "REFERENCE_NOT_FOUND");
        assert_eq!(world.nobody().all("orgUnits", "parent=orgUnits/vu-dong-nam-a-nam-a-nam-thai-binh-duong&asOf=2026-03-01").await.len(), 1);
        assert_eq!(world.nobody().all("orgUnits", "q=phong an do&asOf=2026-03-01").await.len(), 1);

        ministry.post("/v1/orgUnits/phong-an-do:retire", json!({})).await.ok();
        assert_eq!(resolve(world, "country=IN&asOf=2026-03-01").await["reason"], "REGION");
    }
}

async fn resolve(world: &World, query: &str) -> Value {
    world.nobody().get(&format!("/v1/orgUnits:resolveDesk?{query}")).await.ok()
}
