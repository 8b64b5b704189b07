//! Memberships when units change: those of units that end go over to what they became.

use std::collections::{BTreeMap, BTreeSet};

use api::registry::v1::{LineageStep, Region, RegionMember, region};
use chassis::error::Result;
use store::sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use store::{Scope, Tx};

use super::{Regions, id_of, member_on, member_row, row};
use crate::descent;
use crate::locality::Localities;
use crate::period::{Span, day_before};

/// Ends the memberships of units that end, and begins those of the units that they became. `planned` says the
/// socio-economic region of each new unit; of the other regions it is a member if one of its predecessors was.
pub async fn hand_over(tx: &Tx, steps: &[LineageStep], planned: &BTreeMap<String, String>) -> Result<()> {
    let Some(first) = steps.first() else { return Ok(()) };
    let date = first.effective_date.as_str();
    let ending = ending(tx, steps, date).await?;
    let mut concerned: BTreeSet<String> = planned.values().cloned().collect();
    concerned.extend(of_units(tx, steps, date).await?);
    for name in concerned {
        let before = store::load::<Regions>(tx, &Scope::everything(), &name).await?;
        if before.retire_time.is_some() {
            continue;
        }
        let mut after = before.clone();
        go_over(&mut after, steps, &ending, date);
        if before.kind() == region::Kind::SocioEconomic {
            let new = planned.iter().filter(|(_, region)| **region == name).map(|(unit, _)| unit);
            after.members.extend(new.map(|unit| joins(unit, date, "", first)));
        }
        store::save::<Regions>(tx, "region.handedOver", before, after).await?;
    }
    Ok(())
}

/// The predecessors that do not go on.
async fn ending(tx: &Tx, steps: &[LineageStep], date: &str) -> Result<BTreeSet<String>> {
    let names: BTreeSet<&String> = steps.iter().map(|step| &step.predecessor).collect();
    let mut ending = BTreeSet::new();
    for name in names {
        let unit = store::load::<Localities>(tx, &Scope::everything(), name).await?;
        let goes_on = unit.periods.last().is_some_and(|period| descent::span(period).to.as_str() >= date);
        if !goes_on {
            ending.insert(name.clone());
        }
    }
    Ok(ending)
}

/// The regions to which a predecessor belongs on the day or later.
async fn of_units(tx: &Tx, steps: &[LineageStep], date: &str) -> Result<Vec<String>> {
    use member_row::Column;
    let units = steps.iter().map(|step| id_of(&step.predecessor));
    let parents: Vec<String> = member_row::Entity::find()
        .select_only()
        .column(Column::Parent)
        .filter(Condition::all().add(Column::Locality.is_in(units)).add(Column::ValidTo.gte(date)))
        .distinct()
        .into_tuple()
        .all(tx)
        .await
        .map_err(store::database)?;
    Ok(parents.into_iter().map(|id| format!("regions/{id}")).collect())
}

/// Changes the members of one region.
fn go_over(region: &mut Region, steps: &[LineageStep], ending: &BTreeSet<String>, date: &str) {
    let planned = region.kind() == region::Kind::SocioEconomic;
    let mut members = Vec::with_capacity(region.members.len());
    let mut heirs: Vec<RegionMember> = Vec::new();
    for mut member in std::mem::take(&mut region.members) {
        let span = Span::of(&member.valid_from, &member.valid_to);
        let steps = steps.iter().filter(|step| step.predecessor == member.locality);
        if span.to.as_str() >= date && !planned {
            let from = if span.from.as_str() > date { &member.valid_from } else { date };
            for step in steps {
                let heir = joins(&step.successor, from, &member.valid_to, step);
                // Two predecessors were members: the unit that they became is one once.
                match heirs.iter_mut().find(|known| known.locality == heir.locality && overlap(known, &heir)) {
                    Some(known) => widen(known, &heir),
                    None => heirs.push(heir),
                }
            }
        }
        if !ending.contains(&member.locality) || span.to.as_str() < date {
            members.push(member);
        } else if span.from.as_str() < date {
            member.valid_to = day_before(date).unwrap_or_default();
            members.push(member);
        }
    }
    members.append(&mut heirs);
    region.members = members;
}

fn joins(unit: &str, from: &str, to: &str, step: &LineageStep) -> RegionMember {
    RegionMember {
        locality: unit.to_owned(),
        valid_from: from.to_owned(),
        valid_to: to.to_owned(),
        legal_basis: step.legal_basis.clone(),
        source: None,
    }
}

fn overlap(one: &RegionMember, other: &RegionMember) -> bool {
    let span = |member: &RegionMember| Span::of(&member.valid_from, &member.valid_to);
    span(one).overlaps(&span(other))
}

/// The days of both.
fn widen(one: &mut RegionMember, other: &RegionMember) {
    one.valid_from = one.valid_from.clone().min(other.valid_from.clone());
    let open = one.valid_to.is_empty() || other.valid_to.is_empty();
    one.valid_to = if open { String::new() } else { one.valid_to.clone().max(other.valid_to.clone()) };
}

/// The socio-economic region to which all of these units belong on a day; nothing where they are of several. Empty where
/// none of them is of any.
pub async fn in_common(tx: &Tx, units: &[String], day: &str) -> Result<Option<String>> {
    use store::sea_orm::QueryTrait;
    let planned = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::Kind.eq(region::Kind::SocioEconomic as i32))
        .filter(row::Column::RetiredAt.is_null());
    let parents: BTreeSet<String> = member_row::Entity::find()
        .select_only()
        .column(member_row::Column::Parent)
        .filter(member_row::Column::Locality.is_in(units.iter().map(|unit| id_of(unit))))
        .filter(member_on(day))
        .filter(member_row::Column::Parent.in_subquery(planned.into_query()))
        .into_tuple::<String>()
        .all(tx)
        .await
        .map_err(store::database)?
        .into_iter()
        .collect();
    let mut parents = parents.into_iter();
    Ok(match (parents.next(), parents.next()) {
        (None, _) => Some(String::new()),
        (Some(id), None) => Some(format!("regions/{id}")),
        (Some(_), Some(_)) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(locality: &str, from: &str, to: &str) -> RegionMember {
        RegionMember { locality: locality.into(), valid_from: from.into(), valid_to: to.into(), ..Default::default() }
    }

    fn step(predecessor: &str, successor: &str) -> LineageStep {
        LineageStep {
            predecessor: predecessor.into(),
            successor: successor.into(),
            effective_date: "2030-07-01".into(),
            ..LineageStep::default()
        }
    }

    fn after(kind: region::Kind, members: Vec<RegionMember>, steps: &[LineageStep], ending: &[&str]) -> Vec<String> {
        let mut region = Region { kind: kind as i32, members, ..Region::default() };
        let ending = ending.iter().map(|unit| (*unit).to_owned()).collect();
        go_over(&mut region, steps, &ending, "2030-07-01");
        let told = |member: &RegionMember| format!("{} {}..{}", member.locality, member.valid_from, member.valid_to);
        region.members.iter().map(told).collect()
    }

    #[test]
    fn a_merged_unit_is_a_member_once() {
        let steps = [step("a", "c"), step("b", "c")];
        let members = vec![member("a", "2020-01-01", ""), member("b", "", "2031-12-31"), member("d", "", "")];
        let found = after(region::Kind::DynamicEconomic, members.clone(), &steps, &["a", "b"]);
        assert_eq!(found, ["a 2020-01-01..2030-06-30", "b ..2030-06-30", "d ..", "c 2030-07-01.."]);
        // Of the socio-economic regions it belongs to the one that is said.
        let found = after(region::Kind::SocioEconomic, members, &steps, &["a", "b"]);
        assert_eq!(found, ["a 2020-01-01..2030-06-30", "b ..2030-06-30", "d .."]);
    }

    #[test]
    fn all_parts_of_a_split_unit_are_members_and_what_is_over_stays() {
        let steps = [step("a", "c")];
        let members = vec![member("a", "2020-01-01", "2024-12-31"), member("a", "2026-01-01", "")];
        let found = after(region::Kind::Other, members.clone(), &steps, &[]);
        assert_eq!(found, ["a 2020-01-01..2024-12-31", "a 2026-01-01..", "c 2030-07-01.."]);
        let steps = [step("a", "c"), step("a", "d")];
        let found = after(region::Kind::Other, members, &steps, &["a"]);
        let expected = ["a 2020-01-01..2024-12-31", "a 2026-01-01..2030-06-30", "c 2030-07-01..", "d 2030-07-01.."];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_membership_that_was_to_begin_later_is_the_successors() {
        let members = vec![member("a", "2031-01-01", "")];
        let found = after(region::Kind::Other, members, &[step("a", "c")], &["a"]);
        assert_eq!(found, ["c 2031-01-01.."]);
    }
}
