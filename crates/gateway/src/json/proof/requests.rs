//! What is wrong with a request is told by field, and all of it at once.

use prost_reflect::DynamicMessage;
use serde_json::json;

use super::everything;
use crate::json::plan::Plans;
use crate::json::read::{Fault, request};

fn read(json: &[u8]) -> Result<serde_json::Value, Vec<Fault>> {
    let pool = everything();
    let plans = Plans::of(&pool);
    let id = plans.find("proof.Everything").expect("planned");
    let read = request(&plans, id, json, "")?;
    let descriptor = pool.get_message_by_name("proof.Everything").expect("there");
    let message = DynamicMessage::decode(descriptor, read.wire.as_slice()).expect("sound");
    Ok(serde_json::to_value(message).expect("JSON"))
}

fn fields(json: &str) -> Vec<String> {
    read(json.as_bytes()).expect_err(json).into_iter().map(|fault| fault.field).collect()
}

#[test]
fn each_spelling_of_a_value_is_read() {
    for (given, normal) in [
        (
            json!({"a_double": "NaN", "snake_case_name": "x", "another-name": "y"}),
            json!({"aDouble": "NaN", "snakeCaseName": "x", "another-name": "y"}),
        ),
        (
            json!({"anInt64": 5, "aUint64": "18446744073709551615"}),
            json!({"anInt64": "5", "aUint64": "18446744073709551615"}),
        ),
        (json!({"anInt32": "7", "aFloat": "1.5"}), json!({"anInt32": 7, "aFloat": 1.5})),
        (
            json!({"colour": 2, "colours": ["RED", 0]}),
            json!({"colour": "GREEN", "colours": ["RED", "COLOUR_UNSPECIFIED"]}),
        ),
        (json!({"aString": null, "strings": null, "byString": null, "inner": null, "time": null}), json!({})),
        (json!({"value": null, "values": [null, 1.5]}), json!({"value": null, "values": [null, 1.5]})),
        (json!({"time": "2026-09-20T15:30:00+07:00"}), json!({"time": "2026-09-20T08:30:00Z"})),
        (json!({"maybeInt32": 0, "maybeString": ""}), json!({"maybeInt32": 0, "maybeString": ""})),
        (json!({"any": {"renamed": 1, "@type": "x/google.protobuf.Empty"}}), json!(null)),
        (
            json!({"any": {"between": "b", "@type": "x/proof.Choices"}}),
            json!({"any": {"between": "b", "@type": "x/proof.Choices"}}),
        ),
        (
            json!({"any": {"value": "1.5s", "@type": "x/google.protobuf.Duration"}}),
            json!({"any": {"value": "1.500s", "@type": "x/google.protobuf.Duration"}}),
        ),
        (json!({"mask": "displayName,source.citation"}), json!({"mask": "displayName,source.citation"})),
        (json!({"chosenNothing": null}), json!({"chosenNothing": null})),
        (
            json!({"byBool": {"true": "x"}, "byInt32": {"-3": {}}}),
            json!({"byBool": {"true": "x"}, "byInt32": {"-3": {}}}),
        ),
        (
            json!({"wrappedInt64": "12", "wrappedBool": true, "wrappedStrings": ["a"]}),
            json!({"wrappedInt64": "12", "wrappedBool": true, "wrappedStrings": ["a"]}),
        ),
        (json!({"chosenString": "x", "chosenInt64": null}), json!({"chosenString": "x"})),
    ] {
        match read(given.to_string().as_bytes()) {
            Ok(message) => assert_eq!(message, normal),
            Err(faults) => assert_eq!(normal, json!(null), "{given}: {faults:?}"),
        }
    }
}

#[test]
fn each_fault_names_its_field() {
    for (json, field) in [
        (r#"{"nope": 1}"#, "nope"),
        (r#"{"inner": {"inners": [{}, {"nope": {"a": [1]}}]}}"#, "inner.inners[1].nope"),
        (r#"{"aString": 5}"#, "aString"),
        (r#"{"aString": ["x"]}"#, "aString"),
        (r#"{"strings": "x"}"#, "strings"),
        (r#"{"strings": ["x", null]}"#, "strings[1]"),
        (r#"{"inners": [null]}"#, "inners[0]"),
        (r#"{"inner": []}"#, "inner"),
        (r#"{"anInt32": 2147483648}"#, "anInt32"),
        (r#"{"anInt32": 1.5}"#, "anInt32"),
        (r#"{"anInt32": true}"#, "anInt32"),
        (r#"{"anInt32": "x"}"#, "anInt32"),
        (r#"{"aUint32": -1}"#, "aUint32"),
        (r#"{"anInt64": "9223372036854775808"}"#, "anInt64"),
        (r#"{"aDouble": 1e400}"#, "aDouble"),
        (r#"{"aBool": "true"}"#, "aBool"),
        (r#"{"aBool": 1}"#, "aBool"),
        (r#"{"aBytes": "*"}"#, "aBytes"),
        (r#"{"colour": "PINK"}"#, "colour"),
        (r#"{"colour": "red"}"#, "colour"),
        (r#"{"colour": 9}"#, "colour"),
        (r#"{"colour": {}}"#, "colour"),
        (r#"{"time": "2026-02-30T00:00:00Z"}"#, "time"),
        (r#"{"time": 5}"#, "time"),
        (r#"{"span": "1m"}"#, "span"),
        (r#"{"mask": "a,,b"}"#, "mask"),
        (r#"{"aString": "x", "aString": "y"}"#, "aString"),
        (r#"{"aString": "x", "a_string": "y"}"#, "aString"),
        (r#"{"inner": {"aBool": true, "aBool": true}}"#, "inner.aBool"),
        (r#"{"byString": {"k": "1", "k": "2"}}"#, "byString[\"k\"]"),
        (r#"{"byInt32": {"x": {}}}"#, "byInt32[\"x\"]"),
        (r#"{"byInt32": {"1": {}, "1.0": {}}}"#, "byInt32[\"1.0\"]"),
        (r#"{"byString": {"k": null}}"#, "byString[\"k\"]"),
        (r#"{"structure": {"k": 1, "k": 2}}"#, "structure[\"k\"]"),
        (r#"{"chosenString": "x", "chosenInt64": 1}"#, "chosenInt64"),
        (r#"{"any": {"between": "x"}}"#, "any"),
        (r#"{"any": {"@type": "x/nope"}}"#, "any.@type"),
        (r#"{"any": {"@type": "x/proof.Choices", "nope": 1}}"#, "any.nope"),
        (r#"{"empty": {"x": 1}}"#, "empty.x"),
        (r#"{"wrappedInt32": "x"}"#, "wrappedInt32"),
        (r#"{"inner": {"aString": "\ud800"}}"#, "inner.aString"),
        (r#"{"inner": {"aString": "unfinished"#, "inner.aString"),
        (r#"{"inner": {"aDouble": 01}}"#, "inner.aDouble"),
        (r#"{"inner": {"aDouble": NaN}}"#, "inner.aDouble"),
        (r#"{} x"#, "body"),
        (r#"{}{}"#, "body"),
        (r#"[]"#, "body"),
        (r#"null"#, "body"),
        (r#""#, "body"),
        (r#"{"aString": "x",}"#, "body"),
    ] {
        assert_eq!(fields(json), [field], "{json}");
    }
    assert_eq!(read(b"{\"inner\": {\"strings\": [\"\xff\"]}}").expect_err("not UTF-8")[0].field, "inner.strings[0]");
}

#[test]
fn all_faults_are_told_at_once() {
    let json = r#"{"nope": {"deep": [1, {}]}, "anInt32": "x", "inner": {"aBool": 0, "colours": ["RED", "PINK"]}, "aString": "fine", "aFloat": 1e39"#;
    assert_eq!(fields(&format!("{json}}}")), ["nope", "anInt32", "inner.aBool", "inner.colours[1]", "aFloat"]);
    assert_eq!(fields(json).last().map(String::as_str), Some("body"));
}

#[test]
fn nesting_beyond_the_limit_is_refused_where_it_happens() {
    let nested = |depth: usize| format!("{}{}", r#"{"inner":"#.repeat(depth), "1") + &"}".repeat(depth);
    let faults = read(nested(40).as_bytes()).expect_err("too deep");
    assert_eq!(faults.len(), 1);
    assert!(faults[0].field.starts_with("inner.inner.inner"), "{faults:?}");
    assert!(faults[0].description.contains("32 deep"), "{faults:?}");
    assert!(read("{\"nope\":".repeat(1_000_000).as_bytes()).is_err());
    assert!(read(format!("{{\"value\":{}", "[".repeat(1_000_000)).as_bytes()).is_err());
}

#[test]
fn enum_faults_say_what_may_stand_there() {
    let faults = read(br#"{"colour": "PINK"}"#).expect_err("no such colour");
    assert_eq!(faults[0].description, "must be one of BELOW, RED, GREEN");
}

#[test]
fn members_given_are_told_also_those_given_as_null() {
    let pool = everything();
    let plans = Plans::of(&pool);
    let id = plans.find("proof.Everything").expect("planned");
    let read =
        request(&plans, id, br#"{"aString": null, "an_int32": 0, "inner": {"aBool": true}}"#, "").expect("sound");
    let names: Vec<&str> = read.given.iter().map(|at| &*plans.message(id).fields[*at].proto).collect();
    assert_eq!(names, ["a_string", "an_int32", "inner"]);
}
