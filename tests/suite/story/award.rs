//! An honour for partners: decided at home, handed over abroad.

use serde_json::json;

use crate::world::{World, stories};

stories! {
    async fn the_embassy_hands_over_what_the_prime_minister_conferred(world: &World) {
        let (ministry, tokyo, nobody) = (world.ministry(), world.mission("vn-jp-emb"), world.nobody());
        let chair = |name: &str| json!({
            "displayName": name, "capacity": "đồng Chủ tịch Ủy ban Kinh tế Nhật-Việt", "country": "countries/JP"
        });
        let award = json!({
            "displayName": "Bằng khen của Thủ tướng Chính phủ", "kind": "PRIME_MINISTER_COMMENDATION",
            "recipients": [chair("Đồng Chủ tịch thứ nhất"), chair("Đồng Chủ tịch thứ hai")],
            "reason": "Đóng góp cho quan hệ kinh tế hai nước", "decisionNumber": "999/QĐ-TTg", "decidedDate": "2024-10",
            "mission": "missions/vn-jp-emb", "themes": ["themes/chuyen-doi-xanh"],
            "source": {"citation": "Báo Quốc tế [related links]", "confidence": "names, number and days are made up for this test"}
        });
        let made = ministry.post("/v1/awards", award.clone()).await.ok();
        let name = made["name"].as_str().expect("a name").to_owned();

        for query in [
            "q=nhat viet chu tich", "q=999/qd-ttg", "country=JP", "kind=PRIME_MINISTER_COMMENDATION", "mission=missions/vn-jp-emb",
            "decidedFrom=2024-10-31", "decidedTo=2024-10-01", "outstanding=true",
        ] {
            assert_eq!(nobody.all("awards", query).await.len(), 1, "{query}");
        }
        for query in ["q=huan chuong", "country=KR", "kind=ORDER", "mission=missions/vn-in-emb", "decidedFrom=2024-11-01", "decidedTo=2024-09-30"] {
            assert!(nobody.all("awards", query).await.is_empty(), "{query}");
        }

        let hand = format!("/v1/{name}:handOver");
        let day = |day: &str| json!({"handedOverDate": day, "handedOverPlace": "Tokyo"});
        assert_eq!(world.mission("vn-in-emb").post(&hand, day("2024-11-05")).await.reason(403), "PERMISSION_DENIED");
        for early_or_late in ["2024-09-30", "2099-01-01"] {
            assert_eq!(tokyo.post(&hand, day(early_or_late)).await.reason(400), "AWARD_DATES_BROKEN", "{early_or_late}");
        }
        assert_eq!(tokyo.post(&hand, json!({"handedOverPlace": "Tokyo"})).await.reason(400), "INVALID_ARGUMENT");
        let handed = tokyo.post(&hand, day("2024-11-05")).await.ok();
        assert_eq!((&handed["handedOverDate"], &handed["handedOverPlace"]), (&json!("2024-11-05"), &json!("Tokyo")));
        let again = tokyo.post(&hand, day("2024-11-06")).await.refused(400);
        assert_eq!((&again["reason"], &again["metadata"]["date"]), (&json!("AWARD_HANDED_OVER_ALREADY"), &json!("2024-11-05")));
        assert!(nobody.all("awards", "outstanding=true").await.is_empty());
        let renamed = tokyo.patch(&format!("/v1/{name}"), json!({"reason": "Khác"})).await;
        assert_eq!(renamed.reason(403), "PERMISSION_DENIED", "the embassy hands it over, and does not own it");

        let mut nobody_named = award.clone();
        nobody_named["recipients"] = json!([]);
        assert_eq!(ministry.post("/v1/awards", nobody_named).await.reason(400), "INVALID_ARGUMENT");
        let mut lost = award.clone();
        lost["recipients"][0]["organization"] = json!("organizations/nowhere");
        assert_eq!(ministry.post("/v1/awards", lost).await.reason(400), "REFERENCE_NOT_FOUND");
        let mut future = award;
        future["decidedDate"] = json!("2099");
        assert_eq!(ministry.post("/v1/awards", future).await.reason(400), "AWARD_DATES_BROKEN");
    }
}
