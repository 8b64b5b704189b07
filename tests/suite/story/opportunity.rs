//! What a locality offers: its own affair, seen by whom it chooses, available while it is open and valid.

use serde_json::json;

use crate::world::clock::days;
use crate::world::{World, stories};

stories! {
    async fn an_offer_is_available_while_it_is_open_and_valid(world: &World) {
        let province = world.province("quang-ninh");
        let offer = province.post("/v1/opportunities", json!({
            "title": "Khu công nghiệp Hải Hà", "locality": "localities/quang-ninh", "status": "OPEN", "sectors": ["VSIC2025/C"],
            "capitalMinMusd": 10, "capitalMaxMusd": 500, "validTo": world.clock().day(10), "audience": {"circle": "PUBLIC"},
            "translations": [{"language": "en", "title": "Hai Ha industrial park"}],
        })).await.ok();
        assert_eq!((&offer["available"], &offer["owner"]), (&json!(true), &json!("localities/quang-ninh")), "{offer}");
        let nobody = world.nobody();
        for query in ["available=true", "sector=VSIC2025/C", "q=hai%20ha", "q=industrial%20PARK", "locality=localities/quang-ninh&status=OPEN"] {
            assert_eq!(nobody.all("opportunities", query).await, std::slice::from_ref(&offer), "{query}");
        }
        world.clock().advance(days(11)).await;
        assert!(nobody.all("opportunities", "available=true").await.is_empty());
        let later = nobody.get(&format!("/v1/{}", offer["name"].as_str().expect("a name"))).await.ok();
        assert_eq!((&later["available"], &later["etag"]), (&serde_json::Value::Null, &offer["etag"]), "the clock alone ends it");
    }

    async fn a_locality_offers_what_is_its_own(world: &World) {
        let province = world.province("quang-ninh");
        let refused = province.post("/v1/opportunities", json!({"title": "Khác", "locality": "localities/ca-mau"})).await;
        assert_eq!(refused.reason(403), "PERMISSION_DENIED");
        let on_behalf = json!({"title": "Thay mặt", "locality": "localities/ca-mau", "owner": "localities/ca-mau"});
        let offer = world.ministry().post("/v1/opportunities", on_behalf).await.ok();
        let path = format!("/v1/{}", offer["name"].as_str().expect("a name"));
        assert_eq!(offer["status"], "DRAFT", "{offer}");
        assert_eq!(world.ministry().patch(&path, json!({"title": "Đổi"})).await.reason(403), "PERMISSION_DENIED");
        assert_eq!(world.province("ca-mau").patch(&path, json!({"title": "Đổi"})).await.ok()["title"], "Đổi");
        assert_eq!(world.nobody().get(&path).await.reason(404), "NOT_FOUND", "the government alone sees it");
    }

    async fn an_offer_that_contradicts_itself_is_refused(world: &World) {
        let province = world.province("quang-ninh");
        for (field, body) in [
            ("opportunity.capitalMaxMusd", json!({"capitalMinMusd": 2, "capitalMaxMusd": 1})),
            ("opportunity.validTo", json!({"validFrom": "2026-02-01", "validTo": "2026-01-31"})),
            ("opportunity.translations", json!({"translations": [{"language": "en", "title": "a"}, {"language": "EN", "title": "b"}]})),
        ] {
            let mut offer = json!({"title": "Thử", "locality": "localities/quang-ninh"});
            offer.as_object_mut().expect("an object").extend(body.as_object().expect("fields").clone());
            let refused = province.post("/v1/opportunities", offer).await;
            assert_eq!(refused.refused(400)["violations"][0]["field"], field, "{refused}");
        }
    }
}
