//! The register: regions, agreements and missions as of a day, who may change reference data, and organizations.

use serde_json::{Value, json};

use crate::world::{World, claims, scratch_claims, stories};

claims! {
    async fn regions_were_drawn_anew_and_kept_their_codes(world: &World) {
        for (day, counts) in [
            ("2025-06-30", "BTBDHMT 14, DBSCL 13, DBSH 11, DNB 6, TDMNPB 14, TN 5"),
            ("2025-07-01", "BTB 5, DBSCL 5, DBSH 6, DNB 3, NTBTN 6, TDMNPB 9"),
        ] {
            let regions = world.nobody().all("regions", &format!("asOf={day}")).await;
            let told = |region: &Value| format!("{} {}", region["code"].as_str().expect("a code"), region["localityCount"]);
            assert_eq!(regions.iter().map(told).collect::<Vec<_>>().join(", "), counts, "{day}");
            for region in &regions {
                let query = format!("asOf={day}&region={}", region["name"].as_str().expect("a name"));
                let members = world.nobody().all("localities", &query).await;
                assert_eq!(json!(members.len()), region["localityCount"], "{query}");
                assert!(members.iter().all(|member| member["region"] == region["name"]), "{query}");
            }
        }
    }

    async fn a_merged_border_province_hands_its_border_on(world: &World) {
        for (country, before, after) in [("CN", 7, 7), ("LA", 10, 9), ("KH", 10, 8)] {
            for (day, number) in [("2025-06-30", before), ("2025-07-01", after)] {
                let units = world.nobody().all("localities", &format!("asOf={day}&borderCountry={country}")).await;
                assert_eq!(units.len(), number, "{country} {day}");
            }
        }
    }

    async fn a_name_that_fits_several_units_lists_them(world: &World) {
        let problem = world.nobody().get("/v1/localities:resolve?q=ninh&asOf=2026-01-01").await.refused(400);
        assert_eq!(problem["reason"], "LOCALITY_AMBIGUOUS");
        for candidate in ["localities/bac-ninh", "localities/ninh-binh", "localities/quang-ninh", "localities/tay-ninh"] {
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(candidate)), "{problem}");
        }
        let problem = world.nobody().get("/v1/localities:resolve?code=27&asOf=2026-01-01").await.refused(404);
        assert_eq!((&problem["reason"], &problem["metadata"]["at_other_times"]), (&json!("LOCALITY_UNKNOWN"), &json!("localities/bac-ninh-2025")));
    }

    async fn agreements_are_listed_that_bind_both_countries_on_the_day(world: &World) {
        for (country, day, names) in [
            ("JP", "2023-01-01", "AJCEP CPTPP RCEP VJEPA"),
            ("GB", "2024-12-14", "UKVFTA"),
            ("GB", "2024-12-15", "CPTPP UKVFTA"),
            ("PE", "2021-09-18", ""),
        ] {
            let found = world.nobody().all("tradeAgreements", &format!("country={country}&asOf={day}")).await;
            let told: Vec<_> = found.iter().map(|it| it["shortName"].as_str().expect("a short name")).collect();
            assert_eq!(told.join(" "), names, "{country} {day}");
        }
        let early = world.nobody().all("tradeAgreements", "country=GB&asOf=2021-01-15").await;
        assert_eq!(early[0]["application"], "PROVISIONAL");
        let all = world.nobody().all("tradeAgreements", "").await;
        assert_eq!(all.iter().filter(|it| it["counted"] == true).count(), 17);
    }

    async fn missions_are_counted_as_published(world: &World) {
        for (day, count) in [("2023-03-09", 94), ("2026-01-10", 98)] {
            let answer = world.nobody().get(&format!("/v1/missions:count?asOf={day}")).await.ok();
            assert_eq!((&answer["count"], &answer["uncounted"]), (&json!(count), &json!(1)), "{day}");
        }
        assert_eq!(world.nobody().all("missions", "asOf=2026-01-10").await.len(), 99);
        let unsure = world.nobody().get("/v1/countries/SY:resolveMission").await.ok();
        assert_eq!(unsure["accreditation"]["unverified"], true, "{unsure}");
    }

    async fn agencies_have_both_forms_of_their_code(world: &World) {
        let ministry = world.nobody().get("/v1/agencies/g08").await.ok();
        assert_eq!((&ministry["displayName"], &ministry["legacyCode"]), (&json!("Bộ Ngoại giao"), &json!("000.00.00.G08")));
        let found = world.nobody().all("agencies", "code=000.00.00.H05").await;
        assert_eq!(found[0]["locality"], "localities/bac-ninh");
        let planning = world.nobody().get("/v1/agencies/g05").await.ok();
        assert_eq!(planning["successor"], "agencies/g12");
        assert!(world.nobody().all("agencies", "").await.iter().all(|agency| agency["name"] != "agencies/g05"));
    }
}

stories! {
    async fn a_province_becomes_a_city_and_stays_the_same_unit(world: &World) {
        let ministry = world.administrator();
        let unit = ministry.get("/v1/localities/khanh-hoa").await.ok();
        let mut periods = unit["periods"].as_array().expect("periods").clone();
        let mut next = periods.last().expect("a period").clone();
        next["validFrom"] = json!("2027-01-01");
        next["type"] = json!("CITY");
        let gap = json!({"periods": [periods[0].clone(), next.clone()], "etag": unit["etag"]});
        assert_eq!(ministry.patch("/v1/localities/khanh-hoa", gap).await.reason(400), "LOCALITY_PERIODS_BROKEN");
        periods.last_mut().expect("a period")["validTo"] = json!("2026-12-31");
        periods.push(next);
        let province = world.province("khanh-hoa");
        let change = json!({"periods": periods, "etag": unit["etag"]});
        assert_eq!(province.patch("/v1/localities/khanh-hoa", change.clone()).await.reason(403), "PERMISSION_DENIED");
        ministry.patch("/v1/localities/khanh-hoa", change).await.ok();
        for (day, kind, cities) in [("2026-12-31", "PROVINCE", 9), ("2027-01-01", "CITY", 10)] {
            let shown = world.nobody().get(&format!("/v1/localities/khanh-hoa?asOf={day}")).await.ok();
            assert_eq!(shown["type"], kind, "{day}");
            assert_eq!(world.nobody().all("localities", &format!("asOf={day}&type=CITY")).await.len(), cities, "{day}");
        }
    }
}

scratch_claims! {
    async fn an_organization_is_seen_by_the_administration_and_owns_its_tax_code(world: &World) {
        let province = world.province("quang-ninh");
        let firm = |name: &str, code: &str| json!({
            "displayName": name, "kind": "ENTERPRISE", "country": "countries/VN", "locality": "localities/quang-ninh",
            "identifiers": [{"type": "TAX_CODE", "value": code}],
        });
        let made = province.post("/v1/organizations", firm("Công ty Cổ phần Đá Quý", "5700 998 877")).await.ok();
        let name = made["name"].as_str().expect("a name").to_owned();
        assert_eq!((&made["owner"], &made["audience"]["circle"]), (&json!("localities/quang-ninh"), &json!("GOVERNMENT")));
        let again = world.mission("vn-in-emb").post("/v1/organizations", firm("Da Quy JSC", "5700998877")).await;
        assert_eq!(again.reason(409), "IDENTIFIER_TAKEN");
        let found = world.mission("vn-in-emb").all("organizations", "q=da%20quy&identifier=5700998877").await;
        assert_eq!(found.len(), 1, "{found:?}");
        let stranger = world.actor("organizations/somebody-else", &["enterprise-user"]);
        assert_eq!(stranger.get(&format!("/v1/{name}")).await.reason(404), "NOT_FOUND");
        let below = province.post("/v1/organizations", json!({"displayName": "Chi nhánh", "kind": "ENTERPRISE", "parent": name})).await.ok();
        let circle = province.patch(&format!("/v1/{name}"), json!({"parent": below["name"]})).await;
        assert_eq!(circle.reason(400), "PARENT_CYCLE");
        province.post(&format!("/v1/{name}:retire"), json!({})).await.ok();
        province.post("/v1/organizations", firm("Người kế nhiệm", "5700998877")).await.ok();
    }
}
