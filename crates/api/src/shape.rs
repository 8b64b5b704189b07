//! What the descriptors say, in our words: which messages are resources, which rpcs are standard verbs, and how an rpc
//! is reached over HTTP. The build script reads the protos with this very file, so that build and run cannot disagree.

use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumValueDescriptor, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    ReflectMessage, Value,
};

use crate::template::Template;

/// What an rpc does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Gives one record.
    Get,
    /// Gives a page of records.
    List,
    /// Adds a record.
    Create,
    /// Changes some fields of a record.
    Update,
    /// Takes a record out of use.
    Retire,
    /// Anything else.
    Custom,
}

/// A kind of record: a message that carries `google.api.resource`.
#[derive(Debug, Clone)]
pub struct ResourceInfo {
    /// Such as `ngkt.vn/TradeAgreement`.
    pub type_name: String,
    /// Such as `tradeAgreement`.
    pub singular: String,
    /// Such as `tradeAgreements`: the first part of the names of its records.
    pub collection: String,
    /// Its message.
    pub message: MessageDescriptor,
}

/// What the body of a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// The whole request message.
    Whole,
    /// The field of this name.
    Field(String),
}

/// One way to reach an rpc over HTTP.
#[derive(Debug, Clone)]
pub struct Route {
    /// The HTTP method.
    pub http: http::Method,
    /// Which paths.
    pub template: Template,
    /// What the request's body is.
    pub body: Body,
    /// The field of the answer that the answer's body is; all of it if `None`.
    pub response_body: Option<String>,
}

/// The value of an option of ours, or of `google.api` or `buf.validate`, by its full name; `None` where it is not given.
pub fn option(options: &DynamicMessage, name: &str) -> Option<Value> {
    let extension = options.descriptor().parent_pool().get_extension_by_name(name)?;
    options.has_extension(&extension).then(|| options.get_extension(&extension).into_owned())
}

/// The string in a field of an option's message; empty if it is not set.
pub fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The resource that a message is, if it is one.
pub fn resource(message: &MessageDescriptor) -> Option<ResourceInfo> {
    let value = option(&message.options(), "google.api.resource")?;
    let value = value.as_message()?;
    let pattern = value.get_field_by_name("pattern")?;
    let pattern = pattern.as_list()?.first()?.as_str()?.to_owned();
    Some(ResourceInfo {
        type_name: text(value, "type"),
        singular: text(value, "singular"),
        collection: pattern.split('/').next().unwrap_or_default().to_owned(),
        message: message.clone(),
    })
}

/// The behaviours of a field, by name, such as `OUTPUT_ONLY`.
pub fn has_behavior(field: &FieldDescriptor, name: &str) -> bool {
    let Some(Value::List(values)) = option(&field.options(), "google.api.field_behavior") else { return false };
    let Some(known) = field.parent_pool().get_enum_by_name("google.api.FieldBehavior") else { return false };
    let number = known.get_value_by_name(name).map(|value| value.number());
    values.iter().any(|value| value.as_enum_number() == number)
}

/// The field of a message that holds one record, with the resource that it is.
pub fn resource_field(message: &MessageDescriptor, list: bool) -> Option<(FieldDescriptor, ResourceInfo)> {
    message.fields().filter(|field| field.is_list() == list && !field.is_map()).find_map(|field| match field.kind() {
        Kind::Message(inner) => resource(&inner).map(|found| (field.clone(), found)),
        _ => None,
    })
}

/// Which verb an rpc is, and of which resource. Standard is only what has both the name and the form of the verb.
pub fn verb(method: &MethodDescriptor) -> (Verb, Option<ResourceInfo>) {
    let (input, output, name) = (method.input(), method.output(), method.name());
    let custom = (Verb::Custom, resource(&output));
    if method.is_client_streaming() || method.is_server_streaming() {
        return custom;
    }
    if let Some(plural) = name.strip_prefix("List") {
        let paged =
            input.get_field_by_name("page_size").is_some() && output.get_field_by_name("next_page_token").is_some();
        return match resource_field(&output, true) {
            Some((_, found)) if paged && plural.eq_ignore_ascii_case(&found.collection) => (Verb::List, Some(found)),
            _ => custom,
        };
    }
    let Some(found) = resource(&output) else { return custom };
    let takes = resource_field(&input, false).is_some_and(|(_, taken)| taken.message == output);
    let names = input.get_field_by_name("name").is_some();
    let verb = match name.strip_suffix(output.name()) {
        Some("Get") if names => Verb::Get,
        Some("Create") if takes => Verb::Create,
        Some("Update") if takes && input.get_field_by_name("update_mask").is_some() => Verb::Update,
        Some("Retire") if names && input.get_field_by_name("etag").is_some() => Verb::Retire,
        _ => Verb::Custom,
    };
    (verb, Some(found))
}

/// The routes of an rpc, the first one foremost. The error says what is wrong with one of them.
pub fn routes(method: &MethodDescriptor) -> Result<Vec<Route>, String> {
    let Some(Value::Message(rule)) = option(&method.options(), "google.api.http") else { return Ok(Vec::new()) };
    let mut routes = vec![route(&rule)?];
    if let Some(more) = rule.get_field_by_name("additional_bindings") {
        for rule in more.as_list().unwrap_or_default().iter().filter_map(Value::as_message) {
            routes.push(route(rule)?);
        }
    }
    Ok(routes)
}

fn route(rule: &DynamicMessage) -> Result<Route, String> {
    let (http, path) = ["get", "put", "post", "delete", "patch"]
        .into_iter()
        .find(|field| rule.has_field_by_name(field))
        .map(|field| (field.to_uppercase(), text(rule, field)))
        .ok_or("the route has none of get, put, post, delete and patch")?;
    let body = match text(rule, "body") {
        none if none.is_empty() => Body::None,
        whole if whole == "*" => Body::Whole,
        field => Body::Field(field),
    };
    Ok(Route {
        http: http.parse().map_err(|_| format!("{http} is not an HTTP method"))?,
        template: Template::parse(&path)?,
        body,
        response_body: Some(text(rule, "response_body")).filter(|field| !field.is_empty()),
    })
}

/// The change type that an rpc writes to the change log; `None` for one that only reads. `Err` for a verb that may
/// write but does not say so.
pub fn change(method: &MethodDescriptor) -> Result<Option<String>, String> {
    let said = option(&method.options(), "ngkt.options.v1.change").and_then(|value| value.as_str().map(str::to_owned));
    let reads = routes(method)?.iter().all(|route| route.http == http::Method::GET);
    let of =
        |what: &str, resource: Option<ResourceInfo>| resource.map(|resource| format!("{}.{what}", resource.singular));
    match (verb(method), said) {
        ((Verb::Get | Verb::List, _), None) => Ok(None),
        ((Verb::Create, resource), None) => Ok(of("created", resource)),
        ((Verb::Update, resource), None) => Ok(of("updated", resource)),
        ((Verb::Retire, resource), None) => Ok(of("retired", resource)),
        ((Verb::Custom, _), None) if reads => Ok(None),
        ((Verb::Custom, _), None) => Err("a verb that is not a GET says what it writes: option \
             (ngkt.options.v1.change) = \"thing.done\", or \"none\" if it only reads"
            .to_owned()),
        ((Verb::Custom, _), Some(none)) if none == "none" => Ok(None),
        ((Verb::Custom, _), Some(_)) if reads => Err("a GET only reads; it cannot have a change type".to_owned()),
        ((Verb::Custom, _), Some(change)) => Ok(Some(change)),
        (_, Some(_)) => Err("a standard verb has its change type from the resource's name".to_owned()),
    }
}

/// The failure of this name: of the package, or of those that every rpc can have.
pub fn failure(pool: &DescriptorPool, package: &str, name: &str) -> Option<EnumValueDescriptor> {
    let told = |value: &EnumValueDescriptor| option(&value.options(), "ngkt.options.v1.failure").is_some();
    let within = |wanted: &str| {
        pool.all_enums()
            .filter(|found| found.package_name() == wanted)
            .find_map(|found| found.get_value_by_name(name).filter(told))
    };
    within(package).or_else(|| within("ngkt.options.v1"))
}
