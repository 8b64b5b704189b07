//! What all records and the requests of the standard verbs have in common. The impls are generated from the protos.

use std::fmt;

use prost_types::{FieldMask, Timestamp};

use crate::rule::{self, Field};
use crate::shared::v1::Audience;
use crate::{Path, Validate, Violation};

/// A field that the resource does not have, or that cannot be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField(pub String);

impl fmt::Display for UnknownField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no field {}", self.0)
    }
}

impl std::error::Error for UnknownField {}

/// A record: a message with `google.api.resource` and the six standard fields.
pub trait Resource:
    prost::Message + prost::Name + Default + Clone + PartialEq + Validate + Send + Sync + 'static
{
    /// Such as `tradeAgreement`.
    const SINGULAR: &'static str;
    /// Such as `tradeAgreements`: the first part of its names.
    const COLLECTION: &'static str;
    /// Such as `ngkt.vn/TradeAgreement`.
    const TYPE: &'static str;
    /// Proto names of the fields that never change after creation.
    const IMMUTABLE: &'static [&'static str];
    /// Proto names of the fields that a caller may give: its own without those that only the server sets, owner and audience.
    const WRITABLE: &'static [&'static str];
    /// Proto names of the fields that hold personal data, which is kept sealed.
    const PERSONAL: &'static [&'static str];

    /// The resource name, such as `countries/LB`.
    fn name(&self) -> &str;
    /// Sets the resource name.
    fn set_name(&mut self, value: String);
    /// The resource name of the body that answers for it.
    fn owner(&self) -> &str;
    /// Sets the owner.
    fn set_owner(&mut self, value: String);
    /// Who else may see it.
    fn audience(&self) -> Option<&Audience>;
    /// Sets who else may see it.
    fn set_audience(&mut self, value: Option<Audience>);
    /// The version.
    fn etag(&self) -> &str;
    /// Sets the version.
    fn set_etag(&mut self, value: String);
    /// When it was recorded.
    fn create_time(&self) -> Option<&Timestamp>;
    /// Sets when it was recorded.
    fn set_create_time(&mut self, value: Option<Timestamp>);
    /// When it was last changed.
    fn update_time(&self) -> Option<&Timestamp>;
    /// Sets when it was last changed.
    fn set_update_time(&mut self, value: Option<Timestamp>);
    /// When it was retired, if it was.
    fn retire_time(&self) -> Option<&Timestamp>;
    /// Sets when it was retired.
    fn set_retire_time(&mut self, value: Option<Timestamp>);

    /// The part of the name after the slash; empty if there is no name.
    fn id(&self) -> &str {
        self.name().split_once('/').map_or("", |(_, id)| id)
    }

    /// Copies a top-level field, by its proto name: its own, owner or audience.
    fn copy_field(&mut self, path: &str, from: &Self) -> Result<(), UnknownField>;
    /// Proto names of its own fields, owner and audience, as far as they are set.
    fn fields_set(&self) -> Vec<&'static str>;
    /// Proto names of its own fields, owner and audience, as far as they differ.
    fn fields_changed(&self, before: &Self) -> Vec<&'static str>;
}

/// A request that gives one record.
pub trait GetRequest: Send + 'static {
    /// What it gives.
    type Resource: Resource;
    /// Whose name it is.
    fn name(&self) -> &str;
    /// The day as of which truth is wanted, YYYY-MM-DD; empty means today.
    fn as_of(&self) -> &str {
        ""
    }
}

/// A request that gives a page of records. What a request has no field for reads as not given.
pub trait ListRequest: prost::Message + Send + 'static {
    /// What it gives.
    type Resource: Resource;
    /// The page.
    type Response: prost::Message + Default;
    /// The most to give; 0 means the default.
    fn page_size(&self) -> i32;
    /// Where to go on.
    fn page_token(&self) -> &str {
        ""
    }
    /// Words to search for.
    fn q(&self) -> &str {
        ""
    }
    /// Also the retired ones.
    fn show_retired(&self) -> bool {
        false
    }
    /// The day as of which truth is wanted, YYYY-MM-DD; empty means today.
    fn as_of(&self) -> &str {
        ""
    }
    /// Makes the page.
    fn respond(items: Vec<Self::Resource>, next_page_token: String) -> Self::Response;
}

/// A request that adds a record.
pub trait CreateRequest: Send + 'static {
    /// What it adds.
    type Resource: Resource;
    /// The record, and the id that the caller chose; empty if the server is to choose.
    fn take(self) -> (Self::Resource, String);
}

/// A request that changes a record.
pub trait UpdateRequest: Send + 'static {
    /// What it changes.
    type Resource: Resource;
    /// The record with its name and the new values, and the proto names of the fields to change; all that are set, if empty.
    fn take(self) -> (Self::Resource, Vec<String>);
}

/// A request that takes a record out of use.
pub trait RetireRequest: Send + 'static {
    /// What it retires.
    type Resource: Resource;
    /// Whose name it is.
    fn name(&self) -> &str;
    /// The version that is meant; any, if empty.
    fn etag(&self) -> &str;
}

/// A custom verb's request that is about one record.
pub trait ActRequest: prost::Message + Clone + 'static {
    /// Whose name it is.
    fn name(&self) -> &str;
    /// The version that is meant; any, if empty.
    fn etag(&self) -> &str {
        ""
    }
}

/// Checks the record of an update: its name, the mask, and of the record's rules those of the fields that are to change.
pub fn check_update<R: Resource>(
    record: Option<&R>,
    field: &'static str,
    mask: Option<&FieldMask>,
    at: &mut Path,
    out: &mut Vec<Violation>,
) {
    let Some(record) = record else { return rule::missing(Field::Named(field), at, out) };
    let paths: Vec<&str> = mask.iter().flat_map(|mask| &mask.paths).map(String::as_str).collect();
    at.enter(Field::Named("update_mask"), |at| {
        for (index, path) in paths.iter().enumerate().filter(|(_, path)| !R::WRITABLE.contains(path)) {
            let top = path.split('.').next().filter(|top| top != path && R::WRITABLE.contains(top));
            let description = match top {
                Some(top) => format!("{path} is inside {top}, which can only be changed as a whole"),
                None => format!("{path} is not a field that can be changed; those are {}", R::WRITABLE.join(", ")),
            };
            out.push(Violation { field: at.to(Field::Item("paths", index)), description });
        }
    });
    let changing = if paths.is_empty() { record.fields_set() } else { paths };
    at.enter(Field::Named(field), |at| {
        if record.name().is_empty() {
            rule::missing(Field::Named("name"), at, out);
        }
        let mut found = Vec::new();
        let here = at.to(Field::Named("")).len();
        record.check(at, &mut found);
        out.extend(found.into_iter().filter(|violation| {
            let top = violation.field[here..].split(['.', '[']).next().unwrap_or_default();
            top == "name" || changing.contains(&top)
        }));
    });
}
