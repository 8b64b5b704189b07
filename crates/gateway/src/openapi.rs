//! The contract as OpenAPI 3.1, worked out from the descriptors: the same every time, in the order of the protos.

mod answer;
mod parameter;
mod rules;
mod schema;
#[cfg(test)]
mod tests;
mod tree;

use api::Verb;
use api::options::v1::{Access, Role};

use crate::rest::endpoint::{BodyPlan, Endpoint};
use crate::rest::table;
use schema::Schemas;
use tree::{Node, Object};

const DESCRIPTION: &str = "The platform of Viet Nam's economic diplomacy (ngoại giao kinh tế).\n\n\
The same contract is served as REST/JSON, as gRPC and as gRPC-Web on one port; this document describes REST.\n\n\
- **JSON** is proto3 JSON: 64-bit integers are strings, enum values are names, what has its default value is left out \
(but for lists at the top of an answer). Unknown fields are refused.\n\
- **Pages**: `pageSize` (50 if not given, at most 1,000) and `pageToken`, which belongs to one query.\n\
- **Dated truth**: `asOf=YYYY-MM-DD` asks how it was on that day in Viet Nam.\n\
- **Changes**: send the `etag` back, or the header `If-Match`, to be refused if somebody else came first. A PATCH without \
`updateMask` changes the fields that its body has; a field given as null is emptied.\n\
- **Repeating**: a write with the header `Idempotency-Key` is done once, however often it is sent.\n\
- **Problems** are told as `application/problem+json`, with a `reason` for programs.\n\
- **Who calls** is said by a bearer token alone. What a caller may not see does not exist for it.";

/// The document, as JSON.
pub fn document() -> Vec<u8> {
    let mut schemas = Schemas::new(table().targets().map(|endpoint| endpoint.method.input.clone()));
    let (mut paths, mut tags) = (Object::new(), Vec::new());
    for endpoint in table().targets() {
        let (path, parameters) = parameter::path(endpoint);
        let operation = operation(endpoint, parameters, &mut schemas);
        paths.object(&path).put(endpoint.route.http.as_str().to_lowercase(), operation);
        let tag = tag(endpoint);
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let mut all = schemas.finish();
    all.put("Problem", answer::problem());
    let components = Object::new()
        .with("schemas", all)
        .with("parameters", parameter::shared())
        .with("responses", answer::shared())
        .with("securitySchemes", Object::new().with("bearer", bearer()));
    let document = Object::new()
        .with("openapi", "3.1.0")
        .with("info", info())
        .with("servers", vec![Object::new().with("url", "/").with("description", "This platform.")])
        .with("tags", tags.iter().map(described).collect::<Vec<_>>())
        .with("paths", paths)
        .with("components", components);
    serde_json::to_vec(&document).expect("invariant: names and text are always JSON")
}

fn info() -> Object {
    Object::new()
        .with("title", "NGKT")
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("summary", "REST/JSON of the platform of Viet Nam's economic diplomacy")
        .with("description", DESCRIPTION)
}

fn bearer() -> Object {
    let how = "A token of this platform's issuer. The operator makes one with `ngkt token`.";
    Object::new().with("type", "http").with("scheme", "bearer").with("bearerFormat", "JWT").with("description", how)
}

/// The role and the service: `registry.Country`.
fn tag(endpoint: &Endpoint) -> (String, &'static str) {
    let service = endpoint.method.service.rsplit('.').next().unwrap_or_default();
    let name = format!("{}.{}", endpoint.method.role, service.strip_suffix("Service").unwrap_or(service));
    (name, &endpoint.method.service)
}

fn described((name, service): &(String, &'static str)) -> Object {
    let found = api::pool().get_service_by_name(service);
    let comment = found.map(|service| api::comment_of_service(&service)).unwrap_or_default();
    Object::new().with("name", name.as_str()).with_text("description", comment)
}

fn operation(endpoint: &Endpoint, mut parameters: Vec<Node>, schemas: &mut Schemas) -> Object {
    let method = endpoint.method;
    parameters.extend(parameter::query(endpoint, schemas));
    parameters.extend(parameter::head(endpoint));
    let first = method.routes.iter().position(|route| std::ptr::eq(route, endpoint.route)).unwrap_or_default();
    let suffix = if first == 0 { String::new() } else { format!("_{}", first + 1) };
    let summary = method.comment.split_inclusive(['.', '\n']).next().unwrap_or_default().trim();
    let access = told(&method.access);
    Object::new()
        .with("operationId", format!("{}_{}{suffix}", method.role, method.name))
        .with("tags", vec![tag(endpoint).0])
        .with("summary", summary.trim_end_matches('.'))
        .with("description", format!("{}\n\n**Access**: {access}", method.comment))
        .with("parameters", parameters)
        .with_some("requestBody", body(endpoint, schemas))
        .with("responses", answer::all(endpoint, schemas))
        .with("security", security(&method.access))
        .with("x-access", access)
        .with("x-rpc", method.path.as_str())
        .with_some("x-change", method.change.as_deref())
}

fn body(endpoint: &Endpoint, schemas: &mut Schemas) -> Option<Object> {
    let input = &endpoint.method.input;
    let (schema, required) = match &endpoint.body {
        BodyPlan::None => return None,
        BodyPlan::Whole => {
            let in_path = endpoint.variables.iter().filter(|place| place.around.is_empty());
            let in_path: Vec<&str> = in_path.map(|place| &*place.field.proto).collect();
            (schemas.request(input, &in_path), false)
        }
        BodyPlan::Message(field, _) | BodyPlan::Plain(field) => {
            let field = input.get_field_by_name(&field.proto)?;
            let schema = schemas.field(&field, true);
            match field.kind().as_message().filter(|_| endpoint.method.verb == Verb::Create).map(schema::required) {
                Some(names) if !names.is_empty() => (both(schema, names), true),
                _ => (schema, rules::Rules::of(&field).required),
            }
        }
    };
    let content = Object::new().with("application/json", Object::new().with("schema", schema));
    Some(Object::new().with("required", required).with("content", content))
}

/// A record, and what must be given of it.
fn both(schema: Object, names: Vec<String>) -> Object {
    Object::new().with("allOf", vec![schema, Object::new().with("required", names)])
}

fn security(access: &Access) -> Vec<Object> {
    let bearer = Object::new().with("bearer", Vec::<Node>::new());
    // An empty alternative: no token is needed, but one may show more.
    if access.public { vec![Object::new(), bearer] } else { vec![bearer] }
}

/// Who may call, in words.
fn told(access: &Access) -> String {
    if access.public {
        return "everybody, without a token.".into();
    }
    if access.authenticated {
        return "every caller with a token.".into();
    }
    let names = access.roles.iter().filter_map(|role| Role::try_from(*role).ok());
    let names: Vec<String> = names.map(|role| role.as_str_name().replace('_', " ").to_lowercase()).collect();
    format!("{}.", names.join(", "))
}
