//! What may be said: each required field that is missing, and each bound that is broken, is named by its path.

use api::{Method, Verb};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};
use tonic::Code;

use super::rules::Rules;
use super::{about_nothing, broken_fields, example, methods, reason, somebody_who_may};
use crate::world::{World, claims};

claims! {
    async fn each_required_field_that_is_missing_is_named(world: &World) {
        for method in methods() {
            let actor = somebody_who_may(world, method);
            for (path, field) in fields(&method.input, "") {
                if !Rules::of(&field).required || is_in_path(method, &path) {
                    continue;
                }
                let message = broken(method, &path, None);
                let status = actor.call(method, message).await.expect_err(&format!("{} without {path}", method.path));
                assert_names(method, &path, &status, "is missing");
            }
        }
    }

    async fn each_bound_that_is_broken_is_named(world: &World) {
        for method in methods() {
            let actor = somebody_who_may(world, method);
            for (path, field) in fields(&method.input, "") {
                for (value, why) in violations(&field) {
                    let message = broken(method, &path, Some(value));
                    let what = format!("{} with {path} {why}", method.path);
                    let status = actor.call(method, message).await.map(|m| format!("{m:?}")).expect_err(&what);
                    assert_names(method, &path, &status, why);
                }
            }
        }
    }

    async fn all_broken_fields_are_named_at_once(world: &World) {
        let method = api::contract().method("/ngkt.events.v1.EngagementService/CreateEngagement").expect("an rpc");
        let mut message = example::filled(&method.input, &example::made_up_names());
        example::set(&mut message, "engagement.title", None);
        example::set(&mut message, "engagement.start_date", Some(Value::String("2026-02-30".into())));
        example::set(&mut message, "engagement.kind", Some(Value::EnumNumber(9_999)));
        example::set(&mut message, "engagement.agenda[0].title", None);
        let status = world.mission("vn-in-emb").call(method, message).await.expect_err("a bad request");
        let mut fields = broken_fields(&status);
        fields.sort();
        let wanted = ["engagement.agenda[0].title", "engagement.kind", "engagement.start_date", "engagement.title"];
        assert_eq!(fields, wanted);
    }
}

/// An otherwise good request in which one field is broken. The names in it belong to nothing: what is invalid is
/// refused before anybody looks.
fn broken(method: &Method, path: &str, value: Option<Value>) -> DynamicMessage {
    let mut message = about_nothing(method);
    if method.verb == Verb::Update {
        let (resource, rest) = path.split_once('.').unwrap_or((path, ""));
        let name =
            example::made_up_names()[&method.resource.as_ref().expect("an update is of a resource").type_name].clone();
        example::set(&mut message, &format!("{resource}.name"), Some(Value::String(name)));
        let changed = rest.split(['.', '[']).next().unwrap_or_default();
        if !changed.is_empty() {
            let mask = message.descriptor().get_field_by_name("update_mask").expect("an update has a mask");
            let Kind::Message(kind) = mask.kind() else { unreachable!("invariant: a mask is a message") };
            let mut paths = DynamicMessage::new(kind);
            paths.set_field_by_name("paths", Value::List(vec![Value::String(changed.to_owned())]));
            message.set_field(&mask, Value::Message(paths));
        }
    }
    example::set(&mut message, path, value);
    message
}

fn assert_names(method: &Method, path: &str, status: &tonic::Status, why: &str) {
    let what = format!("{} with {path} {why}: {status:?}", method.path);
    assert_eq!((status.code(), reason(status).as_str()), (Code::InvalidArgument, "INVALID_ARGUMENT"), "{what}");
    let fields = broken_fields(status);
    assert!(
        !fields.is_empty() && fields.iter().all(|field| field.starts_with(path.trim_end_matches("[0]"))),
        "{what}: {fields:?}"
    );
}

/// Fields that a caller fills, at any depth, by path; an item of a list stands for the others.
fn fields(message: &MessageDescriptor, prefix: &str) -> Vec<(String, FieldDescriptor)> {
    let mut found = Vec::new();
    for field in message.fields().filter(example::is_filled) {
        let path = format!("{prefix}{}", field.name());
        found.push((path.clone(), field.clone()));
        let Kind::Message(inner) = field.kind() else { continue };
        let within_itself = prefix.split('.').count() > 4;
        if !inner.full_name().starts_with("google.") && !field.is_map() && !within_itself {
            let item = if field.is_list() { "[0]" } else { "" };
            found.extend(fields(&inner, &format!("{path}{item}.")));
        }
    }
    found
}

/// The route takes it from the path, so that it cannot be missing there.
fn is_in_path(method: &Method, path: &str) -> bool {
    method.verb == Verb::Update && !path.contains('.')
}

/// Values that break one rule of the field each.
fn violations(field: &FieldDescriptor) -> Vec<(Value, &'static str)> {
    let rules = Rules::of(field);
    let mut found = if field.is_list() { list_violations(field, &rules) } else { Vec::new() };
    if !field.is_map() {
        let items = scalar_violations(field, &rules).into_iter();
        found.extend(
            items.map(|(value, why)| if field.is_list() { (Value::List(vec![value]), why) } else { (value, why) }),
        );
    }
    found
}

fn list_violations(field: &FieldDescriptor, rules: &Rules) -> Vec<(Value, &'static str)> {
    let message = example::filled(field.parent_message(), &example::made_up_names());
    let filled = message.get_field(field).into_owned();
    let Some(item) = filled.as_list().and_then(|items| items.first()).cloned() else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(most) = rules.max_items {
        found.push((Value::List(vec![item.clone(); most as usize + 1]), "with too many items"));
    }
    if let Some(least) = rules.min_items.filter(|least| *least > 1) {
        found.push((Value::List(vec![item.clone(); least as usize - 1]), "with too few items"));
    }
    if rules.unique {
        found.push((Value::List(vec![item; 2]), "with an item twice"));
    }
    found
}

fn scalar_violations(field: &FieldDescriptor, rules: &Rules) -> Vec<(Value, &'static str)> {
    let text = |text: String, why| (Value::String(text), why);
    let mut found = Vec::new();
    match field.kind() {
        Kind::Enum(_) => {
            found.push((Value::EnumNumber(9_999), "of no known value"));
            found.extend(
                rules.not_in.iter().map(|number| (Value::EnumNumber(*number), "of a value that is not allowed")),
            );
        }
        Kind::String => {
            found.extend(rules.max_len.map(|most| text("x".repeat(most as usize + 1), "too long")));
            found.extend(rules.min_len.filter(|least| *least > 1).map(|_| text("x".into(), "too short")));
            found.extend(rules.pattern.as_ref().map(|_| text("\u{7} không khớp".into(), "unlike its pattern")));
            found.extend((!rules.one_of.is_empty()).then(|| text("zz-not-one-of-them".into(), "of no allowed value")));
            found.extend(rules.well_known.as_ref().map(|_| text("not one".into(), "of another form")));
            found.extend(rules.reference.as_ref().map(|_| text("not a name".into(), "of another form")));
            if let Some(format) = rules.format.as_deref() {
                let value = if format.ends_with("DATE") { "2026-02-30" } else { "\u{7} khác" };
                found.push(text(value.into(), "of another format"));
            }
        }
        kind => {
            found.extend(
                rules
                    .least
                    .and_then(|(n, inclusive)| number(&kind, if inclusive { n - 1.0 } else { n }))
                    .map(|v| (v, "too small")),
            );
            found.extend(
                rules
                    .greatest
                    .and_then(|(n, inclusive)| number(&kind, if inclusive { n + 1.0 } else { n }))
                    .map(|v| (v, "too great")),
            );
            if kind == Kind::Double {
                found.push((Value::F64(f64::NAN), "that is not a number"));
            }
        }
    }
    found
}

/// A number of this kind; none for 0, which is as good as unset where presence is not told.
fn number(kind: &Kind, value: f64) -> Option<Value> {
    match kind {
        Kind::Int32 => Some(Value::I32(value as i32)),
        Kind::Int64 => Some(Value::I64(value as i64)),
        Kind::Uint32 => (value >= 0.0).then_some(Value::U32(value as u32)),
        Kind::Uint64 => (value >= 0.0).then_some(Value::U64(value as u64)),
        Kind::Double => Some(Value::F64(value)),
        _ => None,
    }
    .filter(|_| value != 0.0)
}
