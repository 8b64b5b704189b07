//! What a caller may not see does not exist for it.

use api::Verb;
use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use super::record::{ALWAYS_PUBLIC, creatable, create_as, is_resource, method, request};
use super::standard::{get, update_request};
use super::{PEOPLE, example, may_call, reason, somebody_who_may};
use crate::world::dynamic::from_json;
use crate::world::{World, scratch_claims};

scratch_claims! {
    async fn a_private_record_of_another_organization_is_invisible(world: &World) {
        for (resource, create) in creatable() {
            let owner = somebody_who_may(world, create);
            let mut message = request(world, resource, create).await;
            let field = message.descriptor().fields().find(|f| is_resource(&f.kind(), resource)).expect("its resource");
            example::set(&mut message, &format!("{}.audience", field.name()), Some(owner_only(resource)));
            let record = create_as(owner, resource, create, message).await;
            let (name, got) = (record.name(), get(&record.owner, resource, &record.name()).await);
            let private = got.get_field_by_name("audience").is_some_and(|audience| circle(&audience) == Some(3));
            assert!(private || ALWAYS_PUBLIC.contains(&resource.type_name.as_str()), "{name}: the audience was not kept: {got:?}");
            if !private {
                continue;
            }
            let listing = method(resource, Verb::List).expect("every resource is listed");
            for stranger in strangers(world, &record.owner.organization) {
                let get = method(resource, Verb::Get).expect("every resource can be got");
                let asked = from_json(&get.input, &serde_json::json!({"name": name}));
                let status = stranger.call(get, asked).await.expect_err("a private record");
                assert_eq!(reason(&status), "NOT_FOUND", "{name} as {}", stranger.subject);
                assert!(stranger.all(&resource.collection, "").await.iter().all(|r| r["name"] != name), "{name} is listed: {}", listing.path);
                let Some(update) = method(resource, Verb::Update) else { continue };
                let status = stranger.call(update, update_request(update, resource, &got, &["audience"])).await;
                let reason = reason(&status.expect_err("a private record"));
                assert!(["NOT_FOUND", "PERMISSION_DENIED"].contains(&reason.as_str()), "{name}: {reason}");
                assert!(reason == "NOT_FOUND" || !listed(update, &stranger), "{name}: {reason}");
            }
        }
    }
}

fn listed(update: &api::Method, stranger: &crate::world::actor::Actor) -> bool {
    PEOPLE.iter().any(|(role, name, _)| stranger.subject.starts_with(name) && may_call(update, *role))
}

/// People of three bodies of government, none of them the owner's nor one that an example refers to.
fn strangers(world: &World, owner: &str) -> Vec<crate::world::actor::Actor> {
    [
        ("missions/vn-fr-emb", "mission-officer"),
        ("localities/ca-mau", "locality-officer"),
        ("agencies/g05", "agency-officer"),
    ]
    .into_iter()
    .filter(|(organization, _)| *organization != owner)
    .map(|(organization, role)| world.actor(organization, &[role]))
    .collect()
}

fn owner_only(resource: &api::ResourceInfo) -> Value {
    let field = resource.message.get_field_by_name("audience").expect("every resource has an audience");
    let prost_reflect::Kind::Message(kind) = field.kind() else { unreachable!("invariant: an audience is a message") };
    let mut audience = DynamicMessage::new(kind);
    audience.set_field_by_name("circle", Value::EnumNumber(3));
    Value::Message(audience)
}

fn circle(audience: &Value) -> Option<i32> {
    audience.as_message()?.get_field_by_name("circle")?.as_enum_number()
}
