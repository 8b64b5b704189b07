//! One way to reach one rpc over HTTP, with everything that answering needs worked out beforehand.

use api::{Body, Method, Route};
use http::Uri;

use crate::json::plan::{FieldPlan, Form, MessageId, Plans, ValueKind};
use crate::json::wire;

/// One way to reach one rpc over HTTP.
#[derive(Debug)]
pub struct Endpoint {
    /// The rpc.
    pub method: &'static Method,
    /// How it is reached.
    pub route: &'static Route,
    /// The template as text: what logs and metrics call it.
    pub name: String,
    /// The rpc's gRPC path.
    pub uri: Uri,
    /// The request.
    pub input: MessageId,
    /// The answer, or one of many.
    pub output: MessageId,
    /// What the body is.
    pub body: BodyPlan,
    /// Where the path's variables go, in their order.
    pub variables: Vec<Place>,
    /// Where the version goes that `If-Match` names.
    pub etag: Option<Place>,
    /// The update mask, where the body's members say what it is if it is not given.
    pub mask: Option<&'static FieldPlan>,
    /// Where a stream goes on after `Last-Event-ID`.
    pub cursor: Option<&'static FieldPlan>,
    /// The one field that is the whole answer, if it is not all of them.
    pub response: Option<&'static FieldPlan>,
    /// The number of the answer's own version, for the header `ETag`.
    pub version: Option<u32>,
    /// The number of the field that a stream's client resumes with.
    pub resume: Option<u32>,
}

/// What the body of a request is.
#[derive(Debug)]
pub enum BodyPlan {
    /// Nothing.
    None,
    /// The request.
    Whole,
    /// One field of it, which is a message.
    Message(&'static FieldPlan, MessageId),
    /// One field of it, which is anything else.
    Plain(&'static FieldPlan),
}

/// A field somewhere below the request: the fields on the way to it, and itself.
#[derive(Debug, Clone)]
pub struct Place {
    /// Numbers of the messages around it, outermost first.
    pub around: Vec<u32>,
    /// The field.
    pub field: &'static FieldPlan,
}

impl Place {
    /// The place of `path`, such as `country.name` or `country.displayName`, below `message`; nothing if there is none, or
    /// if the way leads through lists.
    pub fn of(plans: &'static Plans, message: MessageId, path: &str) -> Option<Place> {
        let (mut around, mut message) = (Vec::new(), message);
        let mut names = path.split('.').peekable();
        loop {
            let field = plans.message(message).field(names.next()?)?;
            if names.peek().is_none() {
                return Some(Place { around, field });
            }
            if field.form != Form::Single {
                return None;
            }
            around.push(field.number);
            message = field.message()?;
        }
    }

    /// Appends what `fill` appends within the messages around.
    pub fn put<T>(&self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        nest(&self.around, out, fill)
    }

    /// Whether this is the other place, or lies within it.
    pub fn is_within(&self, other: &Place) -> bool {
        let here = || self.around.iter().chain([&self.field.number]);
        let there = || other.around.iter().chain([&other.field.number]);
        here().count() >= there().count() && here().zip(there()).all(|(one, other)| one == other)
    }
}

fn nest<T>(around: &[u32], out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    match around.split_first() {
        None => fill(out),
        Some((number, inner)) => {
            wire::put_tag(out, *number, wire::LENGTH);
            wire::put_sized(out, |out| nest(inner, out, fill))
        }
    }
}

impl Endpoint {
    /// The endpoint of a route of the contract.
    pub fn new(plans: &'static Plans, method: &'static Method, route: &'static Route) -> Endpoint {
        let find = |message: &str| plans.find(message).expect("invariant: the contract's messages are planned");
        let (input, output) = (find(method.input.full_name()), find(method.output.full_name()));
        let place = |path: &str| Place::of(plans, input, path);
        let variables = route.template.variables.iter();
        let string = |field: &&FieldPlan| field.kind == ValueKind::String && field.form == Form::Single;
        let cursor = plans.message(output).field("next_cursor").filter(string).map(|field| field.number);
        Endpoint {
            method,
            route,
            name: route.template.to_string(),
            uri: Uri::from_static(&method.path),
            input,
            output,
            body: body(plans, input, route),
            variables: variables
                .map(|v| place(&v.field).expect("invariant: the build resolved the variables"))
                .collect(),
            etag: etag(plans, input, route),
            mask: mask(plans, input, route),
            cursor: plans
                .message(input)
                .field("cursor")
                .filter(|f| string(f) && method.server_streaming && cursor.is_some()),
            response: route.response_body.as_deref().and_then(|name| plans.message(output).field(name)),
            version: plans.message(output).field("etag").filter(string).map(|field| field.number),
            resume: cursor.filter(|_| method.server_streaming),
        }
    }

    /// Whether the path or the body gives `place`, so that the query cannot.
    pub fn binds(&self, place: &Place) -> bool {
        let by_body = match &self.body {
            BodyPlan::None => false,
            BodyPlan::Whole => true,
            BodyPlan::Message(field, _) | BodyPlan::Plain(field) => {
                place.around.first().unwrap_or(&place.field.number) == &field.number
            }
        };
        by_body || self.variables.iter().any(|variable| place.is_within(variable))
    }
}

fn body(plans: &'static Plans, input: MessageId, route: &Route) -> BodyPlan {
    match &route.body {
        Body::None => BodyPlan::None,
        Body::Whole => BodyPlan::Whole,
        Body::Field(name) => {
            let field = plans.message(input).field(name).expect("invariant: the build resolved the body");
            match field.message().filter(|_| field.form == Form::Single) {
                Some(id) => BodyPlan::Message(field, id),
                None => BodyPlan::Plain(field),
            }
        }
    }
}

/// The version stands in the request itself, or in the record that is its body.
fn etag(plans: &'static Plans, input: MessageId, route: &Route) -> Option<Place> {
    let own = Place::of(plans, input, "etag");
    let within = || match &route.body {
        Body::Field(name) if route.http == http::Method::PATCH || route.http == http::Method::PUT => {
            Place::of(plans, input, &format!("{name}.etag"))
        }
        _ => None,
    };
    own.or_else(within).filter(|place| place.field.kind == ValueKind::String)
}

fn mask(plans: &'static Plans, input: MessageId, route: &Route) -> Option<&'static FieldPlan> {
    let derived = route.http == http::Method::PATCH && matches!(route.body, Body::Field(_));
    plans.message(input).field("update_mask").filter(|field| derived && field.message().is_some())
}
