//! Every rpc has a route, an access rule, known failures, and says what it writes.

use std::collections::{HashMap, HashSet};

use prost_reflect::{FileDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value};

use super::Report;
use crate::shape::{self, Body, Route, Verb, option};

/// Checks one file.
pub fn file(file: &FileDescriptor, report: &mut Report) {
    for method in file.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let mut found = messages(&method);
        found.extend(routes(&method));
        found.extend(access(&method));
        found.extend(failures(&method));
        found.extend(shape::change(&method).err());
        found.extend(misnamed(&method));
        for what in found {
            report.at(file, method.path(), format!("rpc {}: {what}", method.name()));
        }
    }
}

/// Only messages of ours have rules, so only they can be asked with and answered.
fn messages(method: &MethodDescriptor) -> Vec<String> {
    [method.input(), method.output()]
        .iter()
        .filter(|message| !message.full_name().starts_with("ngkt."))
        .map(|message| format!("{} is not a message of ours", message.full_name()))
        .collect()
}

fn routes(method: &MethodDescriptor) -> Vec<String> {
    let routes = match shape::routes(method) {
        Ok(routes) if routes.is_empty() => return vec!["has no route: option (google.api.http)".to_owned()],
        Ok(routes) => routes,
        Err(what) => return vec![what],
    };
    routes.iter().flat_map(|route| route_wrong(route, method)).collect()
}

fn route_wrong(route: &Route, method: &MethodDescriptor) -> Vec<String> {
    let mut out = Vec::new();
    for variable in &route.template.variables {
        if !is_string(&method.input(), &variable.field) {
            out.push(format!("{} in the path is not a string of {}", variable.field, method.input().name()));
        }
    }
    match &route.body {
        Body::Field(name) if method.input().get_field_by_name(name).is_none() => {
            out.push(format!("the body {name} is not a field of {}", method.input().name()));
        }
        Body::None if [http::Method::POST, http::Method::PUT, http::Method::PATCH].contains(&route.http) => {
            out.push("has no body; \"*\" stands for the whole request".to_owned());
        }
        Body::Whole | Body::Field(_) if [http::Method::GET, http::Method::DELETE].contains(&route.http) => {
            out.push(format!("{} has no body", route.http));
        }
        _ => {}
    }
    if let Some(name) = &route.response_body
        && method.output().get_field_by_name(name).is_none()
    {
        out.push(format!("the response_body {name} is not a field of {}", method.output().name()));
    }
    out
}

fn is_string(message: &MessageDescriptor, path: &str) -> bool {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let Some(field) = message.get_field_by_name(name).filter(|field| !field.is_list()) else { return false };
    match (field.kind(), rest) {
        (Kind::Message(inner), Some(rest)) => is_string(&inner, rest),
        (kind, None) => kind == Kind::String,
        _ => false,
    }
}

fn access(method: &MethodDescriptor) -> Option<String> {
    let Some(Value::Message(rule)) = option(&method.options(), "ngkt.options.v1.access") else {
        return Some("does not say who may call it: option (ngkt.options.v1.access)".to_owned());
    };
    let said = |name: &str| rule.get_field_by_name(name).and_then(|value| value.as_bool()).unwrap_or(false);
    let roles = rule.get_field_by_name("roles").map(|value| value.into_owned());
    let roles = roles.as_ref().and_then(Value::as_list).unwrap_or_default();
    let ways = [said("public"), said("authenticated"), !roles.is_empty()];
    if ways.iter().filter(|way| **way).count() != 1 {
        return Some("its access rule is exactly one of public, authenticated and roles".to_owned());
    }
    let unspecified = roles.iter().any(|role| role.as_enum_number() == Some(0));
    unspecified.then(|| "ROLE_UNSPECIFIED is not a role".to_owned())
}

fn failures(method: &MethodDescriptor) -> Vec<String> {
    let Some(Value::List(names)) = option(&method.options(), "ngkt.options.v1.failures") else { return Vec::new() };
    let package = method.parent_service().package_name().to_owned();
    names
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| shape::failure(method.parent_pool(), &package, name).is_none())
        .map(|name| format!("no failure of {package} is called {name}"))
        .collect()
}

/// What is called like a standard verb but does not have its form would silently be treated as something else.
fn misnamed(method: &MethodDescriptor) -> Option<String> {
    if shape::verb(method).0 != Verb::Custom {
        return None;
    }
    let resources = method.parent_file().messages().filter_map(|message| shape::resource(&message)).collect::<Vec<_>>();
    let standard = resources.iter().any(|resource| {
        let one = ["Get", "Create", "Update", "Retire"]
            .iter()
            .any(|verb| method.name().strip_prefix(verb).is_some_and(|rest| rest == resource.message.name()));
        let many = method.name().strip_prefix("List");
        one || many.is_some_and(|rest| rest.eq_ignore_ascii_case(&resource.collection))
    });
    standard.then(|| {
        "is called like a standard verb but has not its form: Get and Retire take name (Retire also etag), Create and \
         Update the resource (Update also update_mask) and give it back, List takes page_size and gives next_page_token"
            .to_owned()
    })
}

/// Two rpcs on one route, and messages that are both asked with and answered.
pub fn twice(files: &[FileDescriptor], report: &mut Report) {
    let mut seen: HashMap<String, String> = HashMap::new();
    let methods =
        || files.iter().flat_map(|file| file.services()).flat_map(|service| service.methods().collect::<Vec<_>>());
    let answers: HashSet<String> = methods().map(|method| method.output().full_name().to_owned()).collect();
    for method in methods() {
        let (file, name) = (method.parent_file(), method.full_name().to_owned());
        for route in shape::routes(&method).unwrap_or_default() {
            let form = format!("{} {}", route.http, route.template.form());
            if let Some(first) = seen.insert(form.clone(), name.clone()) {
                report.at(
                    &file,
                    method.path(),
                    format!("rpc {}: {form} is the route of {first} already", method.name()),
                );
            }
        }
        if answers.contains(method.input().full_name()) {
            let what = format!(
                "rpc {}: {} is also an answer; a request is a message of its own",
                method.name(),
                method.input().name()
            );
            report.at(&file, method.path(), what);
        }
    }
}
