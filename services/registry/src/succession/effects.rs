//! What goes over with a change of units: one line for each resource that refers to them.

use api::registry::v1::{LineageStep, SuccessionEffect};
use api::shared::v1::Audience;
use chassis::error::{Error, Result};
use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage as _, Value};
use store::{Scope, Tx, Written};

use crate::{agency, border_zone, focal_point, locality_profile, partnership, plan_consultation, priority_submission};

/// Hands over what refers to the predecessors and is of the future: to their successors, or in whatever way the resource
/// has. What is of the past keeps its reference. Regions go first, by themselves.
pub async fn hand_over(tx: &Tx, steps: &[LineageStep]) -> Result<()> {
    agency::hand_over(tx, steps).await?;
    locality_profile::hand_over(tx, steps).await?;
    priority_submission::hand_over(tx, steps).await?;
    focal_point::hand_over(tx, steps).await?;
    plan_consultation::hand_over(tx, steps).await?;
    partnership::hand_over(tx, steps).await?;
    border_zone::hand_over(tx, steps).await?;
    Ok(())
}

/// What was written, as far as `sees` sees it.
pub fn told(written: &[Written], sees: &Scope) -> Result<Vec<SuccessionEffect>> {
    let mut effects = Vec::with_capacity(written.len());
    for entry in written {
        let after = read(&entry.name, &entry.after)?;
        let before = entry.before.as_deref().map(|before| read(&entry.name, before)).transpose()?;
        let (owner, audience) = readers(&after)?;
        if sees.sees(&owner, audience.as_ref()) {
            effects.push(SuccessionEffect {
                resource: entry.name.clone(),
                change_type: entry.change_type.clone(),
                changed_fields: changed(before.as_ref(), &after),
            });
        }
    }
    Ok(effects)
}

fn read(name: &str, bytes: &[u8]) -> Result<DynamicMessage> {
    let collection = name.split('/').next().unwrap_or_default();
    let resource = api::contract().resource_of_collection(collection);
    let resource = resource.ok_or_else(|| Error::internal(format!("{name} is of no resource")))?;
    DynamicMessage::decode(resource.message.clone(), bytes).map_err(Error::internal)
}

fn readers(record: &DynamicMessage) -> Result<(String, Option<Audience>)> {
    let owner = record.get_field_by_name("owner").and_then(|owner| owner.as_str().map(str::to_owned));
    let audience = match record.get_field_by_name("audience").as_deref() {
        Some(Value::Message(audience)) => Some(audience.transcode_to::<Audience>().map_err(Error::internal)?),
        _ => None,
    };
    Ok((owner.unwrap_or_default(), audience))
}

/// The record's own fields that differ; all that are set, of a new record.
fn changed(before: Option<&DynamicMessage>, after: &DynamicMessage) -> Vec<String> {
    // Name, and what the platform sets with every write.
    let own = |number: u32| (2..=91).contains(&number);
    let differs = |field: &FieldDescriptor| match before {
        Some(before) => before.get_field(field) != after.get_field(field),
        None => after.has_field(field),
    };
    let descriptor = after.descriptor();
    let fields = descriptor.fields().filter(|field| own(field.number()) && differs(field));
    fields.map(|field| field.name().to_owned()).collect()
}
