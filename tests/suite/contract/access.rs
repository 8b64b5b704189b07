//! Who may call: nobody without a token, unless the rpc is public; nobody whose role is not listed.

use prost_reflect::DynamicMessage;
use tonic::Code;

use super::{PEOPLE, example, http_status, may_call, methods, reason, somebody_who_may};
use crate::world::claims;

claims! {
    async fn whoever_has_no_token_is_refused_unless_the_rpc_is_public(world: &World) {
        for method in api::contract().methods().filter(|method| !method.access.public) {
            let message = DynamicMessage::new(method.input.clone());
            let status = world.nobody().call(method, message.clone()).await.expect_err(&method.path);
            assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "UNAUTHENTICATED"), "{}", method.path);
            if !method.server_streaming {
                let message = example::filled(&method.input, &example::made_up_names());
                assert_eq!(world.nobody().rest(method, &message).await.reason(401), "UNAUTHENTICATED");
            }
        }
    }

    async fn a_token_of_another_issuer_is_refused(world: &World) {
        let stranger = crate::world::actor::Actor::bearing(world.address(), "agencies/g08", "stranger".into(), STRANGE_TOKEN.into());
        for method in methods().filter(|method| !method.access.public) {
            let status = stranger.call(method, DynamicMessage::new(method.input.clone())).await.expect_err(&method.path);
            assert_eq!(status.code(), Code::Unauthenticated, "{}", method.path);
        }
        // Also where no token is needed: a wrong one is a mistake that the caller should hear of.
        assert_eq!(stranger.get("/v1/countries").await.reason(401), "UNAUTHENTICATED");
    }

    async fn a_role_that_is_not_listed_is_refused(world: &World) {
        for (role, name, organization) in PEOPLE {
            let actor = world.actor(organization, &[name]);
            for method in api::contract().methods().filter(|method| !may_call(method, role)) {
                let message = DynamicMessage::new(method.input.clone());
                let status = actor.call(method, message).await.expect_err(&method.path);
                let told = (status.code(), reason(&status));
                assert_eq!(told, (Code::PermissionDenied, "PERMISSION_DENIED".into()), "{} as {name}", method.path);
            }
        }
    }

    async fn a_name_of_nothing_is_not_found(world: &World) {
        for method in methods() {
            let Some(path) = name_path(method) else { continue };
            let mut message = example::filled(&method.input, &example::made_up_names());
            let collection = &method.resource.as_ref().expect("a named rpc is about a resource").collection;
            let name = format!("{}/zz-made-up", name_collection(method).unwrap_or(collection.clone()));
            example::set(&mut message, &path, Some(prost_reflect::Value::String(name.clone())));
            let actor = somebody_who_may(world, method);
            let status = actor.call(method, message.clone()).await.expect_err(&method.path);
            assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "NOT_FOUND"), "{}: {status:?}", method.path);
            assert!(status.message().contains(&name), "{}: {}", method.path, status.message());
            let problem = actor.rest(method, &message).await.refused(http_status(Code::NotFound));
            assert_eq!(problem["reason"], "NOT_FOUND", "{}", method.path);
        }
    }
}

/// Where a request holds the name of the record that it is about, as its first route says.
fn name_path(method: &api::Method) -> Option<String> {
    let variables = &method.routes[0].template.variables;
    variables.iter().map(|variable| variable.field.clone()).find(|field| field == "name" || field.ends_with(".name"))
}

/// The collection of that name, from the route: a custom verb may answer with another resource than it is about.
fn name_collection(method: &api::Method) -> Option<String> {
    method.routes[0].template.segments.iter().find_map(|segment| match segment {
        api::Segment::Literal(word) if word != "v1" => Some(word.clone()),
        _ => None,
    })
}

/// {"iss":"ngkt","aud":"ngkt","sub":"stranger","org":"agencies/g08","roles":["ADMINISTRATOR"],"exp":4102444800}, signed
/// with the private key of RFC 8037, appendix A.
const STRANGE_TOKEN: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJuZ2t0IiwiYXVkIjoibmdrdCIsInN1YiI6InN0cmFuZ2VyIiwib3JnIjoiYWdlbmNpZXMvZzA4Iiwicm9sZXMiOlsiQURNSU5JU1RSQVRPUiJdLCJpYXQiOjE3NjcyMjU2MDAsImV4cCI6NDEwMjQ0NDgwMH0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
