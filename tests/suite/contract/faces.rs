//! Three faces, one answer: REST says what gRPC says, also when it refuses.

use api::Verb;
use prost_reflect::{DynamicMessage, Kind, ReflectMessage, Value};

use super::record::method;
use super::{about_nothing, broken_fields, example, http_status, methods, reason, somebody_who_may};
use crate::world::dynamic::{from_json, json, json_name};
use crate::world::{World, claims};

claims! {
    async fn get_answers_the_same_over_rest_and_grpc(world: &World) {
        for resource in api::contract().resources() {
            let (Some(get), Some(list)) = (method(resource, Verb::Get), method(resource, Verb::List)) else { continue };
            let actor = somebody_who_may(world, list);
            for record in actor.all(&resource.collection, "").await.iter().take(20) {
                let request = from_json(&get.input, &serde_json::json!({"name": record["name"]}));
                let over_grpc = actor.call(get, request.clone()).await.expect(&get.path);
                let over_rest = actor.rest(get, &request).await.ok();
                assert_eq!(plain(over_rest), plain(json(&over_grpc)), "{}", record["name"]);
            }
        }
    }

    async fn lists_answer_the_same_over_rest_and_grpc(world: &World) {
        for resource in api::contract().resources() {
            let Some(list) = method(resource, Verb::List) else { continue };
            let actor = somebody_who_may(world, list);
            let request = from_json(&list.input, &serde_json::json!({"pageSize": 100}));
            let over_grpc = actor.call(list, request.clone()).await.expect(&list.path);
            let over_rest = actor.rest(list, &request).await.ok();
            let field = list.output.fields().find(|field| field.is_list()).expect("a list's answer has a list");
            assert!(over_rest[field.json_name()].is_array(), "{}: an empty page has an empty list: {over_rest}", list.path);
            assert_eq!(plain(over_rest), plain(json(&over_grpc)), "{}", list.path);
        }
    }

    async fn a_refusal_is_the_same_over_rest_and_grpc(world: &World) {
        for method in methods() {
            let actor = somebody_who_may(world, method);
            let mut message = about_nothing(method);
            // What stands in the path leads elsewhere if it is broken.
            let in_path = |name: &str| method.routes[0].template.variables.iter().any(|variable| variable.field == name);
            let text = |field: &prost_reflect::FieldDescriptor| {
                field.kind() == Kind::String && !field.is_list() && !in_path(field.name())
            };
            let Some(field) = method.input.fields().filter(example::is_filled).find(text) else { continue };
            message.set_field(&field, Value::String("x".repeat(5_000)));
            let Err(status) = actor.call(method, message.clone()).await else { panic!("{} took it", method.path) };
            if method.routes[0].http == http::Method::GET {
                continue;
            }
            let problem = actor.rest(method, &message).await;
            let problem = problem.refused(http_status(&status));
            assert_eq!(problem["reason"], reason(&status), "{}", method.path);
            let fields: Vec<String> = broken_fields(&status).iter().map(|field| json_path(field)).collect();
            let errors = problem["violations"].as_array().cloned().unwrap_or_default();
            let told: Vec<String> = errors.iter().map(|e| json_path(e["field"].as_str().unwrap_or_default())).collect();
            assert_eq!(told, fields, "{}", method.path);
        }
    }

    async fn a_refused_request_names_fields_alike_over_rest_and_grpc(world: &World) {
        for method in methods().filter(|method| matches!(method.verb, Verb::Create | Verb::Custom)) {
            let actor = somebody_who_may(world, method);
            let message = DynamicMessage::new(method.input.clone());
            let Err(status) = actor.call(method, message.clone()).await else { continue };
            // A path that lacks its name is another path.
            if method.routes[0].template.variables.is_empty() {
                let mut message = message;
                if let api::Body::Field(field) = &method.routes[0].body {
                    let field = message.descriptor().get_field_by_name(field).expect("the body is a field");
                    let Kind::Message(kind) = field.kind() else { continue };
                    message.set_field(&field, Value::Message(DynamicMessage::new(kind)));
                }
                let status = actor.call(method, message.clone()).await.err().unwrap_or(status);
                let problem = actor.rest(method, &message).await.refused(http_status(&status));
                assert_eq!(problem["reason"], reason(&status), "{}", method.path);
                let errors = problem["violations"].as_array().expect("a list of errors").len();
                assert_eq!(errors, broken_fields(&status).len(), "{}: {problem}", method.path);
            }
        }
    }
}

/// Without the empty lists of the answer itself, which REST tells, and with numbers in one form: 11 is 11.0.
fn plain(mut value: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
    }
    numbers(value)
}

fn numbers(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Number(number) => number.as_f64().into(),
        serde_json::Value::Array(items) => items.into_iter().map(numbers).collect(),
        serde_json::Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, numbers(value))).collect(),
        other => other,
    }
}

fn json_path(path: &str) -> String {
    path.split('.').map(json_name).collect::<Vec<_>>().join(".")
}
