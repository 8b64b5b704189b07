//! Records with every field filled, made through the contract's own Create of their kind.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use api::{Method, ResourceInfo, Verb};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Value};
use tokio::sync::OnceCell;
use tonic::Code;

use super::example::{self, Names};
use super::rules::Rules;
use super::somebody_who_may;
use crate::world::World;
use crate::world::actor::Actor;

/// Names that fit better than the first one of a list, which may have ended long ago.
const PREFERRED: &[(&str, &str)] = &[
    ("*", "localities/quang-ninh"),
    ("ngkt.vn/Locality", "localities/quang-ninh"),
    ("ngkt.vn/Country", "countries/IN"),
    ("ngkt.vn/Mission", "missions/vn-in-emb"),
    ("ngkt.vn/Agency", "agencies/g08"),
    ("ngkt.vn/TradeAgreement", "tradeAgreements/aifta"),
];

/// Fields that a rule beyond the contract's ties to another field. Each line says which rule. "@" and a type stands for a record of it.
const TIED: &[(&str, &str, &str)] = &[
    // Whoever has to deliver owns it; the others of these tests are the caller's own.
    ("ngkt.vn/Commitment", "commitment.owner", "missions/vn-in-emb"),
    // Nothing is due before the engagement on which it was promised.
    ("ngkt.vn/Commitment", "commitment.due_date", "2027-06-01"),
    // A row is about one thing, here a locality, and its total is the sum of its parts.
    ("ngkt.vn/FdiFlow", "fdi_flow.dimension", "LOCALITY"),
    ("ngkt.vn/FdiFlow", "fdi_flow.country", ""),
    ("ngkt.vn/FdiFlow", "fdi_flow.sector", ""),
    ("ngkt.vn/FdiFlow", "fdi_flow.capital_new_musd", "10.25"),
    ("ngkt.vn/FdiFlow", "fdi_flow.capital_adjusted_musd", "-20.5"),
    ("ngkt.vn/FdiFlow", "fdi_flow.ma_capital_musd", "30"),
    ("ngkt.vn/FdiFlow", "fdi_flow.capital_total_musd", "19.75"),
    // A body is not its own parent, member or partner.
    ("ngkt.vn/OrganizationRelation", "organization_relation.to", "missions/vn-in-emb"),
    // Lists are as of today: what has ended is not in them.
    ("ngkt.vn/Locality", "locality.periods[0].valid_to", ""),
    ("ngkt.vn/Region", "region.periods[0].valid_to", ""),
    ("ngkt.vn/Mission", "mission.closed_date", ""),
    ("ngkt.vn/Agency", "agency.valid_to", ""),
    ("ngkt.vn/Appointment", "appointment.valid_to", ""),
    ("ngkt.vn/OrgUnit", "org_unit.valid_to", ""),
    // A mission has one head at a time, and may have any number of deputies.
    ("ngkt.vn/Appointment", "appointment.kind", "DEPUTY"),
    // A coverage is of a country or of a region, and its topic is one that there is.
    ("ngkt.vn/OrgUnit", "org_unit.coverages[0].world_region", ""),
    ("ngkt.vn/OrgUnit", "org_unit.coverages[0].topic", "fta"),
    // Whole units that merge end on the day before; Quảng Ninh has not ended, and can only give off a part.
    ("ngkt.vn/Locality", "locality.predecessors[0].kind", "SPLIT"),
    // A code is one unit's at a time, and several are made here.
    ("ngkt.vn/Locality", "locality.periods[0].code", ""),
    // A document ends after it begins.
    ("ngkt.vn/Directive", "directive.valid_to", ""),
    // A body names its own focal point, one primary one a day, and lists are as of today.
    ("ngkt.vn/FocalPoint", "focal_point.body", "missions/vn-in-emb"),
    ("ngkt.vn/FocalPoint", "focal_point.role", "DEPUTY"),
    ("ngkt.vn/FocalPoint", "focal_point.valid_to", ""),
    // Whoever consults invites others, who may read it, and gives them time.
    ("ngkt.vn/PlanConsultation", "plan_consultation.invited[0]", "agencies/g12"),
    ("ngkt.vn/PlanConsultation", "plan_consultation.audience.organizations[0]", "agencies/g12"),
    ("ngkt.vn/PlanConsultation", "plan_consultation.due_date", "2027-06-01"),
    // What follows a section is another section, and lists are of the version in force.
    ("ngkt.vn/Sector", "sector.successors[0].sector", "sectors/VSIC2025-A"),
    ("ngkt.vn/Sector", "sector.valid_to", ""),
    // Nobody levies duties on itself; India, the importer, and Viet Nam are parties to the agreement.
    ("ngkt.vn/FtaCommitment", "fta_commitment.exporters[0]", "countries/VN"),
    // A part of a year lies within the year.
    ("ngkt.vn/UtilizationFigure", "utilization_figure.until_date", "1990-06-30"),
    // Lists are as of today: what has ended is not in them.
    ("ngkt.vn/Partnership", "partnership.holders[0].valid_to", ""),
    // No answer is needed by a day that has passed.
    ("ngkt.vn/Verification", "verification.due_date", "2027-06-01"),
    // Not more land can be leased than there is.
    ("ngkt.vn/IndustrialPark", "industrial_park.leasable_area_ha", "5"),
    // A standard is for one kind of subject.
    ("ngkt.vn/GreenStandard", "green_standard.target", "INDUSTRIAL_PARK"),
    ("ngkt.vn/GreenAssessment", "green_assessment.subject", "@ngkt.vn/IndustrialPark"),
    // Another body certifies than the one that asks for it.
    ("ngkt.vn/GreenAssessment", "green_assessment.certifier", "agencies/g12"),
    // What is kept too long already is told of at once, which is another change.
    ("ngkt.vn/Contact", "contact.retention_until", "2099-12-31"),
    // Only what there is can be subscribed to.
    ("ngkt.vn/Subscription", "subscription.change_types[0]", "commitment.*"),
];

/// Resources that everybody sees, whatever audience is asked for: published figures.
pub const ALWAYS_PUBLIC: &[&str] = &["ngkt.vn/FdiFlow"];

/// The rpc of a resource that does this.
pub fn method(resource: &ResourceInfo, verb: Verb) -> Option<&'static Method> {
    let of_it = |method: &&Method| method.resource.as_ref().is_some_and(|r| r.type_name == resource.type_name);
    api::contract().methods().find(|method| method.verb == verb && of_it(method))
}

/// The resources that can be created, with the rpc that does.
pub fn creatable() -> impl Iterator<Item = (&'static ResourceInfo, &'static Method)> {
    api::contract().resources().filter_map(|resource| Some((resource, method(resource, Verb::Create)?)))
}

/// A record that was created, and how.
pub struct Record {
    /// Who created it and so owns it.
    pub owner: Actor,
    /// What was sent.
    pub sent: DynamicMessage,
    /// What was answered.
    pub answered: DynamicMessage,
}

impl Record {
    pub fn name(&self) -> String {
        text(&self.answered, "name")
    }
}

/// A string field.
pub fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Creates a record with every field filled.
pub async fn create(world: &World, resource: &ResourceInfo) -> Record {
    create_within(world, resource, &[]).await
}

/// The same for a record that one of the kinds `making` is to refer to.
async fn create_within(world: &World, resource: &ResourceInfo, making: &[String]) -> Record {
    let method = method(resource, Verb::Create).expect("invariant: asked of what can be created");
    let names = names(world, resource, &method.input, making).await;
    let message = tied(world, example::filled(&method.input, &names), resource, making).await;
    create_as(somebody_who_may(world, method), resource, method, message).await
}

/// Sends a Create until it meets an identifier that is free.
pub async fn create_as(owner: Actor, resource: &ResourceInfo, method: &Method, message: DynamicMessage) -> Record {
    for attempt in 0..50 {
        let message = with_identifier(message.clone(), attempt);
        let field = message
            .descriptor()
            .fields()
            .find(|field| is_resource(&field.kind(), resource))
            .expect("a Create has its resource");
        let Value::Message(sent) = message.get_field(&field).into_owned() else { panic!("a resource is a message") };
        match owner.call(method, message).await {
            Ok(answered) => return Record { owner, sent, answered },
            Err(status) if status.code() == Code::AlreadyExists => continue,
            // A record that was made just now in another service is not known here yet.
            Err(status) if super::reason(&status) == "REFERENCE_NOT_FOUND" => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(status) => panic!("{}: {status:?}: {sent:?}", method.path),
        }
    }
    panic!("{}: no free identifier", method.path)
}

/// A Create request with every field filled and references to what exists.
pub async fn request(world: &World, resource: &ResourceInfo, method: &Method) -> DynamicMessage {
    let names = names(world, resource, &method.input, &[]).await;
    tied(world, example::filled(&method.input, &names), resource, &[]).await
}

/// Another record of the same kind, to change one into.
pub async fn varied(world: &World, resource: &ResourceInfo, create: &Method) -> DynamicMessage {
    let names = names(world, resource, &create.input, &[]).await;
    record_in(&tied(world, example::varied(&create.input, &names), resource, &[]).await, resource)
}

/// The record in a request that holds one.
fn record_in(request: &DynamicMessage, resource: &ResourceInfo) -> DynamicMessage {
    let field = request.descriptor().fields().find(|field| is_resource(&field.kind(), resource));
    let value = request.get_field(&field.expect("a Create has its resource")).into_owned();
    let Value::Message(record) = value else { panic!("a resource is a message") };
    record
}

async fn tied(
    world: &World,
    mut message: DynamicMessage,
    resource: &ResourceInfo,
    making: &[String],
) -> DynamicMessage {
    for (_, path, value) in TIED.iter().filter(|(kind, _, _)| *kind == resource.type_name) {
        let value = match (value.strip_prefix('@'), value.is_empty()) {
            (Some(kind), _) => Some(Value::String(Box::pin(existing(world, kind, making)).await)),
            (None, true) => None,
            (None, false) => Some(tied_value(&message, path, value)),
        };
        example::set(&mut message, path, value);
    }
    message
}

/// A value for the field at a path: the name of an enum's value, or a text.
fn tied_value(message: &DynamicMessage, path: &str, value: &str) -> Value {
    let mut descriptor = message.descriptor();
    let mut parts = path.split('.').peekable();
    while let Some(part) = parts.next() {
        let field =
            descriptor.get_field_by_name(part.trim_end_matches("[0]")).unwrap_or_else(|| panic!("no field {path}"));
        match field.kind() {
            Kind::Message(inner) if parts.peek().is_some() => descriptor = inner,
            Kind::Enum(values) => {
                return Value::EnumNumber(values.get_value_by_name(value).expect("a value of the enum").number());
            }
            Kind::Double => return Value::F64(value.parse().expect("a number")),
            _ => return Value::String(value.to_owned()),
        }
    }
    panic!("{path} leads to a message")
}

/// Existing names for everything that a message refers to, but for its own kind and those that are being made to refer
/// to it: such a reference stays empty, or there would be no first one.
async fn names(world: &World, resource: &ResourceInfo, message: &MessageDescriptor, making: &[String]) -> Names {
    let making: Vec<String> = making.iter().chain([&resource.type_name]).cloned().collect();
    let mut names = Names::new();
    for kind in example::references(message) {
        let preferred = PREFERRED.iter().find(|(preferred, _)| *preferred == kind).map(|(_, name)| (*name).to_owned());
        let name = match preferred {
            Some(name) => name,
            None if making.contains(&kind) => continue,
            None => Box::pin(existing(world, &kind, &making)).await,
        };
        names.insert(kind, name);
    }
    names
}

/// A record to refer to: made once for a world, and left alone by the tests that retire theirs.
async fn existing(world: &World, kind: &str, making: &[String]) -> String {
    type Made = Mutex<HashMap<(SocketAddr, String), Arc<OnceCell<String>>>>;
    static MADE: LazyLock<Made> = LazyLock::new(Made::default);
    let key = (world.address(), kind.to_owned());
    let cell = MADE.lock().expect("no holder panics").entry(key).or_default().clone();
    let make = async || {
        let resource = api::contract().resources().find(|resource| resource.type_name == kind);
        let resource = resource.unwrap_or_else(|| panic!("no resource {kind}"));
        Box::pin(create_within(world, resource, making)).await.name()
    };
    cell.get_or_init(make).await.clone()
}

pub fn is_resource(kind: &Kind, resource: &ResourceInfo) -> bool {
    matches!(kind, Kind::Message(message) if message.full_name() == resource.message.full_name())
}

/// What such a field says at an attempt.
type Form = fn(u32) -> String;

/// Fields that identify a record whose name follows from what it says.
const IDENTIFYING: &[(&str, Form)] = &[
    ("fdi_flow.series", |attempt| format!("example_{}", letters(attempt))),
    ("organization_relation.note", |attempt| format!("example {attempt}")),
    ("fta_commitment.part", |attempt| format!("example {attempt}")),
    ("utilization_figure.source.citation", |attempt| format!("example {attempt}")),
    ("sector.version", |attempt| format!("VSIC{}", 3000 + attempt)),
];

fn letters(attempt: u32) -> String {
    [attempt / 26, attempt % 26].iter().filter_map(|n| char::from_u32('a' as u32 + n)).collect()
}

/// Gives the identifier that the caller chooses, if there is one, another form at each attempt.
fn with_identifier(mut message: DynamicMessage, attempt: u32) -> DynamicMessage {
    let letters = letters(attempt);
    let has = |path: &str| message.has_field_by_name(path.split('.').next().unwrap_or_default());
    if let Some((path, identifier)) = IDENTIFYING.iter().find(|(path, _)| has(path)) {
        example::set(&mut message, path, Some(Value::String(identifier(attempt))));
        return message;
    }
    let field =
        message.descriptor().fields().find(|field| field.name().ends_with("_id") && field.kind() == Kind::String);
    let Some(field) = field else { return message };
    let identifier = match Rules::of(&field).format.as_deref() {
        Some("COUNTRY_CODE") => format!("X{}", letters.to_uppercase().chars().last().expect("invariant: two letters")),
        _ => format!("example-{letters}"),
    };
    message.set_field(&field, Value::String(identifier));
    message
}
