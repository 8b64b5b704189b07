//! Recording a change of units: everything within one transaction, so that a preview is the same work, taken back.

use std::collections::BTreeMap;

use api::Resource as _;
use api::registry::v1::succession::Kind;
use api::registry::v1::*;
use chassis::error::{Error, Result};
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Resource, Scope, Tx};

use super::{Successions, effects, form, id, party_row, row, unit};
use crate::locality::{self, Localities};
use crate::period::day_before;
use crate::region::{self, Regions};

/// What was recorded.
pub struct Recorded {
    /// The record.
    pub succession: Succession,
    /// The units on the effective date, predecessors first.
    pub localities: Vec<Locality>,
}

/// Records a change of units, or gives the record that stands. Its effects name what `sees` sees.
pub async fn record(tx: &Tx, given: Succession, sees: &Scope) -> Result<Recorded> {
    form::check(&given)?;
    form::check_shares(&given)?;
    let invalid = || Error::invalid("succession.effective_date", "must be a day after the first one there is");
    let eve = day_before(&given.effective_date).ok_or_else(invalid)?;
    if let Some(recorded) = standing(tx, &given).await? {
        let fields = form::differing(&given, &recorded);
        if fields.is_empty() {
            let localities = units(tx, &recorded, &BTreeMap::new()).await?;
            return Ok(Recorded { succession: recorded, localities });
        }
        let failure = Error::of(SuccessionFailure::SuccessionRecordedOtherwise);
        return Err(failure.with("name", &recorded.name).with("fields", fields.join(", ")));
    }
    let before = predecessors(tx, &given, &eve).await?;
    let mut change = bare(given);
    settle(tx, &mut change, &before, &eve).await?;
    let steps = steps(&change);
    let regions = regions(&change);
    write(tx, &change, &before, &eve, &steps).await?;
    region::hand_over(tx, &steps, &regions).await?;
    effects::hand_over(tx, &steps).await?;
    change.effects = effects::told(&tx.written(), sees)?;
    change.owner.clone_from(&before[0].owner);
    let unit = if change.kind() == Kind::Split { &change.predecessors[0] } else { &change.successors[0].locality };
    let id = id(change.kind(), &change.effective_date, unit);
    let succession = store::insert::<Successions>(tx, change, &id).await?;
    let localities = units(tx, &succession, &regions).await?;
    Ok(Recorded { succession, localities })
}

/// The record of a change of this kind, on this day, of these units; however its successors are told.
async fn standing(tx: &Tx, given: &Succession) -> Result<Option<Succession>> {
    let of = party_row::Entity::find()
        .select_only()
        .column(party_row::Column::Parent)
        .filter(party_row::Column::Locality.is_in(&given.predecessors))
        .filter(party_row::Column::Succeeds.eq(false));
    let found = row::Entity::find()
        .filter(row::Column::Kind.eq(given.kind))
        .filter(row::Column::EffectiveDate.eq(given.effective_date.as_str()))
        .filter(row::Column::Id.in_subquery(of.into_query()))
        .one(tx)
        .await
        .map_err(store::database)?;
    match found {
        Some(row) => {
            let name = format!("{}/{}", Succession::COLLECTION, row.id);
            store::load::<Successions>(tx, &Scope::everything(), &name).await.map(Some)
        }
        None => Ok(None),
    }
}

/// The units before the change, each with the caller's right to change it, and alive.
async fn predecessors(tx: &Tx, given: &Succession, eve: &str) -> Result<Vec<Locality>> {
    let mut before = Vec::with_capacity(given.predecessors.len());
    for name in &given.predecessors {
        store::require::<Localities>(tx, "succession.predecessors", name).await?;
        let unit = store::load_for::<Localities>(tx, name, Localities::may_own).await?;
        unit::current(&unit, &given.effective_date, eve)?;
        before.push(unit);
    }
    Ok(before)
}

/// What the caller says, without what only the server sets.
fn bare(given: Succession) -> Succession {
    let Succession { kind, effective_date, legal_basis, source, predecessors, successors, audience, .. } = given;
    let mut bare = Succession { audience, ..Succession::default() };
    (bare.kind, bare.effective_date, bare.legal_basis, bare.source) = (kind, effective_date, legal_basis, source);
    (bare.predecessors, bare.successors) = (predecessors, successors);
    bare
}

/// Fills in what is not said of the successors, and gives new ones their names.
async fn settle(tx: &Tx, change: &mut Succession, before: &[Locality], eve: &str) -> Result<()> {
    let current: Vec<&LocalityPeriod> = before.iter().filter_map(|unit| unit.periods.last()).collect();
    let merged = change.kind() == Kind::Merge;
    let mut successors = std::mem::take(&mut change.successors);
    change.successors.clone_from(&successors);
    let mut given: Vec<String> = Vec::new();
    for (at, unit) in successors.iter_mut().enumerate() {
        let field = format!("succession.successors[{at}]");
        if form::stays(change, unit) {
            unit::keep(unit, &change.predecessors[0], current[0]);
            unit::check_differs(change, unit, current[0])?;
            continue;
        }
        unit::complete(unit, &current, merged, &field)?;
        unit.locality = identifier(tx, unit, &change.effective_date, &given).await?;
        given.push(unit.locality.clone());
        if unit.region.is_empty() {
            unit.region = region::in_common(tx, &change.predecessors, eve).await?.ok_or_else(|| {
                Error::invalid(format!("{field}.region"), "is required: the predecessors are of several regions")
            })?;
        } else {
            store::require::<Regions>(tx, &format!("{field}.region"), &unit.region).await?;
        }
    }
    change.successors = successors;
    Ok(())
}

/// The name of a new unit: as the caller wants it, or by its slug. What was ever an identifier is none again.
async fn identifier(tx: &Tx, unit: &SuccessionUnit, date: &str, given: &[String]) -> Result<String> {
    let free = async |name: &str| -> Result<bool> {
        Ok(!given.iter().any(|other| other == name) && !locality::known(tx, name).await?)
    };
    if !unit.locality.is_empty() {
        return match free(&unit.locality).await? {
            true => Ok(unit.locality.clone()),
            false => Err(Error::already_exists(&unit.locality)),
        };
    }
    let year = date.get(..4).unwrap_or(date);
    let names = [unit.slug.clone(), format!("{}-{year}", unit.slug), format!("{}-{date}", unit.slug)];
    for name in names.map(|id| format!("{}/{id}", Locality::COLLECTION)) {
        if free(&name).await? {
            return Ok(name);
        }
    }
    Err(Error::already_exists(format!("{}/{}", Locality::COLLECTION, unit.slug)))
}

/// From every predecessor to every unit that is new. A unit that stays is no step.
fn steps(change: &Succession) -> Vec<LineageStep> {
    let kind = match change.kind() {
        Kind::Merge => locality_succession::Kind::Merge,
        Kind::Split => locality_succession::Kind::Split,
        Kind::Rename | Kind::Retype | Kind::Unspecified => return Vec::new(),
    };
    let new = change.successors.iter().filter(|unit| !form::stays(change, unit));
    new.flat_map(|unit| {
        change.predecessors.iter().map(move |predecessor| LineageStep {
            predecessor: predecessor.clone(),
            successor: unit.locality.clone(),
            effective_date: change.effective_date.clone(),
            kind: kind as i32,
            legal_basis: change.legal_basis.clone(),
            shares: unit.shares.clone(),
        })
    })
    .collect()
}

/// The region of each new unit.
fn regions(change: &Succession) -> BTreeMap<String, String> {
    let new = change.successors.iter().filter(|unit| !unit.region.is_empty());
    new.map(|unit| (unit.locality.clone(), unit.region.clone())).collect()
}

/// Ends, changes and begins the units. Those that end come first: their codes are free for those that begin.
async fn write(tx: &Tx, change: &Succession, before: &[Locality], eve: &str, steps: &[LineageStep]) -> Result<()> {
    for unit in before {
        let mut after = unit.clone();
        let last = after.periods.last_mut().ok_or_else(|| Error::internal("a unit without a period"))?;
        last.valid_to = eve.to_owned();
        let change_type = match change.successors.iter().find(|successor| successor.locality == unit.name) {
            None => "locality.ended",
            Some(staying) => {
                let period = unit::period(change, staying, unit.periods.last());
                after.periods.push(period);
                match change.kind() {
                    Kind::Rename => "locality.renamed",
                    Kind::Retype => "locality.retyped",
                    Kind::Merge | Kind::Split | Kind::Unspecified => "locality.reduced",
                }
            }
        };
        store::save::<Localities>(tx, change_type, unit.clone(), after).await?;
    }
    for unit in change.successors.iter().filter(|unit| !form::stays(change, unit)) {
        let kept = before.iter().filter_map(|unit| unit.periods.last());
        let kept = kept.into_iter().find(|period| period.agency_code == unit.agency_code);
        let descent = steps.iter().filter(|step| step.successor == unit.locality);
        let begun = Locality {
            periods: vec![unit::period(change, unit, kept)],
            predecessors: descent.map(|step| came_from(step, change)).collect(),
            owner: before[0].owner.clone(),
            audience: before[0].audience.clone(),
            ..Locality::default()
        };
        let id = unit.locality.split_once('/').map_or("", |(_, id)| id);
        store::insert::<Localities>(tx, begun, id).await?;
    }
    Ok(())
}

fn came_from(step: &LineageStep, change: &Succession) -> LocalitySuccession {
    LocalitySuccession {
        effective_date: step.effective_date.clone(),
        locality: step.predecessor.clone(),
        kind: step.kind,
        legal_basis: step.legal_basis.clone(),
        source: change.source.clone(),
        shares: step.shares.clone(),
    }
}

/// The units of a change as they are on its day. A unit that ended shows its last facts, and what it went into.
async fn units(tx: &Tx, change: &Succession, regions: &BTreeMap<String, String>) -> Result<Vec<Locality>> {
    let steps = steps(change);
    let mut names: Vec<&String> = change.predecessors.iter().collect();
    names
        .extend(change.successors.iter().map(|unit| &unit.locality).filter(|name| !change.predecessors.contains(name)));
    let mut units = Vec::with_capacity(names.len());
    for name in names {
        let mut unit = store::load::<Localities>(tx, &Scope::everything(), name).await?;
        locality::show(&mut unit, &change.effective_date);
        unit.region = regions.get(name).cloned().unwrap_or_default();
        let into = steps.iter().filter(|step| step.predecessor == *name);
        unit.successors = into
            .map(|step| LocalitySuccession { locality: step.successor.clone(), ..came_from(step, change) })
            .collect();
        units.push(unit);
    }
    Ok(units)
}
