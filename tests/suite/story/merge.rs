//! Organizations recorded twice, made one, with a preview and a way back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::{World, stories};

stories! {
    async fn two_records_of_one_body_become_one_and_two_again(world: &World) {
        let scene = Scene::set(world).await;
        let ministry = world.ministry();
        let before = scene.states(world).await;
        let asked = json!({
            "survivor": scene.one, "duplicates": [scene.two],
            "choices": [{"field": "address", "from": scene.two}],
        });

        let preview = ministry.post("/v1/organizations:previewMerge", asked.clone()).await.ok();
        assert_eq!((&preview["status"], &preview["name"]), (&json!("PREVIEWED"), &Value::Null), "{preview}");
        assert_eq!(scene.states(world).await, before, "a preview changes nothing");
        let mut merging = asked.clone();
        merging["reason"] = json!("Cùng mã số thuế");
        let merge = ministry.post("/v1/organizations:merge", merging).await.ok();
        assert_eq!(merge["status"], "MERGED", "{merge}");
        assert_eq!(planned(&merge), planned(&preview), "what was told is what was done");
        assert_eq!((&merge["changeCount"], &preview["changeCount"]), (&json!(7), &json!(7)), "{merge}");

        let one = ministry.get(&format!("/v1/{}", scene.one)).await.ok();
        assert_eq!((&one["displayName"], &one["address"]), (&json!("Công ty CP Sao Mai"), &json!("2 Lý Thái Tổ")), "{one}");
        assert_eq!((&one["otherNames"], &one["shortName"]), (&json!(["Sao Mai JSC"]), &json!("Sao Mai Ltd")), "{one}");
        assert_eq!(one["identifiers"].as_array().map(Vec::len), Some(2), "{one}");
        let two = ministry.get(&format!("/v1/{}", scene.two)).await.ok();
        assert!(two["retireTime"].is_string() && two["mergedInto"] == json!(scene.one), "{two}");
        assert_eq!(ministry.all("organizations", "q=sao mai jsc").await.len(), 1);
        for record in [&scene.child, &scene.contact] {
            let record = world.administrator().get(&format!("/v1/{record}")).await.ok();
            assert!(record["parent"] == json!(scene.one) || record["organization"] == json!(scene.one), "{record}");
        }
        let relations = ministry.all("organizationRelations", &format!("body={}", scene.one)).await;
        let dates: Vec<&str> = relations.iter().filter_map(|relation| relation["validFrom"].as_str()).collect();
        assert_eq!(dates.len(), 2, "those that differ by their dates are kept, the same one is there once: {relations:?}");
        let contact = world.administrator().get(&format!("/v1/{}", scene.contact)).await.ok();
        assert_eq!(contact["displayName"], "Lê Văn An", "who a person is does not change: {contact}");

        // The record of it tells the ministry of what the ministry sees; the contact is Huế's alone.
        let path = format!("/v1/{}", merge["name"].as_str().expect("a name"));
        let told = |merge: &Value| planned(merge).keys().any(|(name, _)| *name == scene.contact);
        assert!(!told(&ministry.get(&path).await.ok()) && told(&world.administrator().get(&path).await.ok()));
        let page = world.administrator().get(&format!("{path}:changes?pageSize=4")).await.ok();
        let next = page["nextPageToken"].as_str().expect("more");
        let rest = world.administrator().get(&format!("{path}:changes?pageToken={next}")).await.ok();
        let count = |page: &Value| page["changes"].as_array().map_or(0, Vec::len);
        assert_eq!((count(&page), count(&rest)), (4, 3), "{page} {rest}");
        assert_eq!(ministry.all("organizationMerges", &format!("organization={}", scene.two)).await.len(), 1);

        let undone = ministry.post(&format!("{path}:rollback"), json!({"reason": "Nhầm"})).await.ok();
        assert_eq!((&undone["status"], &undone["rollbackReason"]), (&json!("ROLLED_BACK"), &json!("Nhầm")), "{undone}");
        assert_eq!(scene.states(world).await, before, "every field is as it was");
        let again = ministry.post(&format!("{path}:rollback"), json!({"reason": "Nhầm"})).await;
        assert_eq!(again.reason(400), "MERGE_ROLLED_BACK");
        let taken = json!({"displayName": "Khác", "kind": "ENTERPRISE", "country": "countries/VN",
            "identifiers": [{"type": "TAX_CODE", "value": "0312345678"}]});
        assert_eq!(ministry.post("/v1/organizations", taken).await.reason(409), "IDENTIFIER_TAKEN");
    }

    async fn what_was_changed_since_is_named_and_stays(world: &World) {
        let scene = Scene::set(world).await;
        let ministry = world.ministry();
        let merging = json!({"survivor": scene.one, "duplicates": [scene.two], "reason": "Trùng"});
        let merge = ministry.post("/v1/organizations:merge", merging).await.ok();
        ministry.patch(&format!("/v1/{}", scene.child), json!({"description": "Đã đổi"})).await.ok();
        let path = format!("/v1/{}", merge["name"].as_str().expect("a name"));
        let refused = ministry.post(&format!("{path}:rollback"), json!({"reason": "Nhầm"})).await;
        assert_eq!(refused.reason(400), "MERGE_CHANGED_SINCE");
        assert!(refused.json().to_string().contains(&scene.child), "{refused}");
        let child = ministry.get(&format!("/v1/{}", scene.child)).await.ok();
        assert_eq!((&child["parent"], &child["description"]), (&json!(scene.one), &json!("Đã đổi")), "{child}");
    }

    async fn what_cannot_be_merged_is_refused_and_nothing_is_changed(world: &World) {
        let scene = Scene::set(world).await;
        let ministry = world.ministry();
        let before = scene.states(world).await;
        let merge = |body: Value| async { ministry.post("/v1/organizations:merge", body).await };
        let own = json!({"survivor": scene.one, "duplicates": [scene.one], "reason": "Trùng"});
        assert_eq!(merge(own).await.reason(400), "INVALID_ARGUMENT");
        let choice = json!([{"field": "owner", "from": scene.two}]);
        let chosen = json!({"survivor": scene.one, "duplicates": [scene.two], "choices": choice, "reason": "Trùng"});
        assert_eq!(merge(chosen).await.reason(400), "MERGE_CHOICE_INVALID");
        let lost = json!({"survivor": scene.one, "duplicates": ["organizations/khong-co"], "reason": "Trùng"});
        merge(lost).await.refused(404);
        merge(json!({"survivor": scene.one, "duplicates": [scene.two]})).await.refused(400);
        let stale = json!({"survivor": scene.one, "duplicates": [scene.two], "reason": "Trùng", "etag": "7"});
        assert_eq!(merge(stale).await.reason(409), "ETAG_MISMATCH");
        let province = world.province("hue");
        let body = json!({"survivor": scene.one, "duplicates": [scene.two], "reason": "Trùng"});
        province.post("/v1/organizations:merge", body.clone()).await.refused(403);
        assert_eq!(scene.states(world).await, before);
        merge(body.clone()).await.ok();
        assert_eq!(merge(body).await.reason(400), "RETIRED");
    }

    async fn erased_personal_data_does_not_come_back_with_a_rollback(world: &World) {
        let scene = Scene::set(world).await;
        let ministry = world.ministry();
        let merging = json!({"survivor": scene.one, "duplicates": [scene.two], "reason": "Trùng"});
        let merge = ministry.post("/v1/organizations:merge", merging).await.ok();
        let erase = json!({"reason": "Yêu cầu", "requestReference": "1/YC"});
        world.province("hue").post(&format!("/v1/{}:erase", scene.contact), erase).await.ok();
        let path = format!("/v1/{}", merge["name"].as_str().expect("a name"));
        let refused = world.administrator().post(&format!("{path}:rollback"), json!({"reason": "Nhầm"})).await;
        assert!(refused.refused(400).to_string().contains(&scene.contact), "{refused}");
        let contact = world.administrator().get(&format!("/v1/{}", scene.contact)).await.ok();
        assert_eq!((&contact["personalData"], &contact["displayName"]), (&json!("ERASED"), &Value::Null), "{contact}");
    }
}

/// Two records of one body, and what refers to the second.
struct Scene {
    one: String,
    two: String,
    child: String,
    contact: String,
    relations: Vec<String>,
}

impl Scene {
    async fn set(world: &World) -> Scene {
        let ministry = world.ministry();
        let add = |collection: &'static str, body: Value| {
            let ministry = ministry.clone();
            async move { name(&ministry.post(&format!("/v1/{collection}"), body).await.ok()) }
        };
        let tax = |code: &str| json!([{"type": "TAX_CODE", "value": code}]);
        let one = add(
            "organizations",
            json!({
                "displayName": "Công ty CP Sao Mai", "kind": "ENTERPRISE", "country": "countries/VN",
                "address": "1 Tràng Tiền", "identifiers": tax("0100109106"),
            }),
        );
        let one = one.await;
        let two = add(
            "organizations",
            json!({
                "displayName": "Sao Mai JSC", "shortName": "Sao Mai Ltd", "kind": "ENTERPRISE", "country": "countries/VN",
                "address": "2 Lý Thái Tổ", "website": "https://saomai.vn", "identifiers": tax("0312345678"),
            }),
        );
        let two = two.await;
        let child =
            add("organizations", json!({"displayName": "Sao Mai An Giang", "kind": "ENTERPRISE", "parent": two})).await;
        let association = add("organizations", json!({"displayName": "Hiệp hội", "kind": "ASSOCIATION"})).await;
        let member = |of: &str, from: &str| json!({"kind": "MEMBER", "from": of, "to": association, "validFrom": from});
        let mut relations = Vec::new();
        for (of, from) in [(&one, "2020"), (&two, "2020"), (&two, "2023")] {
            relations.push(add("organizationRelations", member(of, from)).await);
        }
        relations.push(add("organizationRelations", json!({"kind": "PARTNER", "from": one, "to": two})).await);
        let hue = world.province("hue");
        let contact = hue.post(
            "/v1/contacts",
            json!({
                "displayName": "Lê Văn An", "organization": two, "purpose": "Xúc tiến", "legalBasis": "STATE_FUNCTION",
                "retentionUntil": "2031-12-31",
            }),
        );
        let contact = name(&contact.await.ok());
        Scene { one, two, child, contact, relations }
    }

    /// All of them as they are, but for what every change changes.
    async fn states(&self, world: &World) -> BTreeMap<String, Value> {
        let administrator = world.administrator();
        let mut states = BTreeMap::new();
        for name in [&self.one, &self.two, &self.child, &self.contact].into_iter().chain(&self.relations) {
            let mut state = administrator.get(&format!("/v1/{name}")).await.ok();
            let fields = state.as_object_mut().expect("a record");
            fields.remove("etag");
            fields.remove("updateTime");
            states.insert(name.clone(), state);
        }
        states
    }
}

/// The changes that a merge tells, by record and what happened: the fields.
fn planned(merge: &Value) -> BTreeMap<(String, String), Value> {
    let changes = merge["changes"].as_array().expect("changes");
    let told = changes.iter().map(|change| {
        let mut fields = change["fields"].as_array().cloned().unwrap_or_default();
        // When it is retired is when it is done.
        fields.retain(|field| field["field"] != "retire_time");
        ((name_of(change, "resource"), name_of(change, "changeType")), Value::Array(fields))
    });
    told.collect()
}

fn name(record: &Value) -> String {
    name_of(record, "name")
}

fn name_of(record: &Value, field: &str) -> String {
    record[field].as_str().unwrap_or_else(|| panic!("no {field}: {record}")).to_owned()
}
