//! Which resources a resource refers to: read from the contract, so that every resource ever added is covered.

use prost_reflect::{DynamicMessage, Kind, Value};
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

/// Full names of the string fields that hold resource names, by their google.api.resource_reference.
static REFERENCES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let pool = api::pool();
    let Some(reference) = pool.get_extension_by_name("google.api.resource_reference") else { return HashSet::new() };
    pool.all_messages()
        .flat_map(|message| message.fields().collect::<Vec<_>>())
        .filter(|field| matches!(field.kind(), Kind::String) && field.options().has_extension(&reference))
        .map(|field| field.full_name().to_owned())
        .collect()
});

/// Adds the names of all resources that `message` refers to, at any depth.
pub fn collect(message: &DynamicMessage, into: &mut BTreeSet<String>) {
    for (field, value) in message.fields() {
        if REFERENCES.contains(field.full_name()) {
            strings(value, into);
        } else {
            nested(value, into);
        }
    }
}

fn strings(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(name) if !name.is_empty() => {
            into.insert(name.clone());
        }
        Value::List(values) => values.iter().for_each(|value| strings(value, into)),
        _ => {}
    }
}

fn nested(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Message(message) => collect(message, into),
        Value::List(values) => values.iter().for_each(|value| nested(value, into)),
        Value::Map(values) => values.values().for_each(|value| nested(value, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::events::v1::{Engagement, engagement::Participant};
    use prost::{Message, Name};

    #[test]
    fn references_are_found_at_any_depth_and_prose_is_not_taken_for_one() {
        let engagement = Engagement {
            title: "localities/ha-noi".into(),
            mission: "missions/vn-in-emb".into(),
            countries: vec!["countries/IN".into()],
            localities: vec!["localities/quang-ninh".into()],
            participants: vec![Participant { organization: "organizations/fpt".into(), ..Default::default() }],
            ..Default::default()
        };
        let descriptor = api::pool().get_message_by_name(&Engagement::full_name()).expect("in the pool");
        let message = DynamicMessage::decode(descriptor, engagement.encode_to_vec().as_slice()).expect("its own bytes");
        let mut found = BTreeSet::new();
        collect(&message, &mut found);
        let expected = ["countries/IN", "localities/quang-ninh", "missions/vn-in-emb", "organizations/fpt"];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }
}
