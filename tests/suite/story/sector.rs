//! Sections of the standard industrial classification: the letters shift from version to version.

use serde_json::{Value, json};

use crate::world::{World, claims, stories};

async fn converted(world: &World, from: &str, to: &str) -> String {
    let answer = world.nobody().get(&format!("/v1/sectors:convert?from={from}&to={to}")).await.ok();
    let told = |it: &Value| {
        format!("{} {}", it["notation"].as_str().expect("a notation"), it["coverage"].as_str().expect("how"))
    };
    answer["sectors"].as_array().expect("sections").iter().map(told).collect::<Vec<_>>().join(", ")
}

claims! {
    async fn a_section_is_converted_both_ways(world: &World) {
        for (from, to, expected) in [
            ("VSIC2018/J", "VSIC2025", "VSIC2025/J PART, VSIC2025/K PART"),
            ("sectors/VSIC2018-J", "VSIC2025", "VSIC2025/J PART, VSIC2025/K PART"),
            ("vsic2018/j", "vsic2025", "VSIC2025/J PART, VSIC2025/K PART"),
            ("VSIC2018/A", "VSIC2025", "VSIC2025/A SAME"),
            ("VSIC2018/K", "VSIC2025", "VSIC2025/L SAME"),
            ("VSIC2018/U", "VSIC2025", "VSIC2025/V SAME"),
            ("VSIC2025/J", "VSIC2018", "VSIC2018/J WHOLE"),
            ("VSIC2025/K", "VSIC2018", "VSIC2018/J WHOLE"),
            ("VSIC2025/L", "VSIC2018", "VSIC2018/K SAME"),
            ("VSIC2025/V", "VSIC2018", "VSIC2018/U SAME"),
            ("VSIC2018/J", "VSIC2018", "VSIC2018/J SAME"),
            ("VSIC2025/K", "VSIC2025", "VSIC2025/K SAME"),
        ] {
            assert_eq!(converted(world, from, to).await, expected, "{from} to {to}");
        }
        let answer = world.nobody().get("/v1/sectors:convert?from=VSIC2018/J&to=VSIC2025").await.ok();
        assert_eq!((&answer["from"]["notation"], &answer["to"]), (&json!("VSIC2018/J"), &json!("VSIC2025")), "{answer}");
        assert!(answer["sectors"][1]["part"].as_str().is_some_and(|part| part.contains("Viễn thông")), "{answer}");
    }

    async fn without_a_version_the_one_in_force_on_the_day_is_meant(world: &World) {
        for (query, to) in [
            ("from=VSIC2018/J", "VSIC2025"),
            ("from=VSIC2018/J&asOf=2025-11-15", "VSIC2025"),
            ("from=VSIC2018/J&asOf=2025-11-14", "VSIC2018"),
        ] {
            let answer = world.nobody().get(&format!("/v1/sectors:convert?{query}")).await.ok();
            assert_eq!(answer["to"], to, "{query}");
        }
        for (query, first, number) in [
            ("", "VSIC2025/A", 22),
            ("asOf=2025-11-15", "VSIC2025/A", 22),
            ("asOf=2025-11-14", "VSIC2018/A", 21),
            ("version=VSIC2018", "VSIC2018/A", 21),
            ("version=VSIC2018&q=thong tin", "VSIC2018/J", 1),
        ] {
            let found = world.nobody().all("sectors", query).await;
            assert_eq!((&found[0]["notation"], found.len()), (&json!(first), number), "{query}");
        }
        assert!(world.nobody().all("sectors", "asOf=2018-08-19").await.is_empty(), "VSIC 2007 is not recorded");
        assert!(world.nobody().all("sectors", "version=VSIC2018&asOf=2026-01-01").await.is_empty());
    }

    async fn what_is_no_section_is_said_so(world: &World) {
        for (query, field) in [
            ("from=VSIC2018/V&to=VSIC2025", "from"),
            ("from=VSIC2018/JJ&to=VSIC2025", "from"),
            ("from=J&to=VSIC2025", "from"),
            ("from=VSIC2007/J&to=VSIC2025", "from"),
            ("from=VSIC2018/J&to=VSIC2030", "to"),
            ("from=VSIC2018/J&to=2025", "to"),
            ("from=VSIC2018/J&asOf=2018-01-01", "asOf"),
            ("to=VSIC2025", "from"),
        ] {
            let problem = world.nobody().get(&format!("/v1/sectors:convert?{query}")).await.refused(400);
            assert_eq!(problem["reason"], "INVALID_ARGUMENT", "{query}");
            assert!(problem.to_string().contains(&format!("\"{field}\"")), "{query}: {problem}");
        }
        let problem = world.nobody().get("/v1/sectors:convert?from=VSIC2018/J&to=VSIC2030").await.refused(400);
        assert!(problem.to_string().contains("VSIC2018, VSIC2025"), "it says what there is: {problem}");
        assert_eq!(world.nobody().get("/v1/sectors/VSIC2018-V").await.reason(404), "NOT_FOUND");
    }
}

stories! {
    async fn a_third_version_is_reached_through_the_second(world: &World) {
        let ministry = world.ministry();
        let section = |code: &str, name: &str| json!({
            "version": "VSIC2032", "code": code, "displayName": name, "validFrom": "2032-01-01"
        });
        for (code, name) in [("K", "Viễn thông"), ("L", "Lập trình máy tính và tài chính")] {
            let made = ministry.post("/v1/sectors", section(code, name)).await.ok();
            assert_eq!((&made["name"], &made["notation"]), (&json!(format!("sectors/VSIC2032-{code}")), &json!(format!("VSIC2032/{code}"))));
        }
        let follow = |sectors: &[&str]| json!({"successors": sectors.iter().map(|code| json!({"sector": format!("sectors/VSIC2032-{code}")})).collect::<Vec<_>>()});
        ministry.patch("/v1/sectors/VSIC2025-K", follow(&["K", "L"])).await.ok();
        ministry.patch("/v1/sectors/VSIC2025-L", follow(&["L"])).await.ok();
        for (from, to, expected) in [
            ("VSIC2018/J", "VSIC2032", "VSIC2032/K PART, VSIC2032/L OVERLAP"),
            ("VSIC2018/K", "VSIC2032", "VSIC2032/L WHOLE"),
            ("VSIC2032/L", "VSIC2018", "VSIC2018/J OVERLAP, VSIC2018/K PART"),
            ("VSIC2032/K", "VSIC2018", "VSIC2018/J WHOLE"),
            ("VSIC2018/A", "VSIC2032", ""),
        ] {
            assert_eq!(converted(world, from, to).await, expected, "{from} to {to}");
        }
        assert_eq!(ministry.post("/v1/sectors", section("K", "Viễn thông")).await.reason(409), "ALREADY_EXISTS");
        let own = ministry.patch("/v1/sectors/VSIC2025-L", json!({"successors": [{"sector": "sectors/VSIC2025-M"}]})).await;
        assert_eq!(own.reason(400), "SECTOR_CONTRADICTS");
        let lost = ministry.patch("/v1/sectors/VSIC2025-M", json!({"successors": [{"sector": "sectors/VSIC2032-Z"}]})).await;
        assert_eq!(lost.reason(400), "REFERENCE_NOT_FOUND");
        assert_eq!(ministry.patch("/v1/sectors/VSIC2025-M", json!({"code": "Z"})).await.reason(400), "INVALID_ARGUMENT");
    }

    async fn a_unit_below_a_section_is_found_under_it(world: &World) {
        let ministry = world.ministry();
        let unit = |code: &str, parent: &str| json!({
            "version": "VSIC2018", "code": code, "displayName": "Viễn thông", "parent": parent,
            "validFrom": "2018-08-20", "validTo": "2025-11-14"
        });
        ministry.post("/v1/sectors", unit("61", "sectors/VSIC2018-J")).await.ok();
        ministry.post("/v1/sectors", unit("611", "sectors/VSIC2018-61")).await.ok();
        for (query, names) in [
            ("version=VSIC2018&parent=VSIC2018/J", vec!["VSIC2018/61"]),
            ("version=VSIC2018&parent=sectors/VSIC2018-61", vec!["VSIC2018/611"]),
            ("version=VSIC2018&parent=VSIC2018/K", vec![]),
        ] {
            let found = world.nobody().all("sectors", query).await;
            assert_eq!(found.iter().map(|it| it["notation"].as_str().expect("a notation")).collect::<Vec<_>>(), names, "{query}");
        }
        assert_eq!(ministry.post("/v1/sectors", unit("621", "sectors/VSIC2018-61")).await.reason(400), "SECTOR_CONTRADICTS");
    }
}
