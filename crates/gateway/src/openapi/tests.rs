use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::document;

fn parsed() -> Value {
    serde_json::from_slice(&document()).expect("JSON")
}

fn walk<'v>(value: &'v Value, visit: &mut impl FnMut(&'v Value)) {
    visit(value);
    match value {
        Value::Array(values) => values.iter().for_each(|value| walk(value, visit)),
        Value::Object(members) => members.values().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let members = item.as_object().expect("an item");
            members.iter().map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect()
}

#[test]
fn every_reference_leads_somewhere() {
    let document = parsed();
    let mut references = HashSet::new();
    walk(&document, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            references.insert(reference.to_owned());
        }
    });
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_route_is_described_once_with_the_parameters_of_its_path() {
    let document = parsed();
    let (operations, mut ids) = (operations(&document), HashSet::new());
    assert_eq!(operations.len(), api::contract().methods().map(|method| method.routes.len()).sum::<usize>());
    for (path, method, operation) in operations {
        assert!(ids.insert(operation["operationId"].as_str().expect("an id")), "{method} {path}");
        let parameters = operation["parameters"].as_array().expect("parameters");
        let of_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let declared: BTreeSet<&str> = of_path.map(|parameter| parameter["name"].as_str().expect("a name")).collect();
        let used: BTreeSet<&str> = path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        assert_eq!(declared, used, "{method} {path}");
        let all: Vec<_> =
            parameters.iter().map(|parameter| (&parameter["in"], &parameter["name"], &parameter["$ref"])).collect();
        assert_eq!(
            all.len(),
            all.iter().map(|one| format!("{one:?}")).collect::<HashSet<_>>().len(),
            "{method} {path}"
        );
        assert!(!operation["summary"].as_str().expect("a summary").is_empty(), "{method} {path}");
        let refusal = &operation["responses"]["400"];
        let shared = refusal["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
        assert!(shared.unwrap_or(refusal)["x-reasons"][0]["reason"].is_string(), "{method} {path}");
        assert!(method != "get" || operation.get("requestBody").is_none(), "{method} {path}");
    }
}

#[test]
fn the_document_is_the_same_every_time() {
    assert_eq!(document(), document());
}

#[test]
fn what_the_proto_says_is_said() {
    let document = parsed();
    let list = &document["paths"]["/v1/agencies"]["get"];
    let size =
        list["parameters"].as_array().expect("parameters").iter().find(|parameter| parameter["name"] == "pageSize");
    let size = size.expect("pageSize");
    assert_eq!((&size["schema"]["minimum"], &size["schema"]["maximum"]), (&0.into(), &1000.into()));
    assert_eq!(list["security"], serde_json::json!([{}, {"bearer": []}]));
    let create = &document["paths"]["/v1/agencies"]["post"];
    assert_eq!(create["security"], serde_json::json!([{"bearer": []}]));
    assert_eq!(create["x-access"], "ministry officer, administrator.");
    assert_eq!(create["x-change"], "agency.created");
    let body = &create["requestBody"]["content"]["application/json"]["schema"]["allOf"];
    assert_eq!(body[0]["$ref"], "#/components/schemas/registry.v1.Agency");
    assert_eq!(body[1]["required"], serde_json::json!(["displayName", "code"]));
    let agency = &document["components"]["schemas"]["registry.v1.Agency"]["properties"];
    assert_eq!(agency["createTime"]["readOnly"], true);
    assert_eq!(agency["displayName"]["maxLength"], 200);
    assert_eq!(agency["displayName"]["description"], "Name in Vietnamese.");
    assert_eq!(agency["parent"]["x-references"], "ngkt.vn/Agency");
    let retire =
        &document["paths"]["/v1/agencies/{agency}:retire"]["post"]["requestBody"]["content"]["application/json"];
    let members = retire["schema"]["properties"].as_object().expect("properties").keys();
    assert_eq!(members.collect::<Vec<_>>(), ["etag"], "the path gives the name");
    let watch = &document["paths"]["/v1/registry/changes:watch"]["get"];
    assert!(watch["responses"]["200"]["content"]["text/event-stream"].is_object());
    let circle = &document["components"]["schemas"]["type.v1.Audience.Circle"];
    assert_eq!(circle["x-meanings"]["PUBLIC"], "Everybody, without a token.");
}
