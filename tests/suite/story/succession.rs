//! Changes of provincial units: previewed, recorded whole, and followed by everything that refers to them.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::{Backend, World, claims, eventually, own, stories};

claims! {
    async fn the_reforms_on_record_tell_what_became_of_what(world: &World) {
        let nobody = world.nobody();
        let successions = nobody.all("successions", "").await;
        let count = |kind: &str| successions.iter().filter(|it| it["kind"] == kind).count();
        assert_eq!((count("MERGE"), count("RETYPE")), (23, 4));
        let dates: Vec<&str> = successions.iter().filter_map(|it| it["effectiveDate"].as_str()).collect();
        assert!(dates.is_sorted(), "{dates:?}");
        let dong_nai = nobody.get("/v1/successions/2026-04-30-retype-dong-nai").await.ok();
        assert_eq!(dong_nai["legalBasis"], "Resolution 30/2026/QH16");
        let of = nobody.all("successions", "locality=localities/bac-giang").await;
        assert_eq!(names(&of), ["successions/2025-07-01-merge-bac-ninh"]);
        assert_eq!(nobody.all("successions", "fromDate=2026-01-01&toDate=2026-12-31").await.len(), 3);
        assert_eq!(names(&nobody.all("successions", "q=bac giang").await), ["successions/2025-07-01-merge-bac-ninh"]);
    }

    async fn members_of_a_region_are_those_of_the_day(world: &World) {
        for (day, number) in [("2025-06-30", 11), ("2025-07-01", 6)] {
            let answer = world.nobody().get(&format!("/v1/regions/dbsh:members?asOf={day}")).await.ok();
            let members = answer["members"].as_array().expect("members");
            assert_eq!(members.len(), number, "{day}");
            assert!(members.iter().all(|it| it["locality"]["region"] == "regions/dbsh"), "{answer}");
        }
        assert_eq!(world.nobody().get("/v1/regions/atlantis:members").await.reason(404), "NOT_FOUND");
    }
}

stories! {
    async fn a_merger_takes_everything_along_and_keeps_what_was(world: &World) {
        let ministry = world.ministry();
        two_units(world).await;
        let region = json!({"code": "DLTN", "kind": "DYNAMIC_ECONOMIC", "displayName": "Vùng động lực thử nghiệm",
            "members": [{"locality": "localities/nam-son"}, {"locality": "localities/dong-son"}]});
        ministry.post("/v1/regions?regionId=dltn", region).await.ok();
        let figures = |query: &str| format!("/v1/fdiFlows:summarize?breakdown=LOCALITY&view=ROLLED_UP&{query}");
        publish(&ministry, "localities/nam-son", 120.5).await;
        publish(&ministry, "localities/dong-son", 79.5).await;

        let preview = ministry.post("/v1/localities:previewSuccession", merger()).await.ok();
        assert_eq!(preview["succession"]["successors"][0]["locality"], "localities/nam-son-2027", "{preview}");
        let effects = &preview["succession"]["effects"];
        for (resource, change_type) in [
            ("localities/nam-son", "locality.ended"),
            ("localities/dong-son", "locality.ended"),
            ("localities/nam-son-2027", "locality.created"),
            ("regions/dltn", "region.handedOver"),
        ] {
            assert!(has(effects, &json!({"resource": resource, "changeType": change_type})), "{resource}: {effects}");
        }
        let sums = &preview["figures"];
        assert_eq!(sums["predecessors"].as_array().map(Vec::len), Some(2), "{preview}");
        let sum = &sums["successor"][0];
        assert_eq!((&sum["flows"], &sum["capitalTotalMusd"], &sum["fromYear"]), (&json!(2), &json!(200), &json!(2024)), "{preview}");
        // It was a preview.
        assert_eq!(ministry.get("/v1/localities/nam-son-2027").await.reason(404), "NOT_FOUND");
        assert!(world.nobody().get("/v1/localities/nam-son").await.ok()["validTo"].is_null());

        let recorded = ministry.post("/v1/localities:recordSuccession", merger()).await.ok();
        assert_eq!(recorded["effects"], *effects, "what was foretold came to pass");
        assert_eq!(recorded["name"], "successions/2027-07-01-merge-nam-son-2027");
        assert_eq!(ministry.post("/v1/localities:recordSuccession", merger()).await.ok(), recorded, "again, nothing");
        let mut other = merger();
        other["successors"][0]["code"] = json!("S2");
        let refused = ministry.post("/v1/localities:recordSuccession", other).await;
        assert_eq!(refused.reason(400), "SUCCESSION_RECORDED_OTHERWISE", "{refused}");

        let resolve = async |query: &str| world.nobody().get(&format!("/v1/localities:resolve?{query}")).await.ok()["name"].clone();
        for (query, name) in [
            ("slug=nam-son&asOf=2027-06-30", "localities/nam-son"),
            ("slug=nam-son&asOf=2027-07-01", "localities/nam-son-2027"),
            ("code=S1&asOf=2027-06-30", "localities/nam-son"),
            ("code=S1&asOf=2027-07-01", "localities/nam-son-2027"),
        ] {
            assert_eq!(resolve(query).await, name, "{query}");
        }
        let lineage = world.nobody().get("/v1/localities/dong-son:lineage").await.ok();
        assert_eq!(lineage["steps"][0]["successor"], "localities/nam-son-2027");
        for (day, members) in [("2027-06-30", "localities/dong-son localities/nam-son"), ("2027-07-01", "localities/nam-son-2027")] {
            let answer = world.nobody().get(&format!("/v1/regions/dltn:members?asOf={day}")).await.ok();
            let units: Vec<&str> = answer["members"].as_array().expect("members").iter().filter_map(|it| it["locality"]["name"].as_str()).collect();
            assert_eq!(units.join(" "), members, "{day}");
        }

        let total = async |query: &str| ministry.get(&figures(query)).await.ok()["total"].clone();
        let after = "locality=localities/nam-son-2027&asOf=2027-07-01";
        eventually("the merger is followed", || async { total(after).await["flows"] == 2 }).await;
        assert_eq!(total(after).await["capitalTotalMusd"], 200);
        for (query, flows) in [
            ("locality=localities/nam-son&asOf=2027-06-30", json!(1)),
            ("locality=localities/nam-son-2027&asOf=2027-06-30", Value::Null),
        ] {
            assert_eq!(total(query).await["flows"], flows, "{query}");
        }
        let query = "groupBy=SUBJECT&series=annual_flow&fromYear=2024&asOf=2027-07-01";
        let rows = ministry.get(&figures(query)).await.ok()["rows"].clone();
        let rows: Vec<&Value> = rows.as_array().expect("rows").iter().filter(|row| row["subject"].as_str().is_some_and(|it| it.contains("-son"))).collect();
        assert_eq!(rows.len(), 1, "once: {rows:?}");
    }

    async fn a_split_tells_its_shares_and_divides_no_figures(world: &World) {
        let ministry = world.ministry();
        two_units(world).await;
        publish(&ministry, "localities/nam-son", 100.0).await;
        let shares = |parts: i32| json!([{"measure": "AREA", "partsPerTenThousand": parts, "date": "2026", "source": {"citation": "Đề án chia tỉnh"}}]);
        let split = |one: i32, other: i32| json!({
            "kind": "SPLIT", "effectiveDate": "2028-01-01", "legalBasis": "Nghị quyết thử", "predecessors": ["localities/nam-son"],
            "successors": [
                {"displayName": "Thượng Sơn", "type": "PROVINCE", "code": "S1", "shares": shares(one)},
                {"displayName": "Hạ Sơn", "type": "PROVINCE", "code": "S3", "shares": shares(other)},
            ],
        });
        let refused = ministry.post("/v1/localities:recordSuccession", split(6000, 3000)).await;
        assert_eq!(refused.reason(400), "SUCCESSION_SHARES_BROKEN", "{refused}");
        let preview = ministry.post("/v1/localities:previewSuccession", split(6000, 4000)).await.ok();
        assert_eq!(preview["figures"]["predecessors"][0]["capitalTotalMusd"], 100, "{preview}");
        assert!(preview["figures"]["successor"].is_null(), "figures stay the unit's own: {preview}");
        ministry.post("/v1/localities:recordSuccession", split(6000, 4000)).await.ok();

        let lineage = world.nobody().get("/v1/localities/nam-son:lineage").await.ok();
        let told: Vec<Value> = lineage["steps"].as_array().expect("steps").iter().map(|step| json!([step["successor"], step["kind"], step["shares"][0]["partsPerTenThousand"], step["shares"][0]["source"]["citation"]])).collect();
        assert_eq!(told, [
            json!(["localities/ha-son", "SPLIT", 4000, "Đề án chia tỉnh"]),
            json!(["localities/thuong-son", "SPLIT", 6000, "Đề án chia tỉnh"]),
        ]);
        let ended = world.nobody().get("/v1/localities/nam-son?asOf=2028-01-01").await.ok();
        assert_eq!((&ended["validTo"], &ended["successors"][1]["shares"][0]["partsPerTenThousand"]), (&json!("2027-12-31"), &json!(6000)));
        let sums = "/v1/fdiFlows:summarize?breakdown=LOCALITY&view=ROLLED_UP&groupBy=SUBJECT&asOf=2028-01-01&fromYear=2024";
        let known = || async {
            let flow = flow("localities/ha-son", 2028, 1.0);
            ministry.post("/v1/fdiFlows", flow).await.status == 200
        };
        eventually("investment knows the new unit", known).await;
        let rows = ministry.get(sums).await.ok()["rows"].clone();
        let of = |unit: &str| rows.as_array().expect("rows").iter().find(|row| row["subject"] == unit).map(|row| row["capitalTotalMusd"].clone());
        assert_eq!((of("localities/nam-son"), of("localities/ha-son"), of("localities/thuong-son")), (Some(json!(100)), Some(json!(1)), None), "{rows}");
    }

    async fn a_unit_that_stays_gets_another_period(world: &World) {
        let ministry = world.ministry();
        let city = json!({"kind": "RETYPE", "effectiveDate": "2030-01-01", "legalBasis": "Nghị quyết thử",
            "predecessors": ["localities/khanh-hoa"], "successors": [{"type": "CITY"}]});
        let preview = ministry.post("/v1/localities:previewSuccession", city.clone()).await.ok();
        assert_eq!(preview["localities"].as_array().map(Vec::len), Some(1), "{preview}");
        assert_eq!(preview["localities"][0]["type"], "CITY");
        ministry.post("/v1/localities:recordSuccession", city).await.ok();
        let called = json!({"kind": "RENAME", "effectiveDate": "2031-01-01", "legalBasis": "Nghị quyết thử",
            "predecessors": ["localities/khanh-hoa"], "successors": [{"displayName": "Nha Trang"}]});
        let renamed = ministry.post("/v1/localities:recordSuccession", called).await.ok();
        assert_eq!(renamed["effects"], json!([{"resource": "localities/khanh-hoa", "changeType": "locality.renamed", "changedFields": renamed["effects"][0]["changedFields"]}]));
        for (day, kind, name) in [("2029-12-31", "PROVINCE", "Khánh Hòa"), ("2030-01-01", "CITY", "Khánh Hòa"), ("2031-01-01", "CITY", "Nha Trang")] {
            let unit = world.nobody().get(&format!("/v1/localities/khanh-hoa?asOf={day}")).await.ok();
            assert_eq!((&unit["type"], &unit["displayName"], &unit["code"]), (&json!(kind), &json!(name), &json!("56")), "{day}");
        }
        let found = world.nobody().get("/v1/localities:resolve?q=nha%20trang&asOf=2031-06-01").await.ok();
        assert_eq!((&found["name"], &found["slug"]), (&json!("localities/khanh-hoa"), &json!("nha-trang")));
        let lineage = world.nobody().get("/v1/localities/khanh-hoa:lineage").await.ok();
        assert_eq!(lineage["successors"], json!([]), "it is the same unit: {lineage}");
    }

    async fn real_units_hand_over_border_region_and_committee(world: &World) {
        let ministry = world.ministry();
        // Invented: no such merger is known.
        let change = |region: &str| json!({
            "kind": "MERGE", "effectiveDate": "2029-01-01", "legalBasis": "Nghị quyết thử",
            "predecessors": ["localities/lang-son", "localities/quang-ninh"],
            "successors": [{"displayName": "Quảng Ninh", "type": "CITY", "code": "22", "region": region}],
        });
        let named = world.nobody().get("/v1/localities/quang-ninh").await.ok();
        let (kept, ended) = (named["agencyCode"].as_str().expect("a code").to_owned(), world.nobody().get("/v1/localities/lang-son").await.ok()["agencyCode"].as_str().expect("a code").to_owned());
        let refused = ministry.post("/v1/localities:recordSuccession", change("")).await;
        assert_eq!(refused.reason(400), "INVALID_ARGUMENT", "they are of two regions: {refused}");
        let mut change = change("regions/dbsh");
        change["successors"][0]["agencyCode"] = json!(kept);
        let recorded = ministry.post("/v1/localities:recordSuccession", change).await.ok();
        assert_eq!(recorded["successors"][0]["locality"], "localities/quang-ninh-2029");
        for (day, units, bordering) in [("2028-12-31", 34, 7), ("2029-01-01", 33, 6)] {
            assert_eq!(ministry.all("localities", &format!("asOf={day}")).await.len(), units, "{day}");
            assert_eq!(ministry.all("localities", &format!("asOf={day}&borderCountry=CN")).await.len(), bordering, "{day}");
        }
        for (region, before, after) in [("dbsh", 6, 6), ("tdmnpb", 9, 8)] {
            for (day, number) in [("2028-12-31", before), ("2029-01-01", after)] {
                let answer = ministry.get(&format!("/v1/regions/{region}:members?asOf={day}")).await.ok();
                assert_eq!(answer["members"].as_array().map(Vec::len), Some(number), "{region} {day}");
            }
        }
        let agency = async |code: &str| ministry.get(&format!("/v1/agencies/{}", code.to_lowercase())).await.ok();
        assert_eq!(agency(&kept).await["locality"], "localities/quang-ninh-2029");
        let gone = agency(&ended).await;
        assert_eq!((&gone["locality"], &gone["validTo"], &gone["successor"]), (&json!("localities/lang-son"), &json!("2028-12-31"), &json!(format!("agencies/{}", kept.to_lowercase()))));
    }

    async fn what_cannot_be_is_refused_by_name(world: &World) {
        let ministry = world.ministry();
        two_units(world).await;
        let before = ministry.all("localities", "asOf=2027-07-01").await.len();
        let change = |with: Value| {
            let mut change = merger();
            change.as_object_mut().expect("an object").extend(with.as_object().expect("an object").clone());
            change
        };
        let unit = |code: &str| json!([{"displayName": "Tân Sơn", "type": "PROVINCE", "code": code}]);
        for (change, reason, named) in [
            (change(json!({"predecessors": ["localities/bac-giang", "localities/nam-son"]})), "SUCCESSION_UNIT_NOT_ALIVE", "localities/bac-giang"),
            (change(json!({"effectiveDate": "1999-01-01"})), "SUCCESSION_UNIT_NOT_ALIVE", "2000-01-01"),
            (change(json!({"predecessors": ["localities/nam-son", "localities/dong-nai"], "effectiveDate": "2026-01-01"})), "SUCCESSION_TOO_EARLY", "2026-04-30"),
            (change(json!({"predecessors": ["localities/nam-son", "localities/atlantis"]})), "REFERENCE_NOT_FOUND", "localities/atlantis"),
            (change(json!({"predecessors": ["localities/nam-son"]})), "INVALID_ARGUMENT", "predecessors"),
            (change(json!({"successors": []})), "INVALID_ARGUMENT", "successors"),
            (change(json!({"successors": unit("24")})), "LOCALITY_CODE_TAKEN", "localities/bac-ninh"),
            (change(json!({"predecessors": ["localities/lang-son", "localities/dong-nai"], "successors": unit("20")})), "INVALID_ARGUMENT", "region"),
            (change(json!({"kind": "RETYPE", "predecessors": ["localities/nam-son"], "successors": [{"type": "PROVINCE"}]})), "INVALID_ARGUMENT", "type"),
            (change(json!({"legalBasis": ""})), "INVALID_ARGUMENT", "legalBasis"),
        ] {
            for verb in ["previewSuccession", "recordSuccession"] {
                let answer = ministry.post(&format!("/v1/localities:{verb}"), change.clone()).await;
                let status = answer.status;
                assert!((400..500).contains(&status) && answer.to_string().contains(named), "{named}: {answer}");
                assert_eq!(answer.reason(status), reason, "{answer}");
            }
        }
        assert_eq!(ministry.all("localities", "asOf=2027-07-01").await.len(), before, "nothing of it stayed");
        for (id, code, from, taken) in [("mot", "24", "2026-01-01", true), ("hai", "24", "1990-01-01", true), ("ba", "XX", "2026-01-01", false)] {
            let unit = json!({"periods": [{"validFrom": from, "type": "PROVINCE", "displayName": id, "slug": id, "code": code}]});
            let answer = ministry.post(&format!("/v1/localities?localityId={id}"), unit).await;
            match taken {
                true => assert_eq!(answer.reason(400), "LOCALITY_CODE_TAKEN", "{answer}"),
                false => assert_eq!(answer.ok()["code"], code),
            }
        }
        let province = world.province("bac-ninh").post("/v1/localities:previewSuccession", merger()).await;
        assert_eq!(province.reason(403), "PERMISSION_DENIED");
    }

    async fn who_follows_a_unit_follows_what_became_of_it(world: &World) {
        let (ministry, mission) = (world.ministry(), world.mission("vn-in-emb"));
        two_units(world).await;
        let change = json!({"inbox": true, "reach": "VISIBLE", "localities": ["localities/dong-son"], "changeTypes": ["engagement.*"]});
        let subscription = mission.post("/v1/subscriptions", change).await.ok();
        assert_eq!(mission.all("subscriptions", "locality=localities/dong-son").await.len(), 1);
        assert!(mission.all("subscriptions", "locality=localities/nam-son").await.is_empty());
        let mut merger = merger();
        merger["effectiveDate"] = json!("2026-01-01");
        let preview = ministry.post("/v1/localities:previewSuccession", merger.clone()).await.ok();
        let mention = |collection: &str| preview["mentions"].as_array().expect("mentions").iter().find(|it| it["collection"] == collection).cloned().expect("asked");
        assert_eq!(mention("subscriptions")["count"], 1, "{preview}");
        assert_eq!(mention("subscriptions")["names"], Value::Null, "the ministry does not see it: {preview}");
        assert!(mention("leads")["unanswered"].is_null() && mention("leads")["count"].is_null(), "{preview}");
        let own = ministry.post("/v1/subscriptions", json!({"inbox": true, "localities": ["localities/dong-son"]})).await.ok();
        let preview = ministry.post("/v1/localities:previewSuccession", merger.clone()).await.ok();
        assert!(has(&preview["mentions"], &json!({"collection": "subscriptions", "count": 2, "names": [own["name"]]})), "{preview}");

        let recorded = ministry.post("/v1/localities:recordSuccession", merger).await.ok();
        let unit = recorded["successors"][0]["locality"].clone();
        let met = || async {
            let meeting = json!({"title": "Gặp gỡ", "kind": "MEETING", "startDate": "2026-02-01", "localities": [unit]});
            mission.post("/v1/engagements", meeting).await.status == 200
        };
        eventually("events knows the new unit", met).await;
        let heard = || async { !mission.all("inboxMessages", "").await.is_empty() };
        eventually("it is heard of under the old name", heard).await;
        mission.post(&format!("/v1/{}:retire", subscription["name"].as_str().expect("a name")), json!({})).await.ok();
    }
}

#[test]
fn a_preview_says_whom_it_could_not_ask() {
    own(Backend::Split, async |world| {
        two_units(world).await;
        world.running().kill("investment");
        let preview = world.ministry().post("/v1/localities:previewSuccession", merger()).await.ok();
        assert!(preview["figures"]["unanswered"].as_str().is_some_and(|it| it.contains("investment")), "{preview}");
        for (collection, answers) in [("subscriptions", true), ("leads", false), ("commitments", true)] {
            let mentions = preview["mentions"].as_array().expect("mentions");
            let mention = mentions.iter().find(|it| it["collection"] == collection).expect("it is told");
            assert_eq!(mention["unanswered"].is_null(), answers, "{preview}");
        }
        assert!(has(&preview["succession"]["effects"], &json!({"changeType": "locality.ended"})), "{preview}");
    });
}

/// Two invented units that begin with the year 2000.
async fn two_units(world: &World) {
    for (id, name, code) in [("nam-son", "Nam Sơn", "S1"), ("dong-son", "Đông Sơn", "S2")] {
        let unit = json!({"periods": [{"validFrom": "2000-01-01", "type": "PROVINCE", "displayName": name, "slug": id, "code": code}]});
        world.ministry().post(&format!("/v1/localities?localityId={id}"), unit).await.ok();
    }
}

/// Their merger under the name and code of the one.
fn merger() -> Value {
    json!({
        "kind": "MERGE", "effectiveDate": "2027-07-01", "legalBasis": "Nghị quyết thử", "source": {"citation": "bịa ra để thử"},
        "predecessors": ["localities/nam-son", "localities/dong-son"],
        "successors": [{"displayName": "Nam Sơn", "type": "CITY", "code": "S1"}],
    })
}

fn flow(locality: &str, year: i32, total: f64) -> Value {
    json!({
        "dimension": "LOCALITY", "publishedName": locality, "locality": locality, "series": "annual_flow",
        "periodFrom": format!("{year}-01-01"), "periodTo": format!("{year}-12-31"), "capitalTotalMusd": total,
        "source": {"citation": "FIA"},
    })
}

/// Publishes a figure of 2024 as soon as investment knows the unit.
async fn publish(ministry: &Actor, locality: &str, total: f64) {
    let known = || async { ministry.post("/v1/fdiFlows", flow(locality, 2024, total)).await.status == 200 };
    eventually("investment knows the unit", known).await;
}

/// Whether one of `items` has at least these fields.
fn has(items: &Value, fields: &Value) -> bool {
    let fits =
        |item: &&Value| fields.as_object().expect("an object").iter().all(|(field, value)| item[field] == *value);
    items.as_array().is_some_and(|items| items.iter().any(|item| fits(&item)))
}

fn names(records: &[Value]) -> Vec<&str> {
    records.iter().filter_map(|record| record["name"].as_str()).collect()
}
