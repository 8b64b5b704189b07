//! Directives and their measures: found by number however it is written, in force or replaced.

use serde_json::{Value, json};

use crate::world::{World, claims, stories};

claims! {
    async fn a_number_is_found_however_it_is_written(world: &World) {
        for (q, name) in [
            ("15 ct tw", "directives/15-ct-tw-2022"),
            ("15-CT/TW", "directives/15-ct-tw-2022"),
            ("15CT/TW", "directives/15-ct-tw-2022"),
            ("Chi thi 15", "directives/15-ct-tw-2022"),
            ("Chỉ thị số 15-CT/TW", "directives/15-ct-tw-2022"),
            ("21/NQ-CP", "directives/21-nq-cp-2023"),
            ("21-nq-cp", "directives/21-nq-cp-2023"),
            ("Nghị quyết 21", "directives/21-nq-cp-2023"),
            ("ket luan 12 kl tw", "directives/12-kl-tw-2021"),
            ("65/TB-VPCP", "directives/65-tb-vpcp-2026"),
        ] {
            let found = find(world, &format!("q={}", encoded(q))).await;
            assert!(found.contains(&name.to_owned()), "{q}: {found:?}");
        }
        for number in ["15-CT/TW", "15 ct tw", "15ct.tw"] {
            assert_eq!(find(world, &format!("number={}", encoded(number))).await, ["directives/15-ct-tw-2022"], "{number}");
        }
        assert!(find(world, "number=5%20ct%20tw").await.is_empty(), "a number is found whole");
        assert!(find(world, "q=chi%20thi%2012").await.is_empty(), "12 is a conclusion");
    }

    async fn a_directive_is_in_force_until_another_replaces_it(world: &World) {
        for (day, in_force) in [("2022-08-09", "directives/41-ct-tw-2010"), ("2022-08-10", "directives/15-ct-tw-2022")] {
            let found = find(world, &format!("kind=DIRECTIVE&asOf={day}")).await;
            assert_eq!(found, [in_force], "{day}");
        }
        let old = world.nobody().get("/v1/directives/41-ct-tw-2010").await.ok();
        assert_eq!(old["replacedBy"], json!(["directives/15-ct-tw-2022"]));
        assert!(old["inForce"].is_null(), "{old}");
        let then = world.nobody().get("/v1/directives/41-ct-tw-2010?asOf=2015-01-01").await.ok();
        assert_eq!(then["inForce"], true);
        assert_eq!(find(world, "issuer=bo%20chinh%20tri").await, ["directives/12-kl-tw-2021"]);
        assert_eq!(find(world, "implements=directives/15-ct-tw-2022").await, ["directives/21-nq-cp-2023"]);
        assert_eq!(find(world, "").await[0], "directives/65-tb-vpcp-2026", "the latest first");
    }

    async fn the_action_programme_has_seven_groups_of_tasks(world: &World) {
        for directive in ["21-nq-cp-2023", "directives/21-nq-cp-2023"] {
            let measures = world.nobody().all("actionPlanMeasures", &format!("directive={directive}")).await;
            let ordinals: Vec<i64> = measures.iter().filter_map(|it| it["ordinal"].as_i64()).collect();
            assert_eq!(ordinals, [1, 2, 3, 4, 5, 6, 7]);
            assert!(measures.iter().all(|it| it["source"]["confidence"].is_string()), "{measures:?}");
        }
    }
}

stories! {
    async fn a_programme_replaces_another_and_sets_tasks(world: &World) {
        let ministry = world.ministry();
        let programme = json!({"number": "99/NQ-CP", "kind": "RESOLUTION", "issuer": "Chính phủ", "issuedDate": "2026-10-01", "validFrom": "2027-01-01",
            "title": "Chương trình hành động thử", "replaces": ["directives/21-nq-cp-2023"]});
        ministry.post("/v1/directives?directiveId=99-nq-cp-2026", programme.clone()).await.ok();
        for (day, in_force) in [("2026-12-31", "directives/21-nq-cp-2023"), ("2027-01-01", "directives/99-nq-cp-2026")] {
            assert_eq!(find(world, &format!("kind=RESOLUTION&asOf={day}")).await, [in_force], "{day}");
        }
        let earlier = json!({"number": "1/NQ-CP", "kind": "RESOLUTION", "issuer": "Chính phủ", "issuedDate": "2020", "title": "Sớm hơn", "replaces": ["directives/21-nq-cp-2023"]});
        assert_eq!(ministry.post("/v1/directives?directiveId=1-nq-cp-2020", earlier).await.reason(400), "DIRECTIVE_ORDER_BROKEN");
        let own = ministry.patch("/v1/directives/99-nq-cp-2026", json!({"replaces": ["directives/99-nq-cp-2026"]})).await;
        assert_eq!(own.reason(400), "DIRECTIVE_ORDER_BROKEN");

        let measure = |ordinal: i32, title: &str| json!({"directive": "directives/99-nq-cp-2026", "ordinal": ordinal, "title": title,
            "leadBody": "agencies/g08", "supportingBodies": ["localities/bac-ninh"], "dueDate": "2027"});
        let group = ministry.post("/v1/actionPlanMeasures", measure(1, "Nhóm")).await.ok();
        let mut part = measure(1, "Việc");
        part["parent"] = group["name"].clone();
        let part = ministry.post("/v1/actionPlanMeasures", part).await.ok();
        let path = format!("/v1/{}", group["name"].as_str().expect("a name"));
        let circle = ministry.patch(&path, json!({"parent": part["name"]})).await;
        assert_eq!(circle.reason(400), "MEASURE_PARENT_BROKEN", "{circle}");
        for (query, number) in [
            ("directive=99-nq-cp-2026".to_owned(), 2),
            ("body=localities/bac-ninh".to_owned(), 2),
            ("dueTo=2027-12-30".to_owned(), 0),
            ("dueTo=2027-12-31".to_owned(), 2),
            (format!("parent={}", group["name"].as_str().expect("a name")), 1),
        ] {
            assert_eq!(world.nobody().all("actionPlanMeasures", &query).await.len(), number, "{query}");
        }
        ministry.post("/v1/directives/99-nq-cp-2026:retire", json!({})).await.ok();
        assert_eq!(find(world, "kind=RESOLUTION&asOf=2027-01-01").await, ["directives/21-nq-cp-2023"], "what is withdrawn replaces nothing");
    }
}

async fn find(world: &World, query: &str) -> Vec<String> {
    let found = world.nobody().all("directives", query).await;
    found.iter().filter_map(|it: &Value| it["name"].as_str().map(str::to_owned)).collect()
}

/// Percent-encodes every byte.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
