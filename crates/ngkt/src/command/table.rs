//! Records as a table: one column for each field of the contract, nested ones by dotted path.

use prost_reflect::{Cardinality, Kind, MessageDescriptor};
use serde_json::Value;

/// The columns of a resource's table, by JSON path such as `source.citation`, in the order of the contract.
pub fn columns(resource: &MessageDescriptor) -> Vec<String> {
    let mut columns = Vec::new();
    add_columns(resource, "", &mut columns);
    columns
}

fn add_columns(message: &MessageDescriptor, prefix: &str, columns: &mut Vec<String>) {
    for field in message.fields() {
        let path = format!("{prefix}{}", field.json_name());
        match field.kind() {
            // Timestamps, masks and the like are one string in JSON; a message within itself would never end.
            Kind::Message(inner) if field.cardinality() != Cardinality::Repeated && !is_one_cell(&inner, message) => {
                add_columns(&inner, &format!("{path}."), columns);
            }
            _ => columns.push(path),
        }
    }
}

fn is_one_cell(inner: &MessageDescriptor, outer: &MessageDescriptor) -> bool {
    inner.package_name() == "google.protobuf" || inner == outer
}

/// The cells of one record. Lists are joined by "; " if their items are plain, and are JSON otherwise.
pub fn cells(columns: &[String], record: &Value) -> Vec<String> {
    columns.iter().map(|path| cell(path.split('.').try_fold(record, |value, key| value.get(key)))).collect()
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => harmless(text),
        Some(Value::Array(items)) if items.iter().all(|item| item.is_string()) => {
            harmless(&items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "))
        }
        Some(other) => other.to_string(),
    }
}

/// Text that a spreadsheet would take for a formula gets an apostrophe in front. Numbers are numbers in JSON and do not
/// pass here, but for 64-bit ones, which are strings there.
fn harmless(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if formula && text.parse::<f64>().is_err() { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text_and_numbers_stay_numbers() {
        for (text, written) in [
            ("=HYPERLINK(\"http://evil\")", "'=HYPERLINK(\"http://evil\")"),
            ("+84 24 3799 2000", "'+84 24 3799 2000"),
            ("-", "'-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("-12.5", "-12.5"),
            ("Hà Nội", "Hà Nội"),
        ] {
            assert_eq!(harmless(text), written);
        }
    }

    #[test]
    fn a_cell_holds_what_is_at_its_path() {
        let record = serde_json::json!({"name": "a/1", "source": {"citation": "=1"}, "capital": -2.5, "tags": ["x", "y"], "terms": [{"a": 1}]});
        let columns = ["name", "source.citation", "capital", "tags", "terms", "absent.at.all"].map(str::to_owned);
        assert_eq!(cells(&columns, &record), ["a/1", "'=1", "-2.5", "x; y", "[{\"a\":1}]", ""]);
    }

    #[test]
    fn columns_follow_the_contract() {
        let country = api::pool().get_message_by_name("ngkt.registry.v1.Country").expect("invariant: the exemplar");
        let columns = columns(&country);
        assert_eq!(columns[..2], ["name", "displayName"]);
        assert!(
            columns.contains(&"source.citation".to_owned()) && columns.contains(&"createTime".to_owned()),
            "{columns:?}"
        );
    }
}
