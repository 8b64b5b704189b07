//! Provinces and cities: legal units over time, found by whatever name, code or slug they bore.

use serde_json::Value;

use crate::world::{World, claims};

claims! {
    async fn there_were_63_units_and_are_34_of_which_9_are_cities(world: &World) {
        let nobody = world.nobody();
        for (query, number) in [
            ("asOf=2025-06-30&pageSize=1000", 63),
            ("asOf=2025-07-01&pageSize=1000", 34),
            ("asOf=2025-07-01&type=CITY&pageSize=1000", 6),
            ("asOf=2026-04-30&type=CITY&pageSize=1000", 7),
            ("asOf=2026-09-01&type=CITY&pageSize=1000", 8),
            ("asOf=2026-09-20&type=CITY", 9),
        ] {
            let page = nobody.get(&format!("/v1/localities?{query}")).await.ok();
            assert_eq!(page["localities"].as_array().map(Vec::len), Some(number), "{query}");
        }
    }

    async fn a_code_means_the_unit_that_bore_it_on_that_day(world: &World) {
        for (query, name) in [
            ("code=24&asOf=2023-12-31", "localities/bac-giang"),
            ("code=24&asOf=2026-01-01", "localities/bac-ninh"),
            ("code=27&asOf=2023-12-31", "localities/bac-ninh-2025"),
            ("slug=bac-ninh&asOf=2020-01-01", "localities/bac-ninh-2025"),
            ("slug=bac-ninh&asOf=2026-01-01", "localities/bac-ninh"),
        ] {
            assert_eq!(resolve(world, query).await["name"], name, "{query}");
        }
        assert_eq!(world.nobody().get("/v1/localities:resolve?code=00").await.reason(404), "LOCALITY_UNKNOWN");
    }

    async fn a_name_is_found_with_and_without_diacritics(world: &World) {
        // The last one is decomposed: letters and their marks are characters of their own.
        for q in ["bac giang", "Bắc Giang", "BẮC GIANG", "tỉnh Bắc Giang", "Ba\u{306}\u{301}c Giang"] {
            let found = resolve(world, &format!("q={}", encoded(q))).await;
            assert_eq!(found["name"], "localities/bac-giang", "{q}");
        }
        let found = resolve(world, "q=dak%20nong").await;
        assert_eq!(found["displayName"], "Đắk Nông");
        let listed = world.nobody().get("/v1/localities?asOf=2025-06-30&q=dak%20nong").await.ok();
        assert_eq!(listed["localities"][0]["displayName"], "Đắk Nông");
    }

    async fn a_merger_is_told_by_the_lineage_of_both_sides(world: &World) {
        let lineage = world.nobody().get("/v1/localities/bac-ninh:lineage").await.ok();
        let mut predecessors = names(&lineage["predecessors"]);
        predecessors.sort();
        assert_eq!(predecessors, ["localities/bac-giang", "localities/bac-ninh-2025"]);
        let lineage = world.nobody().get("/v1/localities/bac-giang:lineage").await.ok();
        assert_eq!(names(&lineage["successors"]), ["localities/bac-ninh"]);
        assert_eq!(lineage["steps"][0]["effectiveDate"], "2025-07-01");
        // Quảng Ninh became a city and remained the same unit.
        let lineage = world.nobody().get("/v1/localities/quang-ninh:lineage").await.ok();
        assert!(names(&lineage["predecessors"]).is_empty() && names(&lineage["successors"]).is_empty(), "{lineage}");
    }

    async fn a_unit_tells_the_facts_of_the_day_asked_for(world: &World) {
        let nobody = world.nobody();
        for (day, kind) in [("2026-08-31", "PROVINCE"), ("2026-09-01", "CITY")] {
            let page = nobody.get(&format!("/v1/localities?asOf={day}&q=quang%20ninh")).await.ok();
            assert_eq!(page["localities"][0]["type"], kind, "{day}");
        }
        let ended = nobody.get("/v1/localities/bac-giang").await.ok();
        assert_eq!(ended["validTo"], "2025-06-30");
    }
}

async fn resolve(world: &crate::world::World, query: &str) -> Value {
    world.nobody().get(&format!("/v1/localities:resolve?{query}")).await.ok()
}

fn names(records: &Value) -> Vec<String> {
    let records = records.as_array().into_iter().flatten();
    records.filter_map(|record| record["name"].as_str().map(str::to_owned)).collect()
}

/// Percent-encodes every byte.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
