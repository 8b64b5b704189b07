//! Who may call: nobody without a token, unless the rpc is public; nobody whose role is not listed.

use prost_reflect::DynamicMessage;
use tonic::Code;

use super::{PEOPLE, about_nothing, may_call, methods, reason, record_in_path, somebody_who_may};
use crate::world::actor::Actor;
use crate::world::{Backend, World, claims, own, stories};

claims! {
    async fn whoever_has_no_token_is_refused_unless_the_rpc_is_public(world: &World) {
        for method in api::contract().methods().filter(|method| !method.access.public) {
            let message = DynamicMessage::new(method.input.clone());
            let status = world.nobody().call(method, message.clone()).await.expect_err(&method.path);
            assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "UNAUTHENTICATED"), "{}", method.path);
            if !method.server_streaming {
                assert_eq!(world.nobody().rest(method, &about_nothing(method)).await.reason(401), "UNAUTHENTICATED");
            }
        }
    }

    async fn a_token_of_another_platform_is_refused(world: &World) {
        let stranger = stranger(world);
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
            let Some((_, name)) = record_in_path(method) else { continue };
            let message = about_nothing(method);
            let actor = somebody_who_may(world, method);
            let status = actor.call(method, message.clone()).await.expect_err(&method.path);
            assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "NOT_FOUND"), "{}: {status:?}", method.path);
            assert!(status.message().contains(&name), "{}: {}", method.path, status.message());
            let problem = actor.rest(method, &message).await.refused(404);
            assert_eq!(problem["reason"], "NOT_FOUND", "{}", method.path);
        }
    }
}

stories! {
    async fn a_token_ends_with_its_hours(world: &World) {
        let request = ngkt::TokenRequest { organization: "agencies/g08", roles: &["auditor"], subject: "brief", hours: 1 };
        let token = ngkt::token(world.running().config(), &request).expect("the platform's keys are there");
        let brief = Actor::bearing(world.address(), "agencies/g08", "brief".into(), token);
        assert_eq!(brief.get("/v1/engagements").await.status, 200);
        world.clock().advance(std::time::Duration::from_secs(2 * 3_600)).await;
        assert_eq!(brief.get("/v1/engagements").await.reason(401), "UNAUTHENTICATED");
    }
}

/// A service's own port is no way round the gateway: nothing is accepted there but the token of another part of the platform.
#[test]
fn services_accept_nobody_from_outside() {
    own(Backend::Split, async |world| {
        for method in methods().filter(|method| !method.access.public) {
            let service = world.running().address_of(&method.role);
            let (_, role, organization) =
                PEOPLE.iter().find(|(role, _, _)| may_call(method, *role)).expect("somebody may");
            let insider = world.actor(organization, &[role]);
            let with_token = Actor::bearing(service, organization, insider.subject.clone(), insider.token().to_owned());
            for caller in [Actor::anonymous(service), with_token] {
                let mut request = tonic::Request::new(DynamicMessage::new(method.input.clone()));
                for header in ["x-forwarded-user", "x-ngkt-caller", "x-roles"] {
                    request.metadata_mut().insert(header, "ADMINISTRATOR".parse().expect("invariant: ASCII"));
                }
                let status = caller.call_with(method, request).await.expect_err(&method.path);
                assert_eq!(status.code(), Code::Unauthenticated, "{}", method.path);
            }
        }
    });
}

/// Somebody with a good token of a platform that is not this one.
fn stranger(world: &World) -> Actor {
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let settings = [("data_dir", elsewhere.path().display().to_string())];
    let config = ngkt::Config::load(None, &settings).expect("the settings are right");
    let roles = ["administrator"];
    let request = ngkt::TokenRequest { organization: "agencies/g08", roles: &roles, subject: "stranger", hours: 1 };
    let token = ngkt::token(&config, &request).expect("keys are made");
    Actor::bearing(world.address(), "agencies/g08", "stranger".into(), token)
}
