//! Writes the traits of resources, of the requests of standard verbs, and of failures.

use std::fmt::Write;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value};

use crate::naming::{self, snake, variant};
use crate::shape::{self, ResourceInfo, Verb, has_behavior, option, text};

/// Numbers from here on are the standard fields'; a resource's own are 2 to 89.
const OWN_MAX: u32 = 89;

/// A standard verb, with its request and the resource that it is about.
pub struct Standard {
    pub verb: Verb,
    pub resource: ResourceInfo,
    pub input: MessageDescriptor,
    output: MessageDescriptor,
}

impl Standard {
    /// `None` for a custom verb.
    pub fn of(method: &MethodDescriptor) -> Option<Self> {
        let (verb, resource) = shape::verb(method);
        let resource = resource.filter(|_| verb != Verb::Custom)?;
        Some(Self { verb, resource, input: method.input(), output: method.output() })
    }

    /// Whether this field of the request holds the record.
    pub fn is_record(&self, field: &FieldDescriptor) -> bool {
        matches!(field.kind(), Kind::Message(inner) if inner == self.resource.message) && !field.is_list()
    }

    fn record(&self) -> String {
        self.input.fields().find(|field| self.is_record(field)).map(|field| snake(field.name())).unwrap_or_default()
    }
}

/// The trait of a standard verb's request.
pub fn request(standard: &Standard) -> String {
    let resource = naming::message(&standard.resource.message);
    let (name, body) = match standard.verb {
        Verb::Get => ("GetRequest", get(standard)),
        Verb::List => ("ListRequest", list(standard)),
        Verb::Create => ("CreateRequest", create(standard)),
        Verb::Update => ("UpdateRequest", update(standard)),
        Verb::Retire => (
            "RetireRequest",
            "fn name(&self) -> &str { &self.name }\nfn etag(&self) -> &str { &self.etag }\n".to_owned(),
        ),
        Verb::Custom => return String::new(),
    };
    format!("impl crate::{name} for {} {{\ntype Resource = {resource};\n{body}}}\n", naming::message(&standard.input))
}

/// The trait of a custom verb's request that names one record; empty for any other request.
pub fn act(request: &MessageDescriptor) -> String {
    let has = |name: &str| {
        request.get_field_by_name(name).is_some_and(|field| matches!(field.kind(), Kind::String) && !field.is_list())
    };
    if !has("name") {
        return String::new();
    }
    let etag = if has("etag") { "fn etag(&self) -> &str { &self.etag }\n" } else { "" };
    format!(
        "impl crate::ActRequest for {} {{\nfn name(&self) -> &str {{ &self.name }}\n{etag}}}\n",
        naming::message(request)
    )
}

fn get(standard: &Standard) -> String {
    format!("fn name(&self) -> &str {{ &self.name }}\n{}", texts(standard, &["as_of"]))
}

/// Those of these fields that the request has, as functions.
fn texts(standard: &Standard, fields: &[&str]) -> String {
    let there = fields.iter().filter(|field| standard.input.get_field_by_name(field).is_some());
    there.map(|field| format!("fn {field}(&self) -> &str {{ &self.{field} }}\n")).collect()
}

fn list(standard: &Standard) -> String {
    let mut body = format!("type Response = {};\n", naming::message(&standard.output));
    body.push_str("fn page_size(&self) -> i32 { self.page_size }\n");
    body.push_str(&texts(standard, &["page_token", "q", "as_of"]));
    if standard.input.get_field_by_name("show_retired").is_some() {
        body.push_str("fn show_retired(&self) -> bool { self.show_retired }\n");
    }
    let items = shape::resource_field(&standard.output, true).map(|(field, _)| snake(field.name()));
    let _ = writeln!(
        body,
        "fn respond(items: Vec<Self::Resource>, next_page_token: String) -> Self::Response {{\n\
         Self::Response {{ {}: items, next_page_token, ..Default::default() }}\n}}",
        items.unwrap_or_default()
    );
    body
}

fn create(standard: &Standard) -> String {
    let id = format!("{}_id", snake(&standard.resource.singular).trim_start_matches("r#"));
    let id = match standard.input.get_field_by_name(&id) {
        Some(_) => format!("self.{id}"),
        None => "String::new()".to_owned(),
    };
    format!("fn take(self) -> (Self::Resource, String) {{ (self.{}.unwrap_or_default(), {id}) }}\n", standard.record())
}

fn update(standard: &Standard) -> String {
    format!(
        "fn take(self) -> (Self::Resource, Vec<String>) {{\n\
         (self.{}.unwrap_or_default(), self.update_mask.map(|mask| mask.paths).unwrap_or_default())\n}}\n",
        standard.record()
    )
}

/// The trait of a resource.
pub fn resource(of: &ResourceInfo) -> String {
    let path = naming::message(&of.message);
    let own: Vec<FieldDescriptor> = of
        .message
        .fields()
        .filter(|field| (2..=OWN_MAX).contains(&field.number()) || ["owner", "audience"].contains(&field.name()))
        .collect();
    let named = |wanted: &dyn Fn(&FieldDescriptor) -> bool| -> String {
        let names: Vec<&str> = own.iter().filter(|field| wanted(field)).map(|field| field.name()).collect();
        format!("{names:?}")
    };
    let mut body = format!(
        "const SINGULAR: &'static str = {:?};\nconst COLLECTION: &'static str = {:?};\nconst TYPE: &'static str = {:?};\n\
         const IMMUTABLE: &'static [&'static str] = &{};\nconst WRITABLE: &'static [&'static str] = &{};\n\
         const PERSONAL: &'static [&'static str] = &{};\n",
        of.singular,
        of.collection,
        of.type_name,
        named(&|field| has_behavior(field, "IMMUTABLE")),
        named(&|field| !has_behavior(field, "OUTPUT_ONLY")),
        named(&is_personal),
    );
    for field in ["name", "owner", "etag"] {
        let _ = writeln!(body, "fn {field}(&self) -> &str {{ &self.{field} }}");
        let _ = writeln!(body, "fn set_{field}(&mut self, value: String) {{ self.{field} = value; }}");
    }
    let shared = naming::package("ngkt.type.v1");
    let audience = format!("{shared}::Audience");
    let stamp = "::prost_types::Timestamp";
    for (field, kind) in
        [("audience", audience.as_str()), ("create_time", stamp), ("update_time", stamp), ("retire_time", stamp)]
    {
        let _ = writeln!(body, "fn {field}(&self) -> Option<&{kind}> {{ self.{field}.as_ref() }}");
        let _ = writeln!(body, "fn set_{field}(&mut self, value: Option<{kind}>) {{ self.{field} = value; }}");
    }
    body.push_str(&copies(&own));
    format!("impl crate::Resource for {path} {{\n{body}}}\n")
}

/// Whether a field holds personal data.
fn is_personal(field: &FieldDescriptor) -> bool {
    option(&field.options(), "ngkt.options.v1.personal").and_then(|value| value.as_bool()).unwrap_or(false)
}

/// What is done field by field: copy, what is set, what differs.
fn copies(own: &[FieldDescriptor]) -> String {
    let (mut copy, mut set, mut changed) = (String::new(), String::new(), String::new());
    for field in own {
        let Deeds { copies, is_set, differs } = Deeds::of(field);
        let name = field.name();
        let _ = writeln!(copy, "{name:?} => {copies},");
        let _ = writeln!(set, "if {is_set} {{ out.push({name:?}); }}");
        let _ = writeln!(changed, "if {differs} {{ out.push({name:?}); }}");
    }
    format!(
        "fn copy_field(&mut self, path: &str, from: &Self) -> Result<(), crate::UnknownField> {{\nmatch path {{\n{copy}\
         _ => return Err(crate::UnknownField(path.to_owned())),\n}}\nOk(())\n}}\n\
         fn fields_set(&self) -> Vec<&'static str> {{\nlet mut out = Vec::new();\n{set}out\n}}\n\
         fn fields_changed(&self, before: &Self) -> Vec<&'static str> {{\nlet mut out = Vec::new();\n{changed}out\n}}\n"
    )
}

/// The three expressions of one field.
struct Deeds {
    copies: String,
    is_set: String,
    differs: String,
}

impl Deeds {
    fn of(field: &FieldDescriptor) -> Self {
        if let Some(group) = field.containing_oneof().filter(|group| !group.is_synthetic()) {
            return Self::of_member(field, group.name());
        }
        let ident = snake(field.name());
        let is_set = match field.kind() {
            _ if field.is_list() || field.is_map() => format!("!self.{ident}.is_empty()"),
            _ if field.supports_presence() => format!("self.{ident}.is_some()"),
            Kind::String | Kind::Bytes => format!("!self.{ident}.is_empty()"),
            Kind::Bool => format!("self.{ident}"),
            Kind::Float | Kind::Double => format!("self.{ident} != 0.0"),
            _ => format!("self.{ident} != 0"),
        };
        Self {
            copies: format!("self.{ident}.clone_from(&from.{ident})"),
            is_set,
            differs: format!("self.{ident} != before.{ident}"),
        }
    }

    /// A member of a oneof: it is there if the oneof holds it, and where it is copied away it leaves the oneof empty.
    fn of_member(field: &FieldDescriptor, group: &str) -> Self {
        let (ident, member) = (snake(group), naming::camel(field.name()));
        let pattern = format!("Some({}::{member}(_))", naming::oneof(field.parent_message(), group));
        let holds = |whose: &str| format!("matches!({whose}.{ident}, {pattern})");
        Self {
            copies: format!(
                "if {} || {} {{ self.{ident} = from.{ident}.clone().filter(|held| matches!(Some(held), {pattern})); }}",
                holds("from"),
                holds("self"),
            ),
            is_set: holds("self"),
            differs: format!("({} || {}) && self.{ident} != before.{ident}", holds("self"), holds("before")),
        }
    }
}

/// The trait of a failure enum; empty for any other enum.
pub fn failure(of: &EnumDescriptor) -> String {
    let mut arms = String::new();
    for value in of.values() {
        let Some(Value::Message(rule)) = option(&value.options(), "ngkt.options.v1.failure") else { continue };
        let code = rule.get_field_by_name("code").and_then(|code| code.as_enum_number()).unwrap_or_default();
        let _ = writeln!(
            arms,
            "Self::{} => crate::Rule {{ reason: {:?}, code: ::tonic::Code::from_i32({code}), message: {:?} }},",
            variant(of, value.name()),
            value.name(),
            text(&rule, "message")
        );
    }
    if arms.is_empty() {
        return String::new();
    }
    format!(
        "impl crate::Failure for {} {{\nfn rule(&self) -> crate::Rule {{\nmatch self {{\n{arms}\
         #[allow(unreachable_patterns)]\n_ => crate::Rule::INTERNAL,\n}}\n}}\n}}\n",
        naming::enumeration(of)
    )
}
