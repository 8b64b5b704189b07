//! Search in the registry: found however it is typed, the best first, and only what one may see.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::{Backend, World, block_on, claims, postgres, scratch_claims};

fn encoded(q: &str) -> String {
    q.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn search(actor: &Actor, q: &str, more: &str) -> Vec<Value> {
    let answer = actor.get(&format!("/v1/registry:search?q={}&{more}", encoded(q))).await.ok();
    answer["hits"].as_array().unwrap_or_else(|| panic!("no hits: {answer}")).clone()
}

fn names(hits: &[Value]) -> Vec<&str> {
    hits.iter().filter_map(|hit| hit["name"].as_str()).collect()
}

claims! {
    async fn a_place_is_found_however_it_is_typed(world: &World) {
        let nobody = world.nobody();
        for (q, best, fit) in [
            ("bac giang", "localities/bac-giang", "WHOLE"),
            ("Bắc Giang", "localities/bac-giang", "WHOLE"),
            ("Ba\u{306}\u{301}c giang", "localities/bac-giang", "WHOLE"),
            ("giang bac", "localities/bac-giang", "UNORDERED"),
            ("bacgiang", "localities/bac-giang", "WHOLE"),
            ("bac gia", "localities/bac-giang", "BEGINNING"),
            ("dak nong", "localities/dak-nong", "WHOLE"),
            ("ĐẮK NÔNG", "localities/dak-nong", "WHOLE"),
            ("tphcm", "localities/ho-chi-minh", "WHOLE"),
            ("TP.HCM", "localities/ho-chi-minh", "WHOLE"),
            ("Sài Gòn", "localities/ho-chi-minh", "WHOLE"),
            ("saigon", "localities/ho-chi-minh", "WHOLE"),
            ("ba ria-vung tau", "localities/ba-ria-vung-tau", "WHOLE"),
            ("libang", "countries/LB", "WHOLE"),
            ("han quoc", "countries/KR", "WHOLE"),
            ("bo ngoai giao", "agencies/g08", "WHOLE"),
            ("000.00.00.G08", "agencies/g08", "WHOLE"),
            ("evfta", "tradeAgreements/evfta", "WHOLE"),
        ] {
            let hits = search(&nobody, q, "").await;
            let first = hits.first().unwrap_or_else(|| panic!("{q}: nothing"));
            assert_eq!((first["name"].as_str(), first["fit"].as_str()), (Some(best), Some(fit)), "{q}: {hits:?}");
        }
        assert!(search(&nobody, "bac giangg", "").await.is_empty());
        assert!(search(&nobody, "giangbac", "").await.is_empty());
    }

    async fn an_act_is_found_by_its_number_however_it_is_written(world: &World) {
        let nobody = world.nobody();
        for q in ["nghi quyet 21", "Nghị quyết 21/NQ-CP", "21/NQ-CP", "21 nq cp", "21nqcp", "nq-cp 21"] {
            let hits = search(&nobody, q, "kind=directives").await;
            let act = hits.first().unwrap_or_else(|| panic!("{q}: nothing"))["name"].as_str().expect("a name");
            let act = nobody.get(&format!("/v1/{act}")).await.ok();
            assert_eq!(act["number"], "21/NQ-CP", "{q}: {hits:?}");
        }
    }

    async fn a_hit_tells_what_it_is_and_when_it_was(world: &World) {
        let nobody = world.nobody();
        let hits = search(&nobody, "sai gon", "kind=localities").await;
        assert_eq!(names(&hits), ["localities/ho-chi-minh", "localities/ho-chi-minh-2025"], "what exists comes first");
        let old = json!({
            "name": "localities/ho-chi-minh-2025", "kind": "localities", "displayName": "Hồ Chí Minh", "englishName": "Ho Chi Minh",
            "matchedName": "Sài Gòn", "fit": "WHOLE", "validFrom": hits[1]["validFrom"], "validTo": "2025-06-30",
        });
        assert_eq!(hits[1], old);
        assert_eq!((hits[0]["current"].as_bool(), hits[0].get("validTo")), (Some(true), None));
        let then = search(&nobody, "sai gon", "kind=localities&asOf=2025-06-30").await;
        assert_eq!(names(&then), ["localities/ho-chi-minh-2025"]);
        assert_eq!(then[0]["current"], true);
        assert!(search(&nobody, "bac giang", "kind=localities&asOf=2025-07-01").await.is_empty());
        let kinds = search(&nobody, "ha noi", "kind=localities&kind=countries").await;
        assert!(!kinds.is_empty() && kinds.iter().all(|hit| hit["kind"] == "localities"), "{kinds:?}");
    }

    async fn every_kind_of_record_that_has_a_name_is_searched(world: &World) {
        let registry = |resource: &&api::ResourceInfo| resource.message.full_name().starts_with("ngkt.registry.");
        for resource in api::contract().resources().filter(registry) {
            let path = format!("/v1/registry:search?q=a&kind={}", resource.collection);
            let status = if NAMELESS.contains(&resource.collection.as_str()) { 400 } else { 200 };
            let answer = world.nobody().get(&path).await;
            assert_eq!(answer.status, status, "{answer}");
        }
    }

    async fn pages_of_hits_are_one_walk(world: &World) {
        let nobody = world.nobody();
        for q in ["viet", "a", "province nam"] {
            let all = search(&nobody, q, "pageSize=1000").await;
            let (mut walked, mut token) = (Vec::new(), String::new());
            loop {
                let path = format!("/v1/registry:search?q={}&pageSize=7&pageToken={token}", encoded(q));
                let page = nobody.get(&path).await.ok();
                walked.extend(page["hits"].as_array().expect("hits").clone());
                token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
                if token.is_empty() {
                    break;
                }
            }
            assert_eq!(names(&walked), names(&all), "{q}");
        }
        let page = nobody.get("/v1/registry:search?q=viet&pageSize=1").await.ok();
        let token = page["nextPageToken"].as_str().expect("there are more");
        let other = nobody.get(&format!("/v1/registry:search?q=nam&pageSize=1&pageToken={token}")).await;
        assert_eq!(other.reason(400), "PAGE_TOKEN_INVALID");
    }

    async fn what_cannot_be_searched_for_is_refused(world: &World) {
        let nobody = world.nobody();
        for (query, field) in [
            ("q=".to_owned(), "q"),
            ("kind=localities".to_owned(), "q"),
            (format!("q={}", encoded(" –/.% ")), "q"),
            (format!("q={}", "a".repeat(201)), "q"),
            ("q=hue&kind=localities&kind=nothings".to_owned(), "kind[1]"),
            ("q=hue&kind=Localities!".to_owned(), "kind[0]"),
            ("q=hue&asOf=2025-02-30".to_owned(), "as_of"),
            ("q=hue&pageSize=-1".to_owned(), "page_size"),
        ] {
            let problem = nobody.get(&format!("/v1/registry:search?{query}")).await.refused(400);
            assert_eq!(problem["reason"], "INVALID_ARGUMENT", "{query}");
            let named = problem["violations"].to_string().replace("asOf", "as_of").replace("pageSize", "page_size");
            assert!(named.contains(&format!("\"{field}\"")), "{query}: {problem}");
        }
        let many = (0..100).map(|number| char::from(b'a' + number % 26).to_string()).collect::<Vec<_>>().join(" ");
        assert!(search(&nobody, &many, "").await.is_empty(), "many words are only looked for");
    }
}

/// Kinds of record without a name of their own, and those of persons and inquiries into partners, which are found in their
/// own lists alone, by whoever may see them.
const NAMELESS: &[&str] = &[
    "appointments",
    "bulkTransfers",
    "channelListings",
    "contacts",
    "focalPoints",
    "ftaCommitments",
    "greenAssessments",
    "localityProfiles",
    "markets",
    "organizationMerges",
    "organizationRelations",
    "partnershipActivities",
    "planComments",
    "prioritySubmissions",
    "reportingPeriods",
    "successions",
    "utilizationFigures",
    "verificationFiles",
    "verifications",
];

scratch_claims! {
    async fn nobody_finds_what_another_body_keeps_for_itself(world: &World) {
        let (owner, other) = (world.province("lang-son"), world.province("lao-cai"));
        let firm = |name: &str, circle: &str| json!({
            "displayName": name, "kind": "ENTERPRISE", "country": "countries/VN", "audience": {"circle": circle},
            "identifiers": [{"type": "OTHER", "value": "KHTT 21/NQ-CP", "issuer": "Sở"}],
        });
        let kept = owner.post("/v1/organizations", firm("Công ty TNHH Khánh Hòa Thịnh Trị", "OWNER")).await.ok();
        let shared = owner.post("/v1/organizations", firm("Khánh Hòa Thịnh Trị", "GOVERNMENT")).await.ok();
        let (kept, shared) = (kept["name"].as_str().expect("a name"), shared["name"].as_str().expect("a name"));
        for q in ["khanh hoa thinh tri", "Thịnh Trị Khánh Hòa", "khtt 21nqcp", "KHTT 21/NQ-CP", "cong ty tnhh khanh hoa thinh tri"] {
            let (own, others) = (search(&owner, q, "kind=organizations").await, search(&other, q, "kind=organizations").await);
            let whole = q.starts_with("cong ty");
            assert!(names(&own).contains(&kept) && (whole || names(&own).contains(&shared)), "{q}: {own:?}");
            assert!(!names(&others).contains(&kept) && (whole || names(&others).contains(&shared)), "{q}: {others:?}");
            assert!(search(&world.nobody(), q, "kind=organizations").await.is_empty(), "{q}");
        }
        let hits = search(&owner, "Khanh Hoa thinh tri", "").await;
        assert_eq!(names(&hits), [shared, kept], "a whole name is better than a part");
        assert_eq!(owner.all("organizations", "q=tri%20thinh%20hoa%20cong").await.len(), 1);
        assert!(other.all("organizations", "q=tri%20thinh%20hoa%20cong").await.is_empty());
        owner.post(&format!("/v1/{shared}:retire"), json!({})).await.ok();
        assert!(search(&other, "khanh hoa thinh tri", "").await.is_empty(), "what is retired is not found");
        let renamed = owner.patch(&format!("/v1/{kept}"), json!({"displayName": "Ngọc Lục Bảo Đồng Đăng"})).await;
        renamed.ok();
        assert_eq!(names(&search(&owner, "ngoc luc bao dong dang", "").await), [kept]);
        assert!(search(&owner, "thinh tri khanh", "").await.is_empty(), "nor what was called so before");
    }

    async fn the_diacritics_that_are_typed_come_first(world: &World) {
        let ministry = world.ministry();
        for name in ["Hoàng Mai Thảo", "Hoang Mai Thao", "Hoáng Mài Thao", "Mai Thảo Hoàng", "Hoàng Mai Thảo và Cộng sự"] {
            let firm = json!({"displayName": name, "kind": "ENTERPRISE", "country": "countries/VN"});
            ministry.post("/v1/organizations", firm).await.ok();
        }
        let found = async |q: &str| -> Vec<String> {
            let hits = search(&ministry, q, "kind=organizations").await;
            hits.iter().map(|hit| hit["displayName"].as_str().expect("a name").to_owned()).collect()
        };
        let [first, .., last] = &found("Hoàng Mai Thảo").await[..] else { panic!("nothing") };
        assert_eq!((first.as_str(), last.as_str()), ("Hoàng Mai Thảo", "Mai Thảo Hoàng"));
        let [first, ..] = &found("Hoáng Mài Thao").await[..] else { panic!("nothing") };
        assert_eq!(first, "Hoáng Mài Thao");
        assert_eq!(found("hoang mai thao").await.len(), 5);
        assert_eq!(found("hoang mai thao")
            .await[3], "Hoàng Mai Thảo và Cộng sự");
    }
}

/// What one backend finds, in order.
async fn told(backend: Backend) -> Vec<String> {
    let world = World::start(backend).await;
    let ministry = world.ministry();
    let words = ["Công ty", "Việt", "Nam", "Đá Quý", "Bắc Giang", "Hòa Phát", "số 7", "TP.HCM", "An", "Anh", "Á"];
    for number in 0..60_usize {
        let pick = |step: usize| words[(number * step + number / 7) % words.len()];
        let firm = json!({
            "displayName": format!("{} {} {}", pick(1), pick(3), pick(5)), "shortName": format!("{}{number}", pick(2)),
            "kind": "ENTERPRISE", "country": "countries/VN",
        });
        ministry.post("/v1/organizations", firm).await.ok();
    }
    let mut told = Vec::new();
    for q in
        ["viet nam", "nam viet", "Á", "an", "a", "cong ty da", "bac giang", "7", "hcm tp", "hoa phat viet", "so 7 an"]
    {
        for more in ["pageSize=1000", "asOf=2024-01-01", "kind=organizations&kind=localities"] {
            for hit in search(&ministry, q, more).await {
                told.push(format!(
                    "{q} {more}: {} {} {} {}",
                    hit["kind"], hit["displayName"], hit["matchedName"], hit["fit"]
                ));
            }
        }
        let query = format!("q={}", encoded(q));
        for collection in ["organizations", "localities", "countries"] {
            for record in ministry.all(collection, &query).await {
                told.push(format!("{q} {collection}: {}", record["displayName"]));
            }
        }
    }
    world.stop().await;
    told
}

#[test]
fn both_databases_find_the_same_in_the_same_order() {
    if postgres::cluster().is_none() {
        return;
    }
    block_on(async {
        let (sqlite, postgres) = (told(Backend::Sqlite).await, told(Backend::Postgres).await);
        assert!(sqlite.len() > 300, "{} lines", sqlite.len());
        for (one, other) in sqlite.iter().zip(&postgres) {
            assert_eq!(one, other);
        }
        assert_eq!(sqlite.len(), postgres.len());
    });
}
