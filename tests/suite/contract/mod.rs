//! What is true for every rpc ever added, because it is read from the contract.

mod access;
mod completeness;
mod example;
mod faces;
mod paging;
mod pattern;
mod privacy;
mod record;
mod rules;
mod standard;
mod validation;

use api::Method;
use api::options::v1::Role;
use prost_reflect::{DynamicMessage, Value};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::world::World;
use crate::world::actor::Actor;

/// All rpcs that answer once.
fn methods() -> impl Iterator<Item = &'static Method> {
    api::contract().methods().filter(|method| !method.server_streaming && !method.client_streaming)
}

/// A request with every field filled and references to nothing, also of the record that it is about.
fn about_nothing(method: &Method) -> DynamicMessage {
    let mut message = example::filled(&method.input, &example::made_up_names());
    if let Some((path, name)) = record_in_path(method) {
        example::set(&mut message, &path, Some(Value::String(name)));
    }
    message
}

/// The field that the foremost route takes a record's name from, and a name of the right collection that belongs to nothing.
fn record_in_path(method: &Method) -> Option<(String, String)> {
    let template = &method.routes[0].template;
    let field = template.variables.first().map(|variable| variable.field.clone())?;
    let collection = template.segments.iter().find_map(|segment| match segment {
        api::Segment::Literal(word) if word != "v1" => Some(word),
        _ => None,
    })?;
    Some((field, format!("{collection}/zz-made-up")))
}

/// The roles that somebody outside can have, with a body that such a person acts for.
const PEOPLE: [(Role, &str, &str); 9] = [
    (Role::MinistryOfficer, "ministry-officer", "agencies/g08"),
    (Role::MissionOfficer, "mission-officer", "missions/vn-in-emb"),
    (Role::LocalityOfficer, "locality-officer", "localities/quang-ninh"),
    (Role::AgencyOfficer, "agency-officer", "agencies/g12"),
    (Role::EnterpriseUser, "enterprise-user", "organizations/example"),
    (Role::System, "system", "agencies/g02"),
    (Role::Auditor, "auditor", "agencies/g08"),
    (Role::Operator, "operator", "agencies/g08"),
    (Role::Administrator, "administrator", "agencies/g08"),
];

/// Whether the contract lets this role call.
fn may_call(method: &Method, role: Role) -> bool {
    method.access.public || method.access.authenticated || method.access.roles.contains(&(role as i32))
}

/// Somebody who may call; from outside the ministry, if there is a choice.
fn somebody_who_may(world: &World, method: &Method) -> Actor {
    let outside = |(_, _, organization): &&(Role, &str, &str)| !organization.starts_with("agencies/");
    let may = |(role, _, _): &&(Role, &str, &str)| may_call(method, *role);
    let found = PEOPLE.iter().filter(may).find(outside).or_else(|| PEOPLE.iter().find(may));
    let (_, role, organization) = found.unwrap_or_else(|| panic!("{}: nobody outside may call it", method.path));
    world.actor(organization, &[role])
}

/// The reason of a refusal, such as NOT_FOUND.
fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The fields that a refusal names.
fn broken_fields(status: &Status) -> Vec<String> {
    let violations = status.get_details_bad_request().map(|request| request.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

/// The HTTP status of a refusal: google.rpc.Code's, but for what HTTP has a better word for.
fn http_status(status: &Status) -> u16 {
    if reason(status) == "REQUEST_TOO_LARGE" {
        return 413;
    }
    match status.code() {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    }
}
