//! Who speaks for a province abroad: one at a time, from day to day.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::{World, stories};

stories! {
    async fn a_province_has_one_primary_focal_point_a_day(world: &World) {
        let (province, ministry, mission) = (world.province("quang-ninh"), world.ministry(), world.mission("vn-jp-emb"));
        let day = |days| world.clock().day(days);
        let first = named(&province, "localities/quang-ninh", "PRIMARY", &day(-400), "").await.ok();
        assert_eq!(first["owner"], "localities/quang-ninh", "{first}");
        let name = first["name"].as_str().expect("a name");
        let second = named(&province, "localities/quang-ninh", "PRIMARY", &day(30), "").await;
        assert_eq!(second.reason(400), "FOCAL_POINT_PRIMARY_TAKEN", "{second}");
        assert_eq!(second.json()["metadata"]["holder"], name, "{second}");
        let deputy = named(&province, "localities/quang-ninh", "DEPUTY", &day(0), "").await.ok();

        let too_early = json!({"validTo": day(-401), "reason": "Nhầm"});
        assert_eq!(province.post(&format!("/v1/{name}:end"), too_early).await.reason(400), "INVALID_ARGUMENT");
        let ended = json!({"validTo": day(29), "reason": "Nghỉ hưu"});
        let ended = province.post(&format!("/v1/{name}:end"), ended).await.ok();
        assert_eq!((&ended["validTo"], &ended["endReason"]), (&json!(day(29)), &json!("Nghỉ hưu")), "{ended}");
        let again = province.post(&format!("/v1/{name}:end"), json!({"validTo": day(60), "reason": "Muộn"})).await;
        assert_eq!(again.reason(400), "FOCAL_POINT_ENDED", "{again}");
        // The ministry may name one for the province; it is the province's all the same.
        let next = named(&ministry, "localities/quang-ninh", "PRIMARY", &day(30), "").await.ok();
        assert_eq!(next["owner"], "localities/quang-ninh", "{next}");

        for (on, expected) in [(-401, vec![]), (-1, vec![&first]), (0, vec![&first, &deputy]), (30, vec![&next, &deputy])] {
            let query = format!("locality=localities/quang-ninh&asOf={}", day(on));
            let listed = mission.all("focalPoints", &query).await;
            let names = |points: &[&Value]| points.iter().map(|point| point["name"].clone()).collect::<Vec<_>>();
            assert_eq!(names(&listed.iter().collect::<Vec<_>>()), names(&expected), "day {on}");
        }
        assert_eq!(world.nobody().get("/v1/focalPoints").await.status, 401, "not for the public");
    }

    async fn a_body_names_its_own_for_as_long_as_it_exists(world: &World) {
        let (province, other, ministry) = (world.province("quang-ninh"), world.province("ca-mau"), world.ministry());
        let today = world.clock().day(0);
        let foreign = named(&other, "localities/quang-ninh", "PRIMARY", &today, "").await;
        assert_eq!(foreign.reason(400), "INVALID_ARGUMENT", "{foreign}");
        let own = named(&province, "localities/quang-ninh", "PRIMARY", &today, "").await.ok();
        let path = format!("/v1/{}", own["name"].as_str().expect("a name"));
        assert_eq!(other.patch(&path, json!({"position": "Khác"})).await.reason(403), "PERMISSION_DENIED");
        let backwards = named(&province, "localities/quang-ninh", "DEPUTY", &today, &world.clock().day(-1)).await;
        assert_eq!(backwards.reason(400), "INVALID_ARGUMENT", "{backwards}");

        let still = named(&ministry, "localities/bac-giang", "PRIMARY", "2024-01-01", "").await;
        assert_eq!(still.reason(400), "FOCAL_POINT_BODY_ENDED", "{still}");
        assert_eq!(still.json()["metadata"]["to"], "2025-06-30", "{still}");
        let history = named(&ministry, "localities/bac-giang", "PRIMARY", "2024-01-01", "2025-06-30").await.ok();
        let then = province.all("focalPoints", "locality=localities/bac-giang&asOf=2025-06-30").await;
        assert_eq!(then[0]["name"], history["name"]);
        assert!(province.all("focalPoints", "locality=localities/bac-giang").await.is_empty(), "nobody today");

        for body in ["missions/vn-jp-emb", "agencies/g08"] {
            named(&ministry, body, "PRIMARY", "2026-01-01", "").await.ok();
        }
        let firm = json!({"displayName": "Một công ty", "kind": "ENTERPRISE", "country": "countries/VN"});
        let firm = ministry.post("/v1/organizations", firm).await.ok();
        let firm = named(&ministry, firm["name"].as_str().expect("a name"), "PRIMARY", &today, "").await;
        assert_eq!(firm.reason(400), "INVALID_ARGUMENT", "{firm}");
    }
}

async fn named(who: &Actor, body: &str, role: &str, from: &str, to: &str) -> crate::world::answer::Answer {
    let point = json!({
        "body": body, "role": role, "personName": "Trần Thị Ngọc Ánh", "position": "Giám đốc Sở Ngoại vụ",
        "workEmail": "ngoaivu@example.org", "validFrom": from, "validTo": to,
    });
    who.post("/v1/focalPoints", point).await
}
