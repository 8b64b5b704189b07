//! Products of the localities: found by where they come from through every merger, by heading, month and market.

use serde_json::{Value, json};

use crate::world::{World, stories};

stories! {
    async fn litchi_and_noodles_come_from_bac_ninh_today_and_from_bac_giang_then(world: &World) {
        let nobody = world.nobody();
        let litchi = nobody.get("/v1/products/vai-thieu").await.ok();
        assert_eq!(litchi["localities"], json!(["localities/bac-giang"]), "{litchi}");
        assert_eq!(litchi["presentLocalities"], json!(["localities/bac-ninh"]), "{litchi}");
        assert_eq!(litchi["seasons"], json!([{"fromMonth": 5, "toMonth": 7}]), "{litchi}");
        assert!(litchi["source"]["confidence"].as_str().is_some_and(|it| it.contains("from memory")), "{litchi}");
        let then = nobody.get("/v1/products/vai-thieu?asOf=2023-12-21").await.ok();
        assert_eq!(then["presentLocalities"], json!(["localities/bac-giang"]), "{then}");
        for (query, found) in [
            ("locality=localities/bac-ninh", &["my-chu", "vai-thieu"][..]),
            ("locality=localities/bac-giang", &["my-chu", "vai-thieu"]),
            ("locality=localities/bac-ninh&asOf=2023-12-21", &[]),
            ("locality=localities/bac-giang&asOf=2023-12-21", &["my-chu", "vai-thieu"]),
            ("locality=localities/bac-ninh-2025", &[]),
            ("hs=0810.90", &["vai-thieu"]),
            ("hs=08", &["vai-thieu"]),
            ("hs=081091", &[]),
            ("hs=1902", &["my-chu"]),
            ("seasonMonth=6", &["my-chu", "vai-thieu"]),
            ("seasonMonth=8", &["my-chu"]),
            ("market=JP", &["my-chu", "vai-thieu"]),
            ("market=countries/KR", &[]),
            ("market=JP&asOf=2023-12-20", &[]),
            ("q=vai thieu luc ngan", &["vai-thieu"]),
            ("q=081090", &["vai-thieu"]),
        ] {
            assert_eq!(ids(&nobody.all("products", query).await), found, "{query}");
        }
    }

    async fn a_province_adds_its_product_and_nobody_else_changes_it(world: &World) {
        let (province, other, nobody) = (world.province("quang-ninh"), world.province("ca-mau"), world.nobody());
        let shrimp = json!({
            "displayName": "Chả mực Hạ Long", "englishName": "Ha Long squid cake", "localities": ["localities/quang-ninh"],
            "hsCodes": ["160554"], "seasons": [{"fromMonth": 11, "toMonth": 2}],
            "geographicalIndications": [{"country": "countries/VN", "title": "Hạ Long", "registeredDate": "2013"}],
        });
        let product = province.post("/v1/products?productId=cha-muc-ha-long", shrimp.clone()).await.ok();
        assert_eq!((&product["owner"], &product["presentLocalities"]), (&json!("localities/quang-ninh"), &json!(["localities/quang-ninh"])));
        assert_eq!(province.post("/v1/products?productId=cha-muc-ha-long", shrimp).await.reason(409), "ALREADY_EXISTS");
        for (month, found) in [(1, true), (2, true), (3, false), (10, false), (12, true)] {
            let listed = ids(&nobody.all("products", &format!("seasonMonth={month}&hs=1605")).await);
            assert_eq!(!listed.is_empty(), found, "month {month}");
        }
        let path = "/v1/products/cha-muc-ha-long";
        assert_eq!(other.patch(path, json!({"displayName": "Của tôi"})).await.reason(403), "PERMISSION_DENIED");
        assert_eq!(nobody.patch(path, json!({"displayName": "Của tôi"})).await.reason(401), "UNAUTHENTICATED");
        assert_eq!(world.mission("vn-jp-emb").patch(path, json!({"displayName": "Của tôi"})).await.reason(403), "PERMISSION_DENIED");
        for (body, field) in [
            (json!({"hsCodes": ["0810.90"]}), "product.hsCodes[0]"),
            (json!({"hsCodes": ["081"]}), "product.hsCodes[0]"),
            (json!({"hsCodes": ["0810901234"]}), "product.hsCodes[0]"),
            (json!({"seasons": [{"fromMonth": 13, "toMonth": 1}]}), "product.seasons[0].fromMonth"),
            (json!({"seasons": [{"fromMonth": 5}]}), "product.seasons[0].toMonth"),
        ] {
            let refused = province.patch(path, body.clone()).await;
            assert_eq!(refused.refused(400)["violations"][0]["field"], field, "{body}");
        }
        for body in [
            json!({"localities": ["localities/zz-made-up"]}),
            json!({"producers": ["organizations/zz-made-up"]}),
            json!({"geographicalIndications": [{"country": "countries/ZZ"}]}),
        ] {
            assert_eq!(province.patch(path, body.clone()).await.reason(400), "REFERENCE_NOT_FOUND", "{body}");
        }
        for query in ["seasonMonth=13", "hs=litchi", "asOf=2026-02-30"] {
            nobody.get(&format!("/v1/products?{query}")).await.refused(400);
        }
        province.post(&format!("{path}:retire"), json!({})).await.ok();
        assert!(nobody.all("products", "q=cha muc").await.is_empty());
    }

    async fn every_country_is_a_market_and_the_ministry_keeps_its_languages(world: &World) {
        let (ministry, nobody) = (world.ministry(), world.nobody());
        assert_eq!(nobody.get("/v1/markets/KR").await.ok()["languages"], json!(["ko"]));
        let french = ids(&nobody.all("markets", "language=fr").await);
        assert!(["FR", "BE", "CH", "CA"].iter().all(|code| french.contains(&(*code).to_owned())), "{french:?}");
        let none = nobody.get("/v1/products/vai-thieu:findGaps?markets=AQ").await.ok();
        assert_eq!(none["markets"][0]["gaps"], json!(["LANGUAGES_UNKNOWN", "NO_LISTING"]), "{none}");
        let languages = json!({"languages": ["en", "ko"]});
        assert_eq!(world.province("bac-ninh").patch("/v1/markets/KR", languages.clone()).await.reason(403), "PERMISSION_DENIED");
        ministry.patch("/v1/markets/KR", languages).await.ok();
        let bad = ministry.patch("/v1/markets/KR", json!({"languages": ["Tiếng Hàn"]})).await;
        assert_eq!(bad.refused(400)["violations"][0]["field"], "market.languages[0]", "{bad}");
        let gaps = nobody.get("/v1/products/vai-thieu:findGaps?markets=KR").await.ok();
        assert_eq!(gaps["markets"][0]["uncoveredLanguages"], json!(["en", "ko"]), "{gaps}");
    }
}

/// What follows the slash of the records' names, in alphabetical order.
fn ids(records: &[Value]) -> Vec<String> {
    let names =
        records.iter().filter_map(|record| record["name"].as_str()).filter_map(|name| name.split('/').next_back());
    let mut ids: Vec<String> = names.map(str::to_owned).collect();
    ids.sort();
    ids
}
