//! The contract itself: nothing without a route, an access rule and words, and every face knows all of it.

use std::collections::BTreeSet;

use api::Verb;

use super::record::method;
use crate::world::{World, claims};

#[test]
fn every_rpc_has_a_route_an_access_rule_and_a_comment() {
    let mut routes = BTreeSet::new();
    for method in api::contract().methods() {
        assert!(!method.routes.is_empty(), "{} has no route", method.path);
        let access = &method.access;
        assert!(
            access.public || access.authenticated || !access.roles.is_empty(),
            "{} may be called by nobody",
            method.path
        );
        assert!(method.comment.trim().ends_with('.'), "{}: no whole sentence: {}", method.path, method.comment);
        for route in &method.routes {
            assert!(
                routes.insert(format!("{} {}", route.http, route.template)),
                "{}: {} twice",
                method.path,
                route.template
            );
        }
    }
}

#[test]
fn every_resource_can_be_got_and_listed_and_tells_its_changes() {
    for resource in api::contract().resources() {
        for verb in [Verb::Get, Verb::List] {
            let found = method(resource, verb);
            assert!(found.is_some(), "{}: no {verb:?}", resource.type_name);
        }
        // What nobody creates by hand (a recorded succession, say), nobody retires.
        let retired = method(resource, Verb::Retire).is_some() || method(resource, Verb::Create).is_none();
        assert!(retired, "{}: no Retire", resource.type_name);
        let service = &method(resource, Verb::Get).expect("checked above").package;
        let changes = format!("/{service}.ChangeService/ListChanges");
        assert!(api::contract().method(&changes).is_some(), "{}: no {changes}", resource.type_name);
    }
}

claims! {
    async fn the_openapi_document_has_every_route(world: &World) {
        let document = world.nobody().get("/openapi.json").await.ok();
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
        let paths = document["paths"].as_object().expect("paths");
        let operations: usize = paths
            .values()
            .filter_map(|path| path.as_object())
            .map(|path| path.keys().filter(|key| ["get", "put", "post", "patch", "delete"].contains(&key.as_str())).count())
            .sum();
        let routes: usize = api::contract().methods().map(|method| method.routes.len()).sum();
        assert_eq!(operations, routes);
        let text = document.to_string();
        for method in api::contract().methods() {
            let words = serde_json::to_string(method.comment.lines().next().unwrap_or_default()).expect("a text");
            assert!(text.contains(words.trim_matches('"')), "{}: its comment is not in the document", method.path);
        }
    }

    async fn the_reference_page_needs_nothing_from_elsewhere(world: &World) {
        let page = world.nobody().get("/docs").await;
        assert_eq!(page.status, 200, "{page}");
        assert!(page.header("content-type").starts_with("text/html"), "{page}");
        let text = String::from_utf8_lossy(&page.body).into_owned();
        for outside in ["src=\"http", "src='http", "href=\"http", "@import", "url(http"] {
            assert!(!text.contains(outside), "the page loads something from elsewhere: {outside}");
        }
        assert!(!page.header("content-security-policy").is_empty(), "the page has no content security policy");
    }

    async fn it_says_whether_it_lives_and_is_ready(world: &World) {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(world.nobody().get(path).await.status, 200, "{path}");
        }
    }
}
