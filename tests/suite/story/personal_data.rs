//! Personal data: sealed wherever it is kept, shown to whoever may see it and logged, told to the person, and erased for good
//! while the change log stays whole.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

use crate::world::clock::days;
use crate::world::shell::{Printed, ngkt};
use crate::world::{World, eventually, stories};

pub const NAME: &str = "Nguyễn Thị Lan Hương";

stories! {
    async fn who_may_sees_a_person_and_others_see_that_there_is_one(world: &World) {
        let hue = world.province("hue");
        let contact = record(world, json!({"audience": {"circle": "OWNER", "organizations": ["missions/vn-in-emb"]}})).await;
        assert_eq!(contact["personalData"], "SHOWN", "{contact}");
        let path = format!("/v1/{}", name(&contact));
        for (who, state) in [
            (&hue, Some("SHOWN")),
            (&world.mission("vn-in-emb"), Some("SHOWN")),
            (&world.administrator(), Some("SHOWN")),
            (&world.auditor(), Some("HIDDEN")),
            (&world.province("ha-noi"), None),
            (&world.nobody(), None),
        ] {
            let answer = who.get(&path).await;
            let Some(state) = state else {
                assert!([401, 404].contains(&answer.status), "{answer}");
                continue;
            };
            let seen = answer.ok();
            let shown = seen["displayName"] == NAME && seen["email"] == "lan.huong@dn.vn";
            assert_eq!((seen["personalData"].as_str(), shown), (Some(state), state == "SHOWN"), "{seen}");
            assert_eq!(seen["purpose"], "Xúc tiến thương mại");
        }
        for (q, found) in [("lan huong", 1), ("HUONG nguyen", 1), ("lan.huong@dn.vn", 1), ("905 12", 1), ("84905123", 1), ("huonh", 0)] {
            assert_eq!(hue.all("contacts", &format!("q={q}")).await.len(), found, "{q}");
            assert!(world.auditor().all("contacts", &format!("q={q}")).await.is_empty(), "{q}");
            assert!(world.province("ha-noi").all("contacts", &format!("q={q}")).await.is_empty(), "{q}");
        }
        assert_eq!(world.auditor().all("contacts", "").await[0]["personalData"], "HIDDEN");

        // The log tells whoever sees the record that something happened, and nothing of the person.
        let path = format!("/v1/registry/changes?resource={}", name(&contact));
        let told = async || hue.get(&path).await.ok()["changes"][0].clone();
        eventually("the log shows what was written", || async { told().await.is_object() }).await;
        let entry = told().await;
        assert!(entry["changedFields"].as_array().is_some_and(|fields| fields.contains(&json!("display_name"))), "{entry}");
        assert!(entry["after"]["purpose"].is_string() && entry["after"]["displayName"].is_null(), "{entry}");
    }

    async fn every_access_is_logged_before_the_answer_leaves(world: &World) {
        let hue = world.province("hue");
        let contact = record(world, json!({})).await;
        let path = format!("/v1/{}", name(&contact));
        hue.get(&path).await.ok();
        world.ministry().get(&path).await.refused(404);
        world.administrator().get(&path).await.ok();
        world.auditor().get(&path).await.ok();
        hue.all("contacts", "q=huong").await;
        hue.patch(&path, json!({"position": "Giám đốc"})).await.ok();
        let told = accesses(&hue, &contact).await;
        let methods: Vec<&str> = told.iter().filter_map(|access| access["method"].as_str()).collect();
        let expected = ["UpdateContact", "ListContacts", "GetContact", "GetContact", "CreateContact"];
        assert_eq!(methods.len(), expected.len(), "{methods:?}");
        for (method, ends) in methods.iter().zip(expected) {
            assert!(method.ends_with(&format!("ContactService/{ends}")), "{methods:?}");
        }
        let administrator = &told[2]["actor"];
        assert_eq!(administrator["subject"], world.administrator().subject.as_str(), "{administrator}");
        assert!(told.iter().all(|access| access["time"].is_string() && access["resource"] == name(&contact)), "{told:?}");
        assert_eq!(accesses(&world.auditor(), &contact).await.len(), 5);
        hue.get(&format!("{path}:accesses?pageSize=2&pageToken=x")).await.refused(400);
        let page = hue.get(&format!("{path}:accesses?pageSize=2")).await.ok();
        let next = page["nextPageToken"].as_str().expect("more pages");
        let page = hue.get(&format!("{path}:accesses?pageSize=5&pageToken={next}")).await.ok();
        assert_eq!(page["accesses"].as_array().map(Vec::len), Some(3), "{page}");
        world.province("ha-noi").get(&format!("{path}:accesses")).await.refused(404);
    }

    async fn nothing_that_is_kept_holds_a_person_in_plain(world: &World) {
        let contact = record(world, json!({})).await;
        let path = format!("/v1/{}", name(&contact));
        world.province("hue").patch(&path, json!({"phone": "+84 905 654 321"})).await.ok();
        let db = database(world).await;
        for text in [NAME, "lan.huong@dn.vn", "+84 905 123 456", "+84 905 654 321", "lan huong", "lan.huong"] {
            assert_eq!(places(&db, text).await, BTreeSet::new(), "{text}");
        }
        assert!(!places(&db, "Xúc tiến thương mại").await.is_empty(), "what is not personal is found, so the search works");
    }

    async fn all_that_is_held_on_a_person_is_told(world: &World) {
        let hue = world.province("hue");
        let contact = record(world, json!({})).await;
        let again = record(world, json!({"displayName": "Lan Hương (bà)", "phone": "(+84) 905-123-456", "email": ""})).await;
        record(world, json!({"displayName": "Trần Văn Bình", "email": "binh@dn.vn", "phone": "+84 905 777 888"})).await;
        hue.patch(&format!("/v1/{}", name(&contact)), json!({"position": "Giám đốc"})).await.ok();
        let export = |body: Value| async { hue.post("/v1/personalData:export", body).await };
        let both = [name(&contact), name(&again)].into_iter().collect::<BTreeSet<_>>();
        for (asked, found) in [
            (json!({"email": "LAN.HUONG@dn.vn"}), 1),
            (json!({"phone": "84905123456"}), 2),
            (json!({"displayName": "hương lan"}), 2),
            (json!({"displayName": "hương lan", "email": "lan.huong@dn.vn"}), 1),
            (json!({"name": name(&contact)}), 2),
            (json!({"email": "ai.do@dn.vn"}), 0),
        ] {
            let mut body = asked.clone();
            body["reason"] = json!("Yêu cầu của chủ thể dữ liệu");
            let answer = export(body).await.ok();
            let names: BTreeSet<String> = answer["records"].as_array().expect("records").iter().map(name).collect();
            assert_eq!(names.len(), found, "{asked}: {answer}");
            assert!(names.is_subset(&both), "{asked}: {answer}");
        }
        let body = json!({"name": name(&contact), "reason": "Yêu cầu", "requestReference": "12/YC-2026"});
        let answer = export(body).await.ok();
        let records = answer["records"].as_array().expect("records");
        let told = records.iter().find(|record| record["name"] == name(&contact)).expect("the record itself");
        assert_eq!((&told["record"]["displayName"], &told["purpose"]), (&json!(NAME), &json!("Xúc tiến thương mại")), "{told}");
        let history = told["history"].as_array().expect("a history");
        assert_eq!((history[0]["record"]["position"].as_str(), history.len()), (Some("Phó giám đốc"), 2), "{told}");
        assert_eq!(history[1]["record"]["position"], "Giám đốc");
        let last = &accesses(&hue, &contact).await[0];
        assert_eq!(last["reason"], "Yêu cầu (12/YC-2026)", "{last}");
        export(json!({"reason": "Không rõ ai"})).await.refused(400);
        let stranger = world.province("ha-noi").post("/v1/personalData:export", json!({"email": "lan.huong@dn.vn", "reason": "?"})).await;
        assert_eq!(stranger.ok()["records"], json!([]));
    }

    async fn erased_is_gone_from_record_search_log_and_answers_and_the_log_stays_whole(world: &World) {
        let hue = world.province("hue");
        let body = contact(json!({}));
        let made = hue.try_post("/v1/contacts", "key-1", body.clone()).await.expect("an answer").ok();
        let path = format!("/v1/{}", name(&made));
        let repeated = hue.try_post("/v1/contacts", "key-1", body.clone()).await.expect("an answer").ok();
        assert_eq!(repeated, made, "a request that comes again is answered as before");
        hue.patch(&path, json!({"position": "Giám đốc"})).await.ok();

        let request = json!({"reason": "Rút lại đồng ý", "requestReference": "13/YC-2026"});
        world.province("ha-noi").post(&format!("{path}:erase"), request.clone()).await.refused(404);
        hue.post(&format!("{path}:erase"), json!({"reason": "?"})).await.refused(400);
        let erased = hue.post(&format!("{path}:erase"), request.clone()).await.ok();
        assert_eq!((&erased["requestReference"], &erased["eraser"]), (&json!("13/YC-2026"), &json!("localities/hue")), "{erased}");

        let now = hue.get(&path).await.ok();
        assert_eq!((now["personalData"].as_str(), now["displayName"].as_str()), (Some("ERASED"), None), "{now}");
        assert_eq!((&now["erasure"]["reason"], &now["purpose"]), (&json!("Rút lại đồng ý"), &made["purpose"]), "{now}");
        assert!(hue.all("contacts", "q=huong").await.is_empty());
        let repeated = hue.try_post("/v1/contacts", "key-1", body).await.expect("an answer").ok();
        assert_eq!((&repeated["name"], &repeated["displayName"]), (&made["name"], &Value::Null), "{repeated}");
        let export = json!({"name": name(&made), "reason": "Kiểm tra"});
        let told = world.administrator().post("/v1/personalData:export", export).await.ok().to_string();
        assert!(told.contains("contact.erased") && !told.contains("Hương") && !told.contains("lan.huong"), "{told}");
        assert_eq!(hue.post(&format!("{path}:erase"), request).await.reason(400), "PERSONAL_DATA_ERASED");
        hue.patch(&path, json!({"displayName": NAME})).await.refused(400);
        hue.patch(&path, json!({"purpose": "Lưu vết"})).await.ok();
        let log = hue.get(&format!("/v1/registry/changes?resource={}", name(&made))).await.ok();
        let kinds: Vec<&str> = log["changes"].as_array().expect("changes").iter().filter_map(|it| it["type"].as_str()).collect();
        assert_eq!(kinds, ["contact.created", "contact.updated", "contact.erased", "contact.updated"]);

        let db = database(world).await;
        let rows = db.query_all_raw(statement(&db, "SELECT length(key), erased_at FROM personal_key")).await.expect("keys");
        let (length, erased_at): (i32, Option<i64>) = (rows[0].try_get_by(0).expect("a length"), rows[0].try_get_by(1).expect("a time"));
        assert_eq!((rows.len(), length, erased_at.is_some()), (1, 0, true), "the key is gone");
        let words = db.query_all_raw(statement(&db, "SELECT 1 FROM personal_word")).await.expect("words");
        assert!(words.is_empty(), "the index holds nothing of it");
        eventually("the log is sealed and whole", || async { whole(&verify(world).await) }).await;
    }

    async fn when_retention_passes_it_is_told_and_listed_and_nothing_is_erased(world: &World) {
        let hue = world.province("hue");
        let soon = record(world, json!({"retentionUntil": world.clock().day(2)})).await;
        record(world, json!({"retentionUntil": world.clock().day(400)})).await;
        let consent = json!({"form": "WRITTEN", "givenDate": "2026-01-05", "withdrawnDate": world.clock().day(0)});
        let withdrawn = record(world, json!({"legalBasis": "CONSENT", "consent": consent})).await;
        let passed = || async { hue.all("contacts", "retentionPassed=true").await.iter().map(name).collect::<Vec<_>>() };
        assert_eq!(passed().await, [name(&withdrawn)]);
        hue.post(&format!("/v1/{}:retire", name(&soon)), json!({})).await.ok();
        world.clock().advance(days(3)).await;
        assert_eq!(passed().await.len(), 2, "retired or not, it is to be erased");
        let again = record(world, json!({"retentionUntil": world.clock().day(1)})).await;
        world.clock().advance(days(2)).await;
        eventually("the log tells that retention has passed", || async {
            let path = format!("/v1/registry/changes?types=contact.retentionPassed&resource={}", name(&again));
            let told = world.province("hue").get(&path).await.ok();
            told["changes"].as_array().is_some_and(|changes| changes.len() == 1)
        })
        .await;
        let still = world.province("hue").get(&format!("/v1/{}", name(&again))).await.ok();
        assert_eq!((&still["retentionPassed"], &still["displayName"]), (&json!(true), &json!(NAME)), "{still}");
    }

    async fn a_contact_needs_a_purpose_a_ground_and_an_end(world: &World) {
        let hue = world.province("hue");
        for (wrong, field) in [
            (json!({"purpose": ""}), "contact.purpose"),
            (json!({"legalBasis": "LEGAL_BASIS_UNSPECIFIED"}), "contact.legalBasis"),
            (json!({"legalBasis": "CONSENT"}), "contact.consent"),
            (json!({"retentionUntil": "2027-02-30"}), "contact.retentionUntil"),
            (json!({"validFrom": "2026", "validTo": "2025"}), "contact.validTo"),
            (json!({"email": "lan"}), "contact.email"),
        ] {
            let refused = hue.post("/v1/contacts", contact(wrong)).await.refused(400);
            assert!(refused.to_string().contains(field), "{field}: {refused}");
        }
        let lost = hue.post("/v1/contacts", contact(json!({"organization": "organizations/khong-co"}))).await;
        assert_eq!(lost.reason(400), "REFERENCE_NOT_FOUND");
    }
}

/// A contact of Huế's, with these fields besides or instead.
pub fn contact(fields: Value) -> Value {
    let mut contact = json!({
        "displayName": NAME,
        "position": "Phó giám đốc",
        "email": "lan.huong@dn.vn",
        "phone": "+84 905 123 456",
        "organization": "localities/hue",
        "purpose": "Xúc tiến thương mại",
        "legalBasis": "STATE_FUNCTION",
        "retentionUntil": "2031-12-31",
    });
    for (field, value) in fields.as_object().expect("fields") {
        contact[field] = value.clone();
    }
    contact
}

async fn record(world: &World, fields: Value) -> Value {
    world.province("hue").post("/v1/contacts", contact(fields)).await.ok()
}

fn name(record: &Value) -> String {
    record["name"].as_str().expect("a name").to_owned()
}

async fn accesses(who: &crate::world::actor::Actor, contact: &Value) -> Vec<Value> {
    let answer = who.get(&format!("/v1/{}:accesses", name(contact))).await.ok();
    answer["accesses"].as_array().expect("accesses").clone()
}

async fn database(world: &World) -> DatabaseConnection {
    Database::connect(world.running().database_url("registry")).await.expect("the database is there")
}

fn statement(db: &DatabaseConnection, sql: impl Into<String>) -> Statement {
    Statement::from_string(db.get_database_backend(), sql)
}

/// The columns of all tables that hold a text somewhere, among other text or bytes.
async fn places(db: &DatabaseConnection, text: &str) -> BTreeSet<String> {
    let postgres = db.get_database_backend() == DbBackend::Postgres;
    let columns = match postgres {
        true => {
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() \
                 AND data_type IN ('text', 'bytea')"
        }
        false => "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'",
    };
    let mut found = BTreeSet::new();
    for row in db.query_all_raw(statement(db, columns)).await.expect("columns") {
        let (table, column): (String, String) =
            (row.try_get_by(0).expect("a table"), row.try_get_by(1).expect("a column"));
        let hex = text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let own =
            ["contact", "change", "idempotency", "personal_key", "personal_word", "personal_access", "job", "word"];
        if !own.contains(&table.as_str()) {
            continue;
        }
        let holds = match postgres {
            true => format!(
                "position('{hex}' in encode(convert_to(\"{column}\"::text, 'UTF8'), 'hex')) > 0 \
                             OR position('{hex}' in \"{column}\"::text) > 0"
            ),
            false => format!("instr(lower(hex(\"{column}\")), '{hex}') > 0"),
        };
        let rows = db.query_all_raw(statement(db, format!("SELECT 1 FROM \"{table}\" WHERE {holds} LIMIT 1"))).await;
        if !rows.expect("a search").is_empty() {
            found.insert(format!("{table}.{column}"));
        }
    }
    found
}

async fn verify(world: &World) -> Printed {
    ngkt(&["audit", "verify", "--config", &world.config_file()]).await
}

fn whole(printed: &Printed) -> bool {
    printed.success && !printed.out.contains("not yet sealed")
}
