//! Requests: JSON to wire format in one pass, and everything that is wrong with it, by field.
//!
//! What is well-formed but wrong (an unknown field, a number out of range, a name twice) is noted and passed over, so that
//! one answer names all of it. What is not JSON ends the reading where it stands, and is told with the field it stands in.

mod known;
pub mod scalar;
pub mod text;

use std::borrow::Cow;
use std::collections::HashSet;

use super::plan::{FieldPlan, Fields, Form, MessageId, MessagePlan, Plans, Shape, ValueKind};
use super::wire;
use super::write::{packable, wire_type};
pub use known::put as put_known;
use scalar::Given;
use text::{Broken, Text, Token};

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Path of JSON names, such as `country.sources[0].citation`.
    pub field: String,
    /// What it must be, as the rest of a sentence about it.
    pub description: String,
}

/// A request, read.
#[derive(Debug, Default)]
pub struct Request {
    /// The message in wire format.
    pub wire: Vec<u8>,
    /// The fields that were given at the top, also those given as null, by index, in the order of the text.
    pub given: Vec<usize>,
}

/// Faults beyond these are not told.
const FAULTS_MAX: usize = 50;

/// Reads a whole JSON text as the message `id`. Paths in faults begin with `prefix`, which may be empty.
pub fn request(plans: &Plans, id: MessageId, json: &[u8], prefix: &str) -> Result<Request, Vec<Fault>> {
    let mut reader = Reader::new(plans, json, prefix);
    let mut request = Request::default();
    let outcome = reader.whole(id, &mut request);
    reader.finish(outcome).map(|()| request)
}

/// Reads a whole JSON text as the value of `field`: for routes whose body is one field that is not a message.
pub fn field(plans: &Plans, field: &FieldPlan, json: &[u8]) -> Result<Vec<u8>, Vec<Fault>> {
    let mut reader = Reader::new(plans, json, &field.json);
    let mut out = Vec::new();
    let outcome =
        reader.text.value().and_then(|token| reader.field(field, token, &mut out)).and_then(|()| reader.text.end());
    reader.finish(outcome).map(|()| out)
}

/// One step of the way to where the reader is.
enum Step<'a> {
    Plan(&'a str),
    Text(Cow<'a, str>),
    Key(Cow<'a, str>),
    Index(usize),
}

/// A reader somewhere in a text.
pub struct Reader<'a> {
    pub plans: &'a Plans,
    pub text: Text<'a>,
    prefix: &'a str,
    path: Vec<Step<'a>>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    fn new(plans: &'a Plans, json: &'a [u8], prefix: &'a str) -> Self {
        Reader { plans, text: Text::new(json), prefix, path: Vec::new(), faults: Vec::new() }
    }

    fn finish(mut self, outcome: Result<(), Broken>) -> Result<(), Vec<Fault>> {
        if let Err(Broken(why)) = outcome {
            self.faults.truncate(FAULTS_MAX - 1);
            self.note(why);
        }
        if self.faults.is_empty() { Ok(()) } else { Err(self.faults) }
    }

    fn whole(&mut self, id: MessageId, request: &mut Request) -> Result<(), Broken> {
        let plan = self.plans.message(id);
        match self.text.value()? {
            Token::Object if plan.shape == Shape::Plain => {
                self.object(plan, &mut request.wire, Some(&mut request.given))?
            }
            token => self.message(id, token, &mut request.wire)?,
        }
        self.text.end()
    }

    /// Notes what is wrong where the reader is.
    pub fn note(&mut self, description: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            let field = self.place();
            self.faults.push(Fault { field, description: description.into() });
        }
    }

    /// Notes what a value must be, and passes over it.
    pub fn refuse(&mut self, token: Token<'a>, description: impl Into<String>) -> Result<(), Broken> {
        self.note(description);
        self.text.skip(token)
    }

    fn place(&self) -> String {
        let mut place = self.prefix.to_owned();
        for step in &self.path {
            match step {
                Step::Index(index) => place.push_str(&format!("[{index}]")),
                Step::Key(key) => place.push_str(&format!("[{key:?}]")),
                Step::Plan(_) | Step::Text(_) => {
                    let name = if let Step::Text(name) = step {
                        name
                    } else if let Step::Plan(name) = step {
                        name
                    } else {
                        ""
                    };
                    if !place.is_empty() {
                        place.push('.');
                    }
                    place.extend(name.chars().take(NAME_SHOWN_MAX));
                }
            }
        }
        if place.is_empty() { "body".into() } else { place }
    }

    /// Reads a message of whatever shape, without its length.
    pub fn message(&mut self, id: MessageId, token: Token<'a>, out: &mut Vec<u8>) -> Result<(), Broken> {
        let plan = self.plans.message(id);
        match (plan.shape, token) {
            (Shape::Plain | Shape::Empty, Token::Object) => self.object(plan, out, None),
            (Shape::Plain | Shape::Empty, token) => self.refuse(token, "must be an object"),
            (_, token) => known::read(self, plan, token, out),
        }
    }

    /// Reads the members of a plain message within an `Any` up to its closing brace.
    fn object_of_any(&mut self, plan: &'a MessagePlan, out: &mut Vec<u8>) -> Result<(), Broken> {
        self.members(plan, out, None, Some("@type"))
    }

    /// Reads the members of a plain message up to its closing brace.
    fn object(
        &mut self,
        plan: &'a MessagePlan,
        out: &mut Vec<u8>,
        given: Option<&mut Vec<usize>>,
    ) -> Result<(), Broken> {
        self.members(plan, out, given, None)
    }

    fn members(
        &mut self,
        plan: &'a MessagePlan,
        out: &mut Vec<u8>,
        mut given: Option<&mut Vec<usize>>,
        mut once: Option<&str>,
    ) -> Result<(), Broken> {
        let (mut first, mut seen, mut choices) = (true, Fields::default(), 0u64);
        while let Some(name) = self.text.member(&mut first)? {
            if once.is_some_and(|once| *once == *name) {
                once = None;
                let token = self.text.value()?;
                self.text.skip(token)?;
                continue;
            }
            let Some(at) = plan.index_of(&name) else {
                self.path.push(Step::Text(name));
                self.stranger(plan)?;
                self.path.pop();
                continue;
            };
            let field = &plan.fields[at];
            self.path.push(Step::Plan(&field.json));
            let token = self.text.value()?;
            if !seen.add(at) {
                self.refuse(token, "is given more than once")?;
            } else if token != Token::Null && !field.choose(&mut choices) {
                self.refuse(token, format!("cannot be given together with {}", rivals(plan, field)))?;
            } else {
                self.field(field, token, out)?;
            }
            if let Some(given) = given.as_deref_mut() {
                given.push(at);
            }
            self.path.pop();
        }
        Ok(())
    }

    fn stranger(&mut self, plan: &MessagePlan) -> Result<(), Broken> {
        self.note(format!("is not a field of {}", plan.name.rsplit('.').next().unwrap_or_default()));
        let token = self.text.value()?;
        self.text.skip(token)
    }

    /// Reads what a field holds, tag and all.
    fn field(&mut self, field: &'a FieldPlan, token: Token<'a>, out: &mut Vec<u8>) -> Result<(), Broken> {
        match (field.form, token) {
            (Form::Single, Token::Null) if !self.takes_null(field.kind) => Ok(()),
            (Form::List | Form::Map, Token::Null) => Ok(()),
            (Form::Single, token) => {
                wire::put_tag(out, field.number, wire_type(field.kind));
                self.value(field.kind, token, out)
            }
            (Form::List, Token::List) => self.list(field, out),
            (Form::List, token) => self.refuse(token, "must be a list"),
            (Form::Map, Token::Object) => self.map(field, out),
            (Form::Map, token) => self.refuse(token, "must be an object"),
        }
    }

    /// Whether `null` is a value of this kind and not the absence of one.
    fn takes_null(&self, kind: ValueKind) -> bool {
        match kind {
            ValueKind::Message(id) => self.plans.message(id).shape == Shape::Value,
            ValueKind::Enum(id) => self.plans.enumeration(id).null,
            _ => false,
        }
    }

    fn list(&mut self, field: &'a FieldPlan, out: &mut Vec<u8>) -> Result<(), Broken> {
        if !packable(field.kind) {
            return self.elements(field, out);
        }
        let mut packed = Vec::new();
        self.elements(field, &mut packed)?;
        if !packed.is_empty() {
            wire::put_bytes(out, field.number, &packed);
        }
        Ok(())
    }

    fn elements(&mut self, field: &'a FieldPlan, out: &mut Vec<u8>) -> Result<(), Broken> {
        let (mut first, mut index) = (true, 0);
        while self.text.element(&mut first)? {
            self.path.push(Step::Index(index));
            let token = self.text.value()?;
            if !packable(field.kind) {
                wire::put_tag(out, field.number, wire::LENGTH);
            }
            self.value(field.kind, token, out)?;
            self.path.pop();
            index += 1;
        }
        Ok(())
    }

    fn map(&mut self, field: &'a FieldPlan, out: &mut Vec<u8>) -> Result<(), Broken> {
        let (mut first, mut seen) = (true, HashSet::new());
        while let Some(name) = self.text.member(&mut first)? {
            let entry = self.plans.message(field.message().expect("invariant: a map is a list of entries"));
            let mut key = Vec::new();
            self.path.push(Step::Key(name.clone()));
            let (key_field, value_field) = (&entry.fields[0], &entry.fields[1]);
            wire::put_tag(&mut key, 1, wire_type(key_field.kind));
            let given = if key_field.kind == ValueKind::String { Given::Text(&name) } else { Given::Address(&name) };
            let token = self.text.value()?;
            match scalar::put(self.plans, key_field.kind, given, &mut key) {
                Err(why) => self.refuse(token, format!("has a key that {why}"))?,
                Ok(()) if !seen.insert(key.clone()) => self.refuse(token, "is given more than once")?,
                Ok(()) => {
                    wire::put_tag(out, field.number, wire::LENGTH);
                    wire::put_sized(out, |out| {
                        out.extend_from_slice(&key);
                        wire::put_tag(out, 2, wire_type(value_field.kind));
                        self.value(value_field.kind, token, out)
                    })?;
                }
            }
            self.path.pop();
        }
        Ok(())
    }

    /// Reads one value, with its length where it has one, without tag.
    pub fn value(&mut self, kind: ValueKind, token: Token<'a>, out: &mut Vec<u8>) -> Result<(), Broken> {
        if let ValueKind::Message(id) = kind {
            if token == Token::Null && !self.takes_null(kind) {
                self.note("must not be null");
                return Ok(());
            }
            return wire::put_sized(out, |out| self.message(id, token, out));
        }
        let given = match &token {
            Token::Text(text) => Given::Text(text),
            Token::Number(number) => Given::Number(number),
            Token::Truth(truth) => Given::Truth(*truth),
            Token::Null if self.takes_null(kind) => Given::Number("0"),
            Token::Null => {
                self.note("must not be null");
                return Ok(());
            }
            Token::Object | Token::List => {
                let why = scalar::put(self.plans, kind, Given::Truth(true), &mut Vec::new());
                return self.refuse(token, why.err().unwrap_or_else(|| "must be true or false".into()));
            }
        };
        if let Err(why) = scalar::put(self.plans, kind, given, out) {
            self.note(why);
        }
        Ok(())
    }

    /// Reads one member of an object that is not a message, with its place in the path.
    pub fn at_key<T>(&mut self, key: Cow<'a, str>, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(Step::Text(key));
        let answer = work(self);
        self.path.pop();
        answer
    }
}

/// Names longer than this are cut where they are told.
const NAME_SHOWN_MAX: usize = 100;
fn rivals(plan: &MessagePlan, field: &FieldPlan) -> String {
    let others = plan.fields.iter().filter(|other| other.oneof == field.oneof && other.number != field.number);
    others.map(|other| &*other.json).collect::<Vec<_>>().join(" or ")
}
