//! Records in files: a template, an import that is taken whole or not at all, and an export that can be imported again.

use api::Verb;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::answer::Answer;
use crate::world::{World, claims, eventually, scratch_claims, stories};

claims! {
    async fn every_collection_has_a_template(world: &World) {
        let ministry = world.ministry();
        for create in api::contract().methods().filter(|method| method.verb == Verb::Create && method.role == "registry") {
            let resource = create.resource.as_ref().expect("a Create has its resource");
            if ministry.get(&format!("/v1/{}?pageSize=1", resource.collection)).await.status == 501 {
                continue;
            }
            let answer = ministry.get(&format!("/v1/registry:template?collection={}&format=CSV", resource.collection)).await;
            let lacking = format!("{}: a line in services/registry/src/bulk/collection.rs is lacking", create.path);
            assert_eq!(answer.status, 200, "{lacking}: {answer}");
            assert!(answer.json()["columns"].as_array().is_some_and(|columns| columns.len() > 3), "{answer}");
        }
    }

    async fn a_template_explains_its_columns(world: &World) {
        let ministry = world.ministry();
        let csv = ministry.get("/v1/registry:template?collection=themes&format=CSV").await.ok();
        let text = String::from_utf8(content(&csv["file"])).expect("text");
        let mut lines = text.trim_start_matches('\u{feff}').lines();
        assert!(lines.next().is_some_and(|header| header.starts_with("name,displayName,englishName")), "{text}");
        assert!(lines.next().is_some_and(|remark| remark.trim_start_matches('"').starts_with('#')), "{text}");
        let xlsx = ministry.get("/v1/registry:template?collection=themes&format=XLSX").await.ok();
        assert!(content(&xlsx["file"]).starts_with(b"PK") && xlsx["file"]["fileName"].as_str().is_some_and(|it| it.ends_with(".xlsx")));
        let unknown = ministry.get("/v1/registry:template?collection=commitments&format=CSV").await.refused(400);
        assert!(unknown.to_string().contains("organizations"), "{unknown}");
        assert_eq!(world.nobody().get("/v1/registry:template?collection=themes&format=CSV").await.reason(401), "UNAUTHENTICATED");
    }
}

scratch_claims! {
    async fn a_file_is_rehearsed_taken_and_taken_again_without_effect(world: &World) {
        let ministry = world.ministry();
        let file = "\u{feff}name;displayName;englishName;parent;source.citation\r\n\
                    kinh-te-xanh;Kinh tế xanh;Green economy;;Chỉ thị 15-CT/TW\r\n\
                    # hàng này được bỏ qua;;;;\r\n\
                    nang-luong-xanh;Năng lượng xanh, “sạch”;Green energy;themes/kinh-te-xanh;\r\n";
        let rehearsed = import(&ministry, "themes", file, true).await.ok();
        assert_eq!((rehearsed["created"].as_i64(), rehearsed["dryRun"].as_bool()), (Some(2), Some(true)), "{rehearsed}");
        assert!(rehearsed["transfer"].is_null(), "{rehearsed}");
        assert_eq!(world.nobody().get("/v1/themes/kinh-te-xanh").await.status, 404, "a dry run leaves nothing");

        let taken = import(&ministry, "themes", file, false).await.ok();
        assert_eq!(taken["created"].as_i64(), Some(2), "{taken}");
        assert_eq!(taken["results"][1], json!({"row": 4, "name": "themes/nang-luong-xanh", "outcome": "CREATED"}));
        let theme = world.nobody().get("/v1/themes/nang-luong-xanh").await.ok();
        assert_eq!((&theme["displayName"], &theme["parent"]), (&Value::from("Năng lượng xanh, “sạch”"), &Value::from("themes/kinh-te-xanh")));
        assert_eq!(theme["owner"], "agencies/g08");
        let again = import(&ministry, "themes", file, false).await.ok();
        assert_eq!((again["created"].as_i64(), again["unchanged"].as_i64()), (None, Some(2)), "{again}");

        // A row changes what the file has columns for, and nothing else.
        let change = "name,displayName,description\nthemes/nang-luong-xanh,Năng lượng tái tạo,Điện gió\n";
        let changed = import(&ministry, "themes", change, false).await.ok();
        assert_eq!(changed["results"][0]["changedFields"], json!(["displayName", "description"]), "{changed}");
        let theme = world.nobody().get("/v1/themes/nang-luong-xanh").await.ok();
        assert_eq!((&theme["displayName"], &theme["englishName"]), (&Value::from("Năng lượng tái tạo"), &Value::from("Green energy")));
        let stale = "name,etag,displayName\nnang-luong-xanh,1,Cũ\n";
        let refused = import(&ministry, "themes", stale, false).await.refused(400);
        assert!(refused.to_string().contains("changed meanwhile"), "{refused}");
    }

    async fn a_bad_file_is_refused_whole_with_every_row_and_field(world: &World) {
        let ministry = world.ministry();
        let file = "name,kind,displayName,hostCountry,openedDate,counted,accreditations[0].country,accreditations[0].kind\n\
                    vn-q1-emb,EMBASSY,Đại sứ quán một,countries/QA,01/07/2025,có,countries/QA,RESIDENT\n\
                    vn-q2-emb,EMBASY,,countries/QA,31/02/2025,maybe,,\n\
                    vn-q3-emb,EMBASSY,Đại sứ quán ba,countries/QQ,2025,yes,,\n\
                    vn-q4-emb,EMBASSY,,countries/QA,31/02/2025,no,,\n";
        let told = |answer: Answer| {
            let problem = answer.refused(400);
            let violations = problem["violations"].as_array().cloned().unwrap_or_default();
            let told = violations.iter().map(|it| format!("{} {}", it["field"].as_str().unwrap_or_default(), it["description"].as_str().unwrap_or_default()));
            told.collect::<Vec<_>>()
        };
        // What can be seen in the file itself comes first, all of it.
        let first = told(import(&ministry, "missions", file, false).await);
        assert!(first.iter().any(|it| it.starts_with("rows[1].kind") && it.contains("EMBASSY") && it.contains("row 3")), "{first:?}");
        assert!(first.iter().any(|it| it.starts_with("rows[1].counted")), "{first:?}");
        // Then what the rules of the contract and of the register say of each row.
        let mended = file.replace("EMBASY", "EMBASSY").replace("maybe", "no");
        let second = told(import(&ministry, "missions", &mended, true).await);
        for wanted in ["rows[1].displayName", "rows[1].openedDate", "rows[2].hostCountry", "rows[3].displayName", "rows[3].openedDate"] {
            assert!(second.iter().any(|it| it.starts_with(wanted)), "{wanted}: {second:?}");
        }
        assert_eq!(told(import(&ministry, "missions", &mended, false).await), second, "a dry run tells the same");
        assert_eq!(world.nobody().get("/v1/missions/vn-q1-emb").await.status, 404, "all or nothing");
        let unknown = told(import(&ministry, "missions", "name,colour\nx,red\n", false).await);
        assert!(unknown[0].contains("colour"), "{unknown:?}");
        for (format, bytes) in [("XLSX", b"no workbook".to_vec()), ("CSV", vec![0xff, 0xfe, 0x41])] {
            let body = json!({"collection": "missions", "format": format, "content": STANDARD.encode(bytes)});
            assert_eq!(ministry.post("/v1/registry:import", body).await.reason(400), "INVALID_ARGUMENT", "{format}");
        }
    }

    async fn an_import_may_do_what_single_calls_may(world: &World) {
        let mission = world.mission("vn-in-emb");
        assert_eq!(import(&mission, "themes", "name,displayName\nabc,Abc\n", false).await.reason(403), "PERMISSION_DENIED");
        let auditor = world.auditor();
        assert_eq!(import(&auditor, "organizations", "displayName,kind\nA,ENTERPRISE\n", false).await.reason(403), "PERMISSION_DENIED");
        assert_eq!(import(&world.nobody(), "themes", "name\nabc\n", false).await.reason(401), "UNAUTHENTICATED");

        let bodies = "displayName,kind,country,otherNames,identifiers[0].type,identifiers[0].value\n\
                      Tata Nhập khẩu,ENTERPRISE,countries/IN,Tata; TATA Group,TAX_CODE,IN-55501\n";
        let taken = import(&mission, "organizations", bodies, false).await.ok();
        let name = taken["results"][0]["name"].as_str().expect("a name").to_owned();
        let body = mission.get(&format!("/v1/{name}")).await.ok();
        assert_eq!((&body["owner"], &body["otherNames"]), (&Value::from("missions/vn-in-emb"), &json!(["Tata", "TATA Group"])));
        let twice = import(&mission, "organizations", bodies, false).await.refused(400);
        assert!(twice.to_string().contains("rows[0]"), "another body bears the number: {twice}");

        // Another body may see it, and may not change it; a hidden one does not exist for it.
        let change = format!("name,shortName\n{name},Tata\n");
        let foreign = import(&world.province("quang-ninh"), "organizations", &change, false).await.refused(400);
        assert!(foreign.to_string().contains("belongs to missions/vn-in-emb"), "{foreign}");
        mission.patch(&format!("/v1/{name}"), json!({"audience": {"circle": "OWNER"}})).await.ok();
        let hidden = import(&world.province("quang-ninh"), "organizations", &change, false).await.refused(400);
        assert!(hidden.to_string().contains("does not exist"), "{hidden}");
        let exported = export(&world.province("quang-ninh"), "collection=organizations&format=CSV&filters=q%3Dtata%20nhap%20khau").await.ok();
        assert!(exported["rows"].is_null(), "{exported}");
    }

    async fn what_is_given_out_can_be_taken_in_again(world: &World) {
        let mission = world.mission("vn-fr-emb");
        let danger = json!({"displayName": "=HYPERLINK(\"http://x\")", "kind": "ENTERPRISE", "country": "countries/FR",
            "description": "+84 24 3799 2000\nĐường Lê Duẩn", "otherNames": ["-A", "B; C"], "shortName": "bulk-fr"});
        mission.post("/v1/organizations", danger).await.ok();
        mission.post("/v1/organizations", json!({"displayName": "Société B", "kind": "CHAMBER", "country": "countries/FR", "shortName": "bulk-fr"})).await.ok();
        for format in ["CSV", "XLSX"] {
            let query = format!("collection=organizations&format={format}&filters=q%3Dbulk-fr&filters=country%3DFR");
            let out = export(&mission, &query).await.ok();
            assert_eq!((out["rows"].as_i64(), out["personalData"].as_bool()), (Some(2), None), "{out}");
            let bytes = content(&out["file"]);
            if format == "CSV" {
                let text = String::from_utf8(bytes.clone()).expect("text");
                assert!(text.contains("'=HYPERLINK") && text.contains("'+84") && text.contains("'-A"), "{text}");
                assert!(text.contains("otherNames[1]") && text.contains("Đường Lê Duẩn"), "{text}");
            }
            let body = json!({"collection": "organizations", "format": format, "content": STANDARD.encode(&bytes)});
            let back = mission.post("/v1/registry:import", body).await.ok();
            assert_eq!((back["unchanged"].as_i64(), back["updated"].as_i64()), (Some(2), None), "{format}: {back}");
            let told = mission.get(&format!("/v1/{}", out["transfer"].as_str().expect("an entry"))).await.ok();
            assert_eq!((&told["direction"], told["rows"].as_i64()), (&Value::from("EXPORT"), Some(2)), "{told}");
            assert_eq!(told["filters"], json!(["q=bulk-fr", "country=FR"]));
        }
    }
}

stories! {
    async fn an_export_honours_filters_and_pages_and_leaves_an_entry(world: &World) {
        let province = world.province("quang-ninh");
        let consulates = export(&province, "collection=missions&format=CSV&filters=kind%3DCONSULATE_GENERAL&filters=asOf%3D10/01/2026&columns=displayName&columns=host_country").await.ok();
        assert_eq!(consulates["rows"].as_i64(), Some(24), "{consulates}");
        let text = String::from_utf8(content(&consulates["file"])).expect("text");
        assert!(text.starts_with("\u{feff}name,displayName,hostCountry\n"), "{text}");
        assert!(text.contains("Trùng Khánh") || text.contains("Busan"), "{text}");
        let refused = export(&province, "collection=missions&format=CSV&filters=colour%3Dred").await.refused(400);
        assert!(refused.to_string().contains("filters[0]") && refused.to_string().contains("hostCountry"), "{refused}");

        let (mut token, mut rows, mut pages) = (String::new(), 0, 0);
        loop {
            let page = export(&province, &format!("collection=countries&format=XLSX&pageSize=100&pageToken={token}")).await.ok();
            rows += page["rows"].as_i64().unwrap_or_default();
            pages += 1;
            token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
            if token.is_empty() {
                break;
            }
        }
        assert_eq!((rows, pages), (249, 3));

        let auditor = world.auditor();
        let entries = auditor.all("bulkTransfers", "collection=missions").await;
        assert_eq!(entries.len(), 1, "{entries:?}");
        assert_eq!((&entries[0]["owner"], &entries[0]["actor"]["subject"]), (&Value::from("localities/quang-ninh"), &Value::from(province.subject.as_str())));
        assert_eq!(entries[0]["fileSha256"].as_str().map(str::len), Some(64));
        let name = entries[0]["name"].as_str().expect("a name");
        assert!(world.province("ca-mau").all("bulkTransfers", "").await.is_empty(), "another body does not see it");
        assert_eq!(world.province("ca-mau").get(&format!("/v1/{name}")).await.reason(404), "NOT_FOUND");
        eventually("the log tells of the export", || async {
            let log = auditor.get(&format!("/v1/registry/changes?resource={name}")).await.ok();
            log["changes"][0]["type"] == "bulkTransfer.created"
        })
        .await;
    }

    async fn thousands_of_rows_are_taken_and_told_to_page(world: &World) {
        let ministry = world.ministry();
        let rows: String = (0..2_000).map(|n| format!("bulk-{n},Chủ đề số {n}\n")).collect();
        let taken = import(&ministry, "themes", &format!("name,displayName\n{rows}"), false).await.ok();
        assert_eq!(taken["created"].as_i64(), Some(2_000));
        let themes = world.nobody().all("themes", "").await.len();
        let rows = export(&ministry, "collection=themes&format=CSV").await.ok()["rows"].as_i64();
        assert_eq!(rows, i64::try_from(themes).ok());
        let many: String = (0..5_001).map(|n| format!("more-{n},X\n")).collect();
        let refused = import(&ministry, "themes", &format!("name,displayName\n{many}"), false).await.refused(400);
        assert!(refused.to_string().contains("more than 5000 rows"), "{refused}");
    }
}

async fn import(who: &Actor, collection: &str, file: &str, dry_run: bool) -> Answer {
    let body = json!({"collection": collection, "format": "CSV", "content": STANDARD.encode(file), "dryRun": dry_run});
    who.send(who.request(reqwest::Method::POST, "/v1/registry:import").header("x-request-timeout", "60").json(&body))
        .await
}

async fn export(who: &Actor, query: &str) -> Answer {
    who.get(&format!("/v1/registry:export?{query}")).await
}

fn content(file: &Value) -> Vec<u8> {
    STANDARD.decode(file["content"].as_str().unwrap_or_default()).expect("base64")
}
