//! Missions abroad: who answers for a country, and which agreements bind it.

use crate::world::{World, claims};

claims! {
    async fn lebanon_is_covered_from_cairo(world: &World) {
        let answer = world.nobody().get("/v1/countries/LB:resolveMission").await.ok();
        let text = answer.to_string();
        assert!(text.contains("missions/vn-eg-emb") && text.contains("CONCURRENT"), "{answer}");
        assert!(text.contains("Cairo"), "{answer}");
    }

    async fn korea_has_an_embassy_of_its_own(world: &World) {
        let answer = world.nobody().get("/v1/countries/KR:resolveMission").await.ok();
        let text = answer.to_string();
        assert!(text.contains("Seoul") && text.contains("RESIDENT"), "{answer}");
    }

    async fn a_country_that_nobody_covers_is_said_so(world: &World) {
        let nobody = world.nobody();
        let mut uncovered = None;
        for country in nobody.all("countries", "").await {
            let name = country["name"].as_str().expect("a name").to_owned();
            let answer = nobody.get(&format!("/v1/{name}:resolveMission")).await;
            if answer.status != 200 {
                uncovered = Some((name, answer));
                break;
            }
        }
        let (name, answer) = uncovered.expect("some small country has no mission");
        let problem = answer.refused(404);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(&name)), "{problem}");
        assert_eq!(nobody.get("/v1/countries/QQ:resolveMission").await.reason(404), "NOT_FOUND");
    }

    async fn an_agreement_enters_into_force_for_each_party_by_itself(world: &World) {
        let agreements = world.nobody().all("tradeAgreements", "").await;
        assert_eq!(agreements.len(), 21);
        let cptpp = world.nobody().get("/v1/tradeAgreements/cptpp").await.ok();
        let in_force = |country: &str| {
            let parties = cptpp["parties"].as_array().expect("parties");
            parties.iter().find(|party| party["country"] == country).map(|party| party["inForceDate"].clone())
        };
        assert_eq!(in_force("countries/VN"), Some("2019-01-14".into()), "{cptpp}");
        assert_eq!(in_force("countries/GB"), Some("2024-12-15".into()), "{cptpp}");
    }
}
