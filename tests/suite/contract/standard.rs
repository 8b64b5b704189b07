//! The standard verbs, with every resource that can be created: what was given survives, versions guard changes, keys
//! guard repetitions, retired is readable and no longer listed, and the change log tells who did what.

use api::{Method, ResourceInfo, Verb};
use prost_reflect::{DynamicMessage, Kind, ReflectMessage, Value};
use tonic::Request;

use super::record::{self, ALWAYS_PUBLIC, Record, creatable, create, method, text};
use super::rules::Rules;
use super::{broken_fields, example, reason};
use crate::world::actor::Actor;
use crate::world::dynamic::{from_json, json};
use crate::world::{World, eventually, scratch_claims};

scratch_claims! {
    async fn every_field_survives_create_get_and_list(world: &World) {
        for (resource, _) in creatable() {
            let record = create(world, resource).await;
            assert_kept(resource, &record.sent, &record.answered, "created");
            // Not the same as what was answered: some answers to Create hold what is shown once only.
            let got = get(&record.owner, resource, &record.name()).await;
            assert_kept(resource, &record.sent, &got, "got");
            let listed = record.owner.all(&resource.collection, "").await.into_iter().find(|item| item["name"] == record.name());
            let listed = from_json(&resource.message, &listed.unwrap_or_else(|| panic!("{} is not listed", record.name())));
            assert_eq!(listed, got, "listed");
            assert!(!text(&got, "owner").is_empty() && !text(&got, "etag").is_empty(), "{got:?}");
        }
    }

    async fn every_field_can_be_changed_unless_it_is_immutable(world: &World) {
        for (resource, create) in creatable() {
            let Some(update) = method(resource, Verb::Update) else { continue };
            let record = record::create(world, resource).await;
            let mut changed = record::varied(world, resource, create).await;
            changed.set_field_by_name("name", Value::String(record.name()));
            let fields = || resource.message.fields().filter(example::is_filled).filter(|field| field.number() < 90);
            let mutable: Vec<_> = fields().filter(|field| !Rules::of(field).immutable).collect();
            let mask: Vec<&str> = mutable.iter().map(|field| field.name()).collect();
            let answer = record.owner.call(update, update_request(update, resource, &changed, &mask)).await;
            let after = answer.unwrap_or_else(|status| panic!("{}: {status:?}: {changed:?}", record.name()));
            for field in &mutable {
                assert_eq!(after.get_field(field), changed.get_field(field), "{} of {}", field.name(), record.name());
            }
            assert_eq!(get(&record.owner, resource, &record.name()).await, after);
            for field in fields().filter(|field| Rules::of(field).immutable) {
                if changed.get_field(&field) == record.answered.get_field(&field) {
                    continue;
                }
                let request = update_request(update, resource, &changed, &[field.name()]);
                let status = record.owner.call(update, request).await.expect_err("an immutable field");
                assert_eq!(broken_fields(&status), ["update_mask.paths[0]"], "{} of {}: {status:?}", field.name(), record.name());
                assert!(status.message().contains(field.name()), "{} of {}: {status:?}", field.name(), record.name());
            }
        }
    }

    async fn a_change_of_an_earlier_version_is_refused(world: &World) {
        for (resource, _) in creatable() {
            let Some(update) = method(resource, Verb::Update) else { continue };
            let record = create(world, resource).await;
            let Some(field) = free_text(resource) else { continue };
            let mut changed = record.answered.clone();
            changed.set_field_by_name(&field, Value::String("Đã đổi".into()));
            let request = update_request(update, resource, &changed, &[&field]);
            let after = record.owner.call(update, request.clone()).await.unwrap_or_else(|s| panic!("{}: {s:?}", record.name()));
            assert_eq!(text(&after, &field), "Đã đổi");
            assert_ne!(text(&after, "etag"), text(&record.answered, "etag"), "{}", record.name());
            let mut again = changed;
            again.set_field_by_name(&field, Value::String("Đổi nữa".into()));
            let refused = record.owner.call(update, update_request(update, resource, &again, &[&field])).await;
            assert_eq!(reason(&refused.expect_err("the version is an earlier one")), "ETAG_MISMATCH", "{}", record.name());
        }
    }

    async fn the_same_key_creates_once(world: &World) {
        for (resource, create) in creatable() {
            let record = record::create(world, resource).await;
            let message = record::request(world, resource, create).await;
            let key = format!("key-of-{}", resource.singular);
            let first = with_key(&record.owner, create, message.clone(), &key).await;
            let Ok(first) = first else { continue };
            let second = with_key(&record.owner, create, message.clone(), &key).await.expect("the answer is kept");
            assert_eq!(second, first, "{}", create.path);
            let mut other = message;
            let Some(field) = free_text(resource) else { continue };
            let path = format!("{}.{field}", create_field(create, resource));
            example::set(&mut other, &path, Some(Value::String("Khác".into())));
            let refused = with_key(&record.owner, create, other, &key).await.expect_err("another request");
            assert_eq!(reason(&refused), "IDEMPOTENCY_KEY_REUSED", "{}", create.path);
        }
    }

    async fn what_is_retired_is_readable_and_neither_listed_nor_changed(world: &World) {
        for (resource, _) in creatable() {
            let Some(retire) = method(resource, Verb::Retire) else { continue };
            let record = create(world, resource).await;
            let name = record.name();
            let request = from_json(&retire.input, &serde_json::json!({"name": name}));
            let retired = record.owner.call(retire, request).await.unwrap_or_else(|s| panic!("{name}: {s:?}"));
            assert!(retired.has_field_by_name("retire_time"), "{name}");
            let got = get(&record.owner, resource, &name).await;
            assert_eq!(got, retired, "{name}");
            let names = |records: Vec<serde_json::Value>| records.iter().filter_map(|r| r["name"].as_str().map(str::to_owned)).collect::<Vec<_>>();
            assert!(!names(record.owner.all(&resource.collection, "").await).contains(&name), "{name}");
            let list = method(resource, Verb::List).expect("every resource is listed");
            if list.input.get_field_by_name("show_retired").is_some() {
                assert!(names(record.owner.all(&resource.collection, "showRetired=true").await).contains(&name), "{name}");
            }
            if let (Some(update), Some(field)) = (method(resource, Verb::Update), free_text(resource)) {
                let mut changed = got.clone();
                changed.set_field_by_name(&field, Value::String("Đã đổi".into()));
                let request = update_request(update, resource, &changed, &[&field]);
                let refused = record.owner.call(update, request).await.expect_err("a retired record");
                assert_eq!(reason(&refused), "RETIRED", "{name}");
            }
        }
    }

    async fn the_change_log_tells_who_did_what(world: &World) {
        for (resource, create) in creatable() {
            let record = record::create(world, resource).await;
            let name = record.name();
            if let Some(retire) = method(resource, Verb::Retire) {
                let request = from_json(&retire.input, &serde_json::json!({"name": name}));
                record.owner.call(retire, request).await.unwrap_or_else(|s| panic!("{name}: {s:?}"));
            }
            let path = format!("/v1/{}/changes?resource={name}", create.role);
            let mut wanted = vec![format!("{}.created", resource.singular)];
            wanted.extend(method(resource, Verb::Retire).map(|_| format!("{}.retired", resource.singular)));
            // The log shows an entry when nothing can come before it any more, which may be a moment later.
            eventually(&format!("{wanted:?} of {name} are in the log, by {}", record.owner.subject), || async {
                let log = record.owner.get(&path).await.ok();
                let changes = log["changes"].as_array().expect("a list of changes");
                let by_owner = changes.iter().filter(|change| change["actor"]["subject"] == record.owner.subject.as_str());
                let kinds: Vec<&str> = by_owner.filter_map(|change| change["type"].as_str()).collect();
                wanted.iter().all(|kind| kinds.contains(&kind.as_str()))
            })
            .await;
        }
    }
}

/// Every field that the caller filled has come back.
fn assert_kept(resource: &ResourceInfo, sent: &DynamicMessage, answered: &DynamicMessage, when: &str) {
    for field in sent.descriptor().fields().filter(example::is_filled).filter(|field| sent.has_field(field)) {
        if field.name() == "audience" && ALWAYS_PUBLIC.contains(&resource.type_name.as_str()) {
            continue;
        }
        let (gave, got) = (sent.get_field(&field), answered.get_field(&field));
        assert_eq!(got.to_string(), gave.to_string(), "{when}: {} of {}", field.name(), sent.descriptor().name());
    }
}

pub async fn get(actor: &Actor, resource: &ResourceInfo, name: &str) -> DynamicMessage {
    let get = method(resource, Verb::Get).expect("every resource can be got");
    let request = from_json(&get.input, &serde_json::json!({"name": name}));
    actor.call(get, request).await.unwrap_or_else(|status| panic!("{name}: {status:?}"))
}

/// An Update of these fields to the values in `record`.
pub fn update_request(
    update: &Method,
    resource: &ResourceInfo,
    record: &DynamicMessage,
    mask: &[&str],
) -> DynamicMessage {
    let mut request = DynamicMessage::new(update.input.clone());
    let field = update
        .input
        .fields()
        .find(|field| record::is_resource(&field.kind(), resource))
        .expect("an Update has its resource");
    request.set_field(&field, Value::Message(record.clone()));
    let mask_field = update.input.get_field_by_name("update_mask").expect("an Update has a mask");
    let Kind::Message(kind) = mask_field.kind() else { unreachable!("invariant: a mask is a message") };
    let mut paths = DynamicMessage::new(kind);
    paths.set_field_by_name("paths", Value::List(mask.iter().map(|path| Value::String((*path).to_owned())).collect()));
    request.set_field(&mask_field, Value::Message(paths));
    request
}

/// The name of the field of a Create that holds the resource.
fn create_field(create: &Method, resource: &ResourceInfo) -> String {
    let field = create.input.fields().find(|field| record::is_resource(&field.kind(), resource));
    field.expect("a Create has its resource").name().to_owned()
}

/// A top-level field for words, which may be anything.
fn free_text(resource: &ResourceInfo) -> Option<String> {
    let fields = resource.message.fields().filter(example::is_filled);
    let mut texts = fields.filter(|field| {
        let rules = Rules::of(field);
        let bound = rules.pattern.is_some()
            || rules.format.is_some()
            || rules.reference.is_some()
            || rules.well_known.is_some();
        field.kind() == Kind::String && !field.is_list() && !rules.immutable && !bound && rules.one_of.is_empty()
    });
    texts.next().map(|field| field.name().to_owned())
}

async fn with_key(
    actor: &Actor,
    method: &Method,
    message: DynamicMessage,
    key: &str,
) -> Result<serde_json::Value, tonic::Status> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("idempotency-key", key.parse().expect("invariant: ASCII"));
    actor.call_with(method, request).await.map(|answer| json(answer.get_ref()))
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", json(&self.answered))
    }
}
