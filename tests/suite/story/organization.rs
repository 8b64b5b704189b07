//! Organizations: who they are, under which numbers, how they stand to one another, and which are recorded twice.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::{World, stories};

stories! {
    async fn an_agency_is_found_under_its_code_in_either_form(world: &World) {
        for asked in ["g08", "G08", "000.00.00.G08", "000.00.00.g08"] {
            let found = world.nobody().get(&format!("/v1/agencies/{asked}")).await.ok();
            assert_eq!((&found["name"], &found["code"]), (&json!("agencies/g08"), &json!("G08")), "{asked}");
        }
        world.nobody().get("/v1/agencies/000.00.00.G99").await.refused(404);

        let ministry = world.ministry();
        let code = json!([{"type": "AGENCY_CODE", "value": "000.00.18.G12"}]);
        let unit = add(&ministry, json!({"displayName": "Cục Thuế", "kind": "AGENCY", "identifiers": code})).await;
        for asked in ["G12.18", "g12.18", "000.00.18.G12"] {
            let found = ministry.all("organizations", &format!("identifier={asked}")).await;
            assert_eq!((found.len(), &found[0]["name"]), (1, &unit["name"]), "{asked}");
        }
        let same = json!([{"type": "AGENCY_CODE", "value": "G12.18"}]);
        let again = json!({"displayName": "Tổng cục Thuế", "kind": "AGENCY", "identifiers": same});
        assert_eq!(ministry.post("/v1/organizations", again).await.reason(409), "IDENTIFIER_TAKEN");
    }

    async fn groups_markets_and_donors_are_recorded_and_found(world: &World) {
        let ministry = world.ministry();
        let group = add(&ministry, json!({"displayName": "Tập đoàn Đông Hải", "kind": "GROUP"})).await;
        let member = json!({"displayName": "Dong Hai Seafood", "kind": "ENTERPRISE", "group": group["name"]});
        let member = add(&ministry, member).await;
        let found = ministry.all("organizations", &format!("group={}", text(&group, "name"))).await;
        assert_eq!((found.len(), &found[0]["name"]), (1, &member["name"]));
        let distributor = json!({
            "displayName": "T&T Foods", "kind": "OVERSEAS_DISTRIBUTOR", "country": "countries/CA",
            "markets": ["countries/CA", "countries/US"],
        });
        let distributor = add(&ministry, distributor).await;
        let found = ministry.all("organizations", "market=countries/US").await;
        assert_eq!((found.len(), &found[0]["name"]), (1, &distributor["name"]));
        add(&ministry, json!({"displayName": "Cộng đồng người Việt tại Hồng Kông", "kind": "DIASPORA_COMMUNITY"})).await;
        assert_eq!(ministry.all("organizations", "kind=DIASPORA_COMMUNITY&q=hong kong").await.len(), 1);
        let wrong = json!({"displayName": "X", "kind": "ENTERPRISE", "foundedDate": "2020", "dissolvedDate": "2019-12-31"});
        let refused = ministry.post("/v1/organizations", wrong).await.refused(400);
        assert!(refused.to_string().contains("organization.dissolvedDate"), "{refused}");
    }

    async fn an_enterprise_lies_in_the_unit_into_which_its_province_has_gone(world: &World) {
        let ministry = world.ministry();
        let seat = json!({"displayName": "Vải thiều Lục Ngạn", "kind": "ENTERPRISE", "country": "countries/VN", "locality": "localities/bac-giang"});
        let created = add(&ministry, seat).await;
        assert_eq!(created["presentLocality"], "localities/bac-ninh", "{created}");
        let path = format!("/v1/{}", created["name"].as_str().expect("a name"));
        let then = ministry.get(&format!("{path}?asOf=2025-06-30")).await.ok();
        assert_eq!((&then["locality"], &then["presentLocality"]), (&json!("localities/bac-giang"), &json!("localities/bac-giang")));
        for (query, found) in [
            ("locality=localities/bac-ninh", 1),
            ("locality=localities/bac-giang", 1),
            ("locality=localities/bac-ninh&asOf=2025-06-30", 0),
            ("locality=localities/bac-ninh-2025", 0),
        ] {
            assert_eq!(ministry.all("organizations", query).await.len(), found, "{query}");
        }
        let listed = ministry.all("organizations", "q=luc ngan").await;
        assert_eq!(listed[0]["presentLocality"], "localities/bac-ninh", "{listed:?}");
        assert_eq!(ministry.get(&format!("{path}?asOf=2025-02-30")).await.refused(400)["violations"][0]["field"], "asOf");
    }

    async fn relations_are_dated_and_the_same_two_may_stand_so_twice(world: &World) {
        let ministry = world.ministry();
        let member = add(&ministry, json!({"displayName": "May Sông Hồng", "kind": "ENTERPRISE"})).await;
        let association = add(&ministry, json!({"displayName": "Hiệp hội Dệt may", "kind": "ASSOCIATION"})).await;
        let relation = |from: &str, to: &str| json!({
            "kind": "MEMBER", "from": member["name"], "to": association["name"], "validFrom": from, "validTo": to,
        });
        let post = |body: Value| async { ministry.post("/v1/organizationRelations", body).await };
        post(relation("2015-03", "2019")).await.ok();
        post(relation("2022-01-01", "")).await.ok();
        assert_eq!(post(relation("2015-03-01", "2019-12-31")).await.reason(409), "RELATION_RECORDED");
        post(relation("2022", "2021")).await.refused(400);
        let body = text(&association, "name");
        for (day, held) in [("2015-02-28", 0), ("2015-03-01", 1), ("2019-12-31", 1), ("2020-06-01", 0), ("2026-01-01", 1)] {
            let found = ministry.all("organizationRelations", &format!("body={body}&asOf={day}")).await;
            assert_eq!(found.len(), held, "{day}");
        }
        assert_eq!(ministry.all("organizationRelations", &format!("to={body}")).await.len(), 2);
        assert_eq!(ministry.all("organizationRelations", &format!("from={body}")).await.len(), 0);
        let own = json!({"kind": "PARTNER", "from": body, "to": body});
        assert_eq!(post(own).await.reason(400), "INVALID_ARGUMENT");
        let lost = json!({"kind": "PARTNER", "from": body, "to": "organizations/khong-co"});
        assert_eq!(post(lost).await.reason(400), "REFERENCE_NOT_FOUND");
    }

    async fn what_is_recorded_already_is_told_before_it_is_recorded_again(world: &World) {
        let ministry = world.ministry();
        let tax = |code: &str| json!([{"type": "TAX_CODE", "value": code}]);
        let vietnamese = json!({
            "displayName": "Công ty TNHH Một thành viên ABC Việt Nam", "kind": "ENTERPRISE", "country": "countries/VN",
            "identifiers": tax("0100109106"),
        });
        let known = add(&ministry, vietnamese).await;
        let other = json!({
            "displayName": "Công ty Cổ phần Hoàng Minh Phát", "kind": "ENTERPRISE", "country": "countries/VN",
            "identifiers": tax("0312345678"),
        });
        add(&ministry, other).await;
        for asked in [
            "displayName=CTY TNHH MTV ABC VN",
            "displayName=ABC Vietnam Co., Ltd&country=VN",
            "displayName=A.B.C. Việt Nam&country=countries/VN",
            "displayName=việt nam abc",
        ] {
            let found = duplicates(&ministry, asked).await;
            assert_eq!(found[0]["organization"]["name"], known["name"], "{asked}: {found:?}");
            assert_eq!(found[0]["verdict"], "LIKELY", "{asked}: {found:?}");
            assert!(!found[0]["grounds"].as_array().expect("grounds").is_empty(), "{found:?}");
        }
        for asked in ["identifier=MST: 01001-09106&country=VN&identifierType=TAX_CODE", "identifier=0100 109 106"] {
            let found = duplicates(&ministry, asked).await;
            assert_eq!((found.len(), &found[0]["verdict"], found[0]["score"].as_f64()), (1, &json!("SURE"), Some(1.0)), "{found:?}");
            assert_eq!(found[0]["grounds"][0]["reason"], "SAME_IDENTIFIER", "{found:?}");
        }
        let asked = "displayName=ABC Vietnam&country=VN&identifier=0399999999&identifierType=TAX_CODE&minScore=0.1";
        let found = duplicates(&ministry, asked).await;
        assert!(found[0]["score"].as_f64().expect("a score") < 0.6, "{found:?}");
        assert!(duplicates(&ministry, "displayName=Phở Thìn Lò Đúc").await.is_empty());
        ministry.get("/v1/organizations:duplicates?displayName=...").await.refused(400);
        ministry.get("/v1/organizations:duplicates").await.refused(400);

        let english = json!({"displayName": "Hoang Minh Phat JSC", "kind": "ENTERPRISE", "country": "countries/VN"});
        let twin = add(&ministry, english).await;
        let found = ministry.get(&format!("/v1/{}:duplicates", text(&twin, "name"))).await.ok();
        let found = found["duplicates"].as_array().expect("duplicates");
        assert_eq!((found.len(), &found[0]["organization"]["displayName"]), (1, &json!("Công ty Cổ phần Hoàng Minh Phát")), "{found:?}");

        // Whoever may not see a body is not told of it; what is retired is not taken for a duplicate.
        let stranger = world.actor("organizations/x", &["enterprise-user"]);
        assert!(duplicates(&stranger, "displayName=ABC Vietnam").await.is_empty());
        ministry.post(&format!("/v1/{}:retire", text(&known, "name")), json!({})).await.ok();
        assert!(duplicates(&ministry, "displayName=ABC Vietnam").await.is_empty());
    }
}

async fn add(who: &Actor, body: Value) -> Value {
    who.post("/v1/organizations", body).await.ok()
}

async fn duplicates(who: &Actor, query: &str) -> Vec<Value> {
    let query = query.replace(' ', "%20").replace(':', "%3A").replace(',', "%2C");
    let answer = who.get(&format!("/v1/organizations:duplicates?{query}")).await.ok();
    answer["duplicates"].as_array().expect("duplicates").clone()
}

fn text(record: &Value, field: &str) -> String {
    record[field].as_str().unwrap_or_else(|| panic!("no {field}: {record}")).to_owned()
}
