//! The rules, as the generated checks call them: one function a kind of value.

use std::collections::HashSet;
use std::fmt::{Display, Write};
use std::hash::Hash;
use std::sync::LazyLock;

use prost_types::{Duration, Timestamp};
use regex::Regex;

use crate::{Path, Validate, Violation, form};

pub use crate::form::Form;

/// What a string may hold at most, in characters, where the proto does not say.
pub const TEXT_LEN_MAX: usize = 2_000;
/// How many items a list may have at most, where the proto does not say.
pub const LIST_ITEMS_MAX: usize = 1_000;

/// A pattern, compiled when first needed.
pub type Pattern = LazyLock<Regex>;

/// Compiles a pattern that the build script has tried already.
pub fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("invariant: the build compiled it")
}

/// A place below the message under check.
#[derive(Clone, Copy)]
pub enum Field<'a> {
    /// A field.
    Named(&'static str),
    /// An item of a list, counted from 0.
    Item(&'static str, usize),
    /// A value of a map, by its key.
    Entry(&'static str, &'a dyn Display),
}

impl Field<'_> {
    pub(crate) fn write(self, text: &mut String) {
        let written = match self {
            Field::Named(name) => write!(text, "{name}"),
            Field::Item(name, index) => write!(text, "{name}[{index}]"),
            Field::Entry(name, key) => write!(text, "{name}[\"{key}\"]"),
        };
        written.expect("invariant: a string grows");
    }
}

fn refuse(field: Field<'_>, at: &Path, out: &mut Vec<Violation>, description: impl Into<String>) {
    out.push(Violation { field: at.to(field), description: description.into() });
}

/// A field that must be set and is not.
pub fn missing(field: Field<'_>, at: &Path, out: &mut Vec<Violation>) {
    refuse(field, at, out, "is required");
}

/// The rules of a string.
pub struct Text {
    /// It may not be empty.
    pub required: bool,
    /// Characters, at least.
    pub min_len: usize,
    /// Characters, at most.
    pub max_len: usize,
    /// Has a match of this.
    pub pattern: Option<&'static Pattern>,
    /// One of these, if there are any.
    pub one_of: &'static [&'static str],
    /// What it must look like.
    pub form: Form,
}

impl Text {
    /// No rules but the default length.
    pub const PLAIN: Self =
        Self { required: false, min_len: 0, max_len: TEXT_LEN_MAX, pattern: None, one_of: &[], form: Form::Any };
}

/// Checks a string; an empty one only for being required.
pub fn text(value: &str, field: Field<'_>, rules: &Text, at: &Path, out: &mut Vec<Violation>) {
    if value.is_empty() {
        if rules.required {
            missing(field, at, out);
        }
        return;
    }
    // Characters are never more than bytes, so most values are not counted at all.
    if value.len() > rules.max_len && value.chars().count() > rules.max_len {
        return refuse(field, at, out, format!("must have at most {} characters", rules.max_len));
    }
    if value.chars().take(rules.min_len).count() < rules.min_len {
        refuse(field, at, out, format!("must have at least {} characters", rules.min_len));
    }
    if let Some(pattern) = rules.pattern
        && !pattern.is_match(value)
    {
        refuse(field, at, out, format!("must match {}", pattern.as_str()));
    }
    if !rules.one_of.is_empty() && !rules.one_of.contains(&value) {
        refuse(field, at, out, format!("must be one of: {}", rules.one_of.join(", ")));
    }
    if let Err(description) = form::check(value, rules.form) {
        refuse(field, at, out, description);
    }
}

/// A key of a map: a string within the default length.
pub fn key(key: &impl Display, name: &'static str, at: &Path, out: &mut Vec<Violation>) {
    if key.to_string().chars().count() > TEXT_LEN_MAX {
        refuse(Field::Named(name), at, out, format!("has a key of more than {TEXT_LEN_MAX} characters"));
    }
}

/// What numbers of all widths have in common.
pub trait Quantity: Copy + PartialOrd + Display + Default {
    /// Not infinite, and a number at all.
    fn finite(self) -> bool {
        true
    }
}
impl Quantity for i32 {}
impl Quantity for i64 {}
impl Quantity for u32 {}
impl Quantity for u64 {}
impl Quantity for f32 {
    fn finite(self) -> bool {
        self.is_finite()
    }
}
impl Quantity for f64 {
    fn finite(self) -> bool {
        self.is_finite()
    }
}

/// The rules of a number.
pub struct Number<T: 'static> {
    /// It may not be zero.
    pub required: bool,
    /// It was given even if it is zero, so that its bounds count.
    pub given: bool,
    /// More than this.
    pub gt: Option<T>,
    /// At least this.
    pub gte: Option<T>,
    /// Less than this.
    pub lt: Option<T>,
    /// At most this.
    pub lte: Option<T>,
    /// One of these, if there are any.
    pub one_of: &'static [T],
}

impl<T> Number<T> {
    /// No rules.
    pub const PLAIN: Self =
        Self { required: false, given: false, gt: None, gte: None, lt: None, lte: None, one_of: &[] };
}

/// Checks a number.
pub fn number<T: Quantity>(value: T, field: Field<'_>, rules: &Number<T>, at: &Path, out: &mut Vec<Violation>) {
    if value == T::default() && !rules.given {
        if rules.required {
            missing(field, at, out);
        }
        return;
    }
    if !value.finite() {
        return refuse(field, at, out, "must be a finite number");
    }
    let bounds = [
        ("more than", rules.gt, rules.gt.is_none_or(|bound| value > bound)),
        ("at least", rules.gte, rules.gte.is_none_or(|bound| value >= bound)),
        ("less than", rules.lt, rules.lt.is_none_or(|bound| value < bound)),
        ("at most", rules.lte, rules.lte.is_none_or(|bound| value <= bound)),
    ];
    for (words, bound, kept) in bounds {
        if let (Some(bound), false) = (bound, kept) {
            refuse(field, at, out, format!("must be {words} {bound}; it is {value}"));
        }
    }
    if !rules.one_of.is_empty() && !rules.one_of.contains(&value) {
        let allowed: Vec<String> = rules.one_of.iter().map(T::to_string).collect();
        refuse(field, at, out, format!("must be one of: {}; it is {value}", allowed.join(", ")));
    }
}

/// The rules of an enum.
pub struct Choice {
    /// It may not be the zero value.
    pub required: bool,
    /// The values that may be given, by number.
    pub numbers: &'static [i32],
    /// Their names, without the zero value's, with commas.
    pub names: &'static str,
}

/// Checks an enum: only what the proto defines.
pub fn choice(value: i32, field: Field<'_>, rules: &Choice, at: &Path, out: &mut Vec<Violation>) {
    if value == 0 {
        if rules.required {
            refuse(field, at, out, format!("is required: one of {}", rules.names));
        }
    } else if !rules.numbers.contains(&value) {
        refuse(field, at, out, format!("must be one of: {}; {value} is none of them", rules.names));
    }
}

/// Checks a bool that must be true.
pub fn flag(value: bool, field: Field<'_>, at: &Path, out: &mut Vec<Violation>) {
    if !value {
        missing(field, at, out);
    }
}

/// Checks bytes that must be there.
pub fn bytes(value: &[u8], field: Field<'_>, at: &Path, out: &mut Vec<Violation>) {
    if value.is_empty() {
        missing(field, at, out);
    }
}

/// The rules of a list or a map.
pub struct List {
    /// An empty one is told to be missing.
    pub required: bool,
    /// Items, at least.
    pub min: usize,
    /// Items, at most.
    pub max: usize,
}

impl List {
    /// No rules but the default length.
    pub const PLAIN: Self = Self { required: false, min: 0, max: LIST_ITEMS_MAX };
}

/// Checks the length of a list; `false` if its items need no look because there are too many.
pub fn list(length: usize, field: Field<'_>, rules: &List, at: &Path, out: &mut Vec<Violation>) -> bool {
    if length > rules.max {
        refuse(field, at, out, format!("must have at most {} items; it has {length}", rules.max));
        return false;
    }
    if length == 0 {
        if rules.required {
            missing(field, at, out);
        }
    } else if length < rules.min {
        refuse(field, at, out, format!("must have at least {} items; it has {length}", rules.min));
    }
    true
}

/// Checks that no item is there twice.
pub fn unique<T: Eq + Hash + Display>(items: &[T], name: &'static str, at: &Path, out: &mut Vec<Violation>) {
    let mut seen = HashSet::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        if !seen.insert(item) {
            refuse(Field::Item(name, index), at, out, format!("{item} is there twice"));
        }
    }
}

/// Checks a message of ours.
pub fn nested<M: Validate>(
    value: Option<&M>,
    required: bool,
    field: Field<'_>,
    at: &mut Path,
    out: &mut Vec<Violation>,
) {
    match value {
        Some(message) => at.enter(field, |at| message.check(at, out)),
        None if required => missing(field, at, out),
        None => {}
    }
}

/// Checks a message of elsewhere, of which we know no rules.
pub fn present<M>(value: Option<&M>, required: bool, field: Field<'_>, at: &Path, out: &mut Vec<Violation>) {
    if required && value.is_none() {
        missing(field, at, out);
    }
}

/// Checks an instant: years 1 to 9999, as its JSON form has them.
pub fn instant(value: Option<&Timestamp>, required: bool, field: Field<'_>, at: &Path, out: &mut Vec<Violation>) {
    const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
    present(value, required, field, at, out);
    if let Some(value) = value
        && !(SECONDS.contains(&value.seconds) && (0..=999_999_999).contains(&value.nanos))
    {
        refuse(field, at, out, "must be an instant between the years 1 and 9999");
    }
}

/// Checks a duration: at most 10,000 years, seconds and nanos of one sign.
pub fn span(value: Option<&Duration>, required: bool, field: Field<'_>, at: &Path, out: &mut Vec<Violation>) {
    const SECONDS_MAX: u64 = 315_576_000_000;
    present(value, required, field, at, out);
    if let Some(value) = value {
        let mixed = (value.seconds > 0 && value.nanos < 0) || (value.seconds < 0 && value.nanos > 0);
        if mixed || value.seconds.unsigned_abs() > SECONDS_MAX || value.nanos.unsigned_abs() > 999_999_999 {
            refuse(field, at, out, "must be a duration of at most 10,000 years");
        }
    }
}
