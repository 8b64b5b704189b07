//! Proofs by many random messages: what is written equals what prost-reflect's dynamic messages say, however the wire is
//! ordered, and what is read back is the same message.

mod random;
mod requests;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use super::plan::{Plans, Shape};
use super::read::text::{Broken, Text, Token};
use super::wire::{self, Raw};
use super::{read, write};

/// The contract's pool and one with every kind of field.
fn pools() -> Vec<(DescriptorPool, Plans)> {
    [api::pool().clone(), everything()].into_iter().map(|pool| (pool.clone(), Plans::of(&pool))).collect()
}

fn everything() -> DescriptorPool {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/json/proof");
    let mut compiler = protox::Compiler::new([folder]).expect("the folder is there");
    compiler.include_imports(true).open_file("everything.proto").expect("it compiles");
    compiler.descriptor_pool()
}

fn messages(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    pool.all_messages().filter(|message| !message.is_map_entry()).collect()
}

/// What the oracle says.
fn expected(descriptor: &MessageDescriptor, wire: &[u8]) -> Result<Value, String> {
    let message = DynamicMessage::decode(descriptor.clone(), wire).map_err(|error| error.to_string())?;
    Ok(tree(&serde_json::to_vec(&message).map_err(|error| error.to_string())?))
}

/// What we say, of a message that is not the whole answer.
fn written(plans: &Plans, name: &str, wire: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let id = plans.find(name).expect("each message has a plan");
    write::Writer::new(plans, &mut out).message(id, wire).unwrap_or_else(|error| panic!("{name}: {error}: {wire:?}"));
    out
}

/// JSON as a value, with all numbers as the doubles nearest to them (serde_json's own are not always) and no name twice
/// (serde_json keeps the last).
fn tree(json: &[u8]) -> Value {
    fn value(text: &mut Text) -> Result<Value, Broken> {
        let mut first = true;
        Ok(match text.value()? {
            Token::Object => {
                let mut members = serde_json::Map::new();
                while let Some(key) = text.member(&mut first)? {
                    let before = members.insert(key.to_string(), value(text)?);
                    assert_eq!(before, None, "{key} is there twice");
                }
                Value::Object(members)
            }
            Token::List => {
                let mut elements = Vec::new();
                while text.element(&mut first)? {
                    elements.push(value(text)?);
                }
                Value::Array(elements)
            }
            Token::Text(text) => Value::String(text.into()),
            Token::Number(number) => serde_json::json!(number.parse::<f64>().expect("a number")),
            Token::Truth(truth) => Value::Bool(truth),
            Token::Null => Value::Null,
        })
    }
    let mut text = Text::new(json);
    let tree = value(&mut text).and_then(|tree| text.end().map(|()| tree));
    tree.unwrap_or_else(|error| panic!("{error:?}: {}", String::from_utf8_lossy(json)))
}

#[track_caller]
fn assert_same(name: &str, ours: &[u8], theirs: &Value) {
    assert_eq!(&tree(ours), theirs, "{name}");
}

#[test]
fn answers_equal_the_oracle_for_random_messages_of_every_type() {
    let mut random = StdRng::seed_from_u64(20_261_122);
    for (pool, plans) in pools() {
        for descriptor in messages(&pool) {
            for _ in 0..if descriptor.full_name().starts_with("proof") { 1_500 } else { 60 } {
                let message = random::message(&descriptor, &mut random, 3).encode_to_vec();
                let Ok(theirs) = expected(&descriptor, &message) else { continue };
                assert_same(descriptor.full_name(), &written(&plans, descriptor.full_name(), &message), &theirs);
            }
        }
    }
}

#[test]
fn answers_equal_the_oracle_however_the_wire_is_ordered() {
    let mut random = StdRng::seed_from_u64(7);
    for (pool, plans) in pools() {
        for descriptor in messages(&pool) {
            for _ in 0..if descriptor.full_name().starts_with("proof") { 1_500 } else { 40 } {
                let one = random::message(&descriptor, &mut random, 2).encode_to_vec();
                let other = random::message(&descriptor, &mut random, 2).encode_to_vec();
                let message = random::interleave(&one, &other, &mut random);
                let Ok(theirs) = expected(&descriptor, &message) else { continue };
                assert_same(descriptor.full_name(), &written(&plans, descriptor.full_name(), &message), &theirs);
            }
        }
    }
}

#[test]
fn what_is_written_is_read_back() {
    let mut random = StdRng::seed_from_u64(99);
    for (pool, plans) in pools() {
        for descriptor in messages(&pool) {
            let (name, id) = (descriptor.full_name(), plans.find(descriptor.full_name()).expect("planned"));
            for _ in 0..if name.starts_with("proof") { 1_000 } else { 30 } {
                let message = random::message(&descriptor, &mut random, 2).encode_to_vec();
                let Ok(theirs) = expected(&descriptor, &message) else { continue };
                let json = written(&plans, name, &message);
                let back = read::request(&plans, id, &json, "").unwrap_or_else(|faults| {
                    panic!("{name}: {faults:?}: {}", String::from_utf8_lossy(&json));
                });
                assert_same(name, &written(&plans, name, &back.wire), &theirs);
                let dynamic = DynamicMessage::decode(descriptor.clone(), back.wire.as_slice()).expect("it is sound");
                assert_same(name, &serde_json::to_vec(&dynamic).expect("JSON"), &theirs);
            }
        }
    }
}

#[test]
fn broken_wire_is_an_error_and_never_a_panic() {
    let mut random = StdRng::seed_from_u64(5);
    for (pool, plans) in pools() {
        for descriptor in messages(&pool) {
            let id = plans.find(descriptor.full_name()).expect("planned");
            for _ in 0..40 {
                let mut message = random::message(&descriptor, &mut random, 2).encode_to_vec();
                for _ in 0..random.random_range(1..4) {
                    if !message.is_empty() {
                        let at = random.random_range(0..message.len());
                        message[at] = random.random();
                    }
                }
                message.truncate(random.random_range(0..=message.len()));
                let mut out = Vec::new();
                let _ = write::answer(&plans, id, &message, &mut out);
            }
        }
    }
}

#[test]
fn empty_lists_are_written_at_the_top_and_nowhere_else() {
    let pool = everything();
    let plans = Plans::of(&pool);
    let id = plans.find("proof.Everything").expect("planned");
    let mut message = Vec::new();
    wire::put_bytes(&mut message, 17, &[]); // inner = {}
    wire::put_bytes(&mut message, 23, &[]); // int32s, packed, none
    wire::put_bytes(&mut message, 34, b"one"); // strings = ["one"]
    let mut out = Vec::new();
    write::answer(&plans, id, &message, &mut out).expect("sound");
    let answer: Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(answer["inner"], serde_json::json!({}));
    assert_eq!(answer["strings"], serde_json::json!(["one"]));
    for empty in ["int32s", "doubles", "inners", "values"] {
        assert_eq!(answer[empty], serde_json::json!([]), "{empty}");
    }
    assert_eq!(answer.get("byString"), None);
    assert_eq!(answer.get("aString"), None);

    let mut whole = Vec::new();
    write::answer(&plans, id, &[], &mut whole).expect("sound");
    assert_eq!(serde_json::from_slice::<Value>(&whole).expect("JSON")["strings"], serde_json::json!([]));
}

#[test]
fn one_field_can_be_the_whole_answer() {
    let plans = Plans::of(&everything());
    let plan = plans.message(plans.find("proof.Everything").expect("planned"));
    assert_eq!(plan.shape, Shape::Plain);
    let mut message = Vec::new();
    wire::put_bytes(&mut message, 14, "Đắk".as_bytes());
    wire::put_bytes(&mut message, 37, &[]);
    for (name, json) in [
        ("aString", "\"Đắk\""),
        ("inners", "[{}]"),
        ("strings", "[]"),
        ("byString", "{}"),
        ("inner", "{}"),
        ("anInt64", "\"0\""),
    ] {
        let mut out = Vec::new();
        write::answer_field(&plans, plan.field(name).expect("there"), &message, &mut out).expect("sound");
        assert_eq!(String::from_utf8_lossy(&out), json, "{name}");
    }
}

#[test]
fn a_type_that_is_not_known_is_given_as_its_bytes() {
    let mut message = Vec::new();
    wire::put_bytes(&mut message, 1, b"type.googleapis.com/ngkt.future.v9.Thing");
    wire::put_bytes(&mut message, 2, &[1, 2, 3]);
    let json = written(Plans::contract(), "google.protobuf.Any", &message);
    assert_eq!(
        String::from_utf8_lossy(&json),
        r#"{"@type":"type.googleapis.com/ngkt.future.v9.Thing","value":"AQID"}"#
    );
}

#[test]
fn members_stand_in_the_order_of_their_numbers() {
    let plans = Plans::of(&everything());
    let mut message = Vec::new();
    wire::put_bytes(&mut message, 90, b"z");
    wire::put_bytes(&mut message, 5, b"b");
    assert_eq!(String::from_utf8_lossy(&written(&plans, "proof.Choices", &message)), r#"{"zulu":"z","between":"b"}"#);
    assert_eq!(wire::next(&mut message.as_slice()), Ok(Some((90, Raw::Bytes(b"z")))));
}
