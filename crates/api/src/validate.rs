//! The trait of every message, and what it finds.

use crate::rule::Field;

/// Something that is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field from the request, in proto names: `engagement.start_date`, `rows[3].year`.
    pub field: String,
    /// What is wrong, so that a person can mend it.
    pub description: String,
}

/// Where in the request the check stands.
#[derive(Debug, Default)]
pub struct Path {
    text: String,
}

impl Path {
    /// The request itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// Runs `inside` with the path of a field below this one.
    pub fn enter<R>(&mut self, field: Field<'_>, inside: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.text.len();
        if length > 0 {
            self.text.push('.');
        }
        field.write(&mut self.text);
        let result = inside(self);
        self.text.truncate(length);
        result
    }

    /// The path of a field below this one.
    pub fn to(&self, field: Field<'_>) -> String {
        let mut text = self.text.clone();
        if !text.is_empty() {
            text.push('.');
        }
        field.write(&mut text);
        text
    }
}

/// Every message of ours knows its rules.
pub trait Validate {
    /// Whether it is the request of an rpc; only those are checked when they arrive.
    const IS_REQUEST: bool;

    /// Adds all that is wrong, here and in the messages inside.
    fn check(&self, at: &mut Path, out: &mut Vec<Violation>);

    /// Empties the fields that only the server sets, here and in the messages inside.
    fn clear_output_only(&mut self);

    /// All that is wrong; empty if nothing is.
    fn violations(&self) -> Vec<Violation> {
        let mut out = Vec::new();
        self.check(&mut Path::root(), &mut out);
        out
    }
}

/// prost boxes messages that contain themselves.
impl<M: Validate> Validate for Box<M> {
    const IS_REQUEST: bool = M::IS_REQUEST;

    fn check(&self, at: &mut Path, out: &mut Vec<Violation>) {
        self.as_ref().check(at, out);
    }

    fn clear_output_only(&mut self) {
        self.as_mut().clear_output_only();
    }
}
