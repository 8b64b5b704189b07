//! Which units exist on a day, and which stand on a day for a unit that has ended.

use std::collections::{BTreeMap, BTreeSet};

use api::registry::v1::LineageStep;
use chassis::error::Result;
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use store::{Reader, Scope, Tx};

use super::{Localities, life, period_row, row, succession_row};
use crate::period::{END, Span, day_after};
use crate::visible;

/// The lives of all units, and all steps from one to another: two hundred rows, and ten more with a reform in a generation.
#[derive(Debug, Default)]
pub struct Units {
    lives: BTreeMap<String, Span>,
    steps: Vec<LineageStep>,
}

/// A unit that ended and went into others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The unit.
    pub unit: String,
    /// Its last day.
    pub last_day: String,
    /// The first day of the new order.
    pub effective_date: String,
    /// The units into which it went.
    pub successors: Vec<String>,
}

impl Ended {
    /// What became of the unit, in words.
    pub fn told(&self) -> String {
        format!("{} went into {} on {}", self.unit, self.successors.join(", "), self.effective_date)
    }
}

impl Units {
    /// All that there are.
    pub async fn load(from: &impl Reader) -> Result<Self> {
        let kept = || visible::ids::<row::Entity>(&Scope::everything());
        let periods = period_row::Entity::find().filter(period_row::Column::Parent.in_subquery(kept()));
        let mut lives: BTreeMap<String, Span> = BTreeMap::new();
        for period in periods.all(from).await.map_err(store::database)? {
            let span = Span { from: period.valid_from, to: period.valid_to };
            lives
                .entry(format!("localities/{}", period.parent))
                .and_modify(|life| {
                    life.from = life.from.clone().min(span.from.clone());
                    life.to = life.to.clone().max(span.to.clone());
                })
                .or_insert(span);
        }
        let steps = succession_row::Entity::find().filter(succession_row::Column::Parent.in_subquery(kept()));
        let steps = steps.all(from).await.map_err(store::database)?.into_iter().map(|row| LineageStep {
            predecessor: row.predecessor,
            successor: format!("localities/{}", row.parent),
            effective_date: row.effective_date,
            ..LineageStep::default()
        });
        let steps = steps.collect();
        Ok(Self { lives, steps })
    }

    /// The units that exist on a day, by name.
    pub fn on(&self, day: &str) -> Vec<String> {
        self.lives.iter().filter(|(_, life)| life.contains(day)).map(|(name, _)| name.clone()).collect()
    }

    /// The last day of a unit; none if it goes on, or is unknown.
    pub fn last_day(&self, name: &str) -> Option<String> {
        self.lives.get(name).filter(|life| life.to != END).map(|life| life.to.clone())
    }

    /// The units that stand on a day for this one: itself until it ends, then those into which it went, through all
    /// generations.
    pub fn standing_for(&self, name: &str, day: &str) -> BTreeSet<String> {
        let (mut standing, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![name]);
        while let Some(unit) = open.pop() {
            let Some(life) = self.lives.get(unit).filter(|_| seen.insert(unit)) else { continue };
            if life.to.as_str() >= day {
                standing.insert(unit.to_owned());
                continue;
            }
            let next = day_after(&life.to);
            let into = |step: &&LineageStep| step.predecessor == unit && Some(&step.effective_date) == next.as_ref();
            open.extend(self.steps.iter().filter(into).map(|step| step.successor.as_str()));
        }
        standing
    }

    /// Who stands for a unit once it has ended: from which day on, and which units, the earliest first.
    pub fn after(&self, name: &str) -> Vec<(String, Vec<String>)> {
        let mut after: Vec<(String, Vec<String>)> = Vec::new();
        let next =
            |unit: &String| self.lives.get(unit).filter(|life| life.to != END).and_then(|life| day_after(&life.to));
        let mut day = next(&name.to_owned());
        while let Some(from) = day {
            let standing = self.standing_for(name, &from);
            day = standing.iter().filter_map(next).min();
            if standing.is_empty() {
                break;
            }
            after.push((from, standing.into_iter().collect()));
        }
        after
    }
}

/// The whole life of a unit. It is kept from other writes until the transaction ends, so that what is said of the unit is
/// said by one after the other.
pub async fn life_of(tx: &Tx, name: &str) -> Result<Span> {
    Ok(life(&store::load_for::<Localities>(tx, name, |_, _| true).await?))
}

/// The units that end with these steps, by name. A unit that only gave off a part goes on, and is not among them.
pub async fn ended(tx: &Tx, steps: &[LineageStep]) -> Result<Vec<Ended>> {
    let names: BTreeSet<&String> = steps.iter().map(|step| &step.predecessor).collect();
    let mut ended = Vec::new();
    for unit in names {
        let last_day = life(&store::load::<Localities>(tx, &Scope::everything(), unit).await?).to;
        let Some(effective_date) = day_after(&last_day) else { continue };
        let into = steps.iter().filter(|step| step.predecessor == *unit && step.effective_date == effective_date);
        let successors: BTreeSet<String> = into.map(|step| step.successor.clone()).collect();
        if !successors.is_empty() {
            let successors = successors.into_iter().collect();
            ended.push(Ended { unit: unit.clone(), last_day, effective_date, successors });
        }
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two units become c in 2025, which is divided into d and e in 2030; x stays.
    fn units() -> Units {
        let lives = [
            ("a", "", "2025-06-30"),
            ("b", "", "2025-06-30"),
            ("c", "2025-07-01", "2029-12-31"),
            ("d", "2030-01-01", ""),
            ("e", "2030-01-01", ""),
            ("x", "", ""),
        ];
        let step = |(from, to, date): (&str, &str, &str)| LineageStep {
            predecessor: from.into(),
            successor: to.into(),
            effective_date: date.into(),
            ..LineageStep::default()
        };
        let steps = [
            ("a", "c", "2025-07-01"),
            ("b", "c", "2025-07-01"),
            ("c", "d", "2030-01-01"),
            ("c", "e", "2030-01-01"),
            // x gave off a part and went on.
            ("x", "e", "2030-01-01"),
        ];
        Units {
            lives: lives.into_iter().map(|(name, from, to)| (name.to_owned(), Span::of(from, to))).collect(),
            steps: steps.into_iter().map(step).collect(),
        }
    }

    #[test]
    fn a_unit_that_ended_is_stood_for_by_those_into_which_it_went() {
        for (unit, day, standing) in [
            ("a", "2025-06-30", "a"),
            ("a", "2025-07-01", "c"),
            ("a", "2029-12-31", "c"),
            ("b", "2030-01-01", "d e"),
            ("x", "2031-01-01", "x"),
            ("unknown", "2031-01-01", ""),
        ] {
            let found: Vec<String> = units().standing_for(unit, day).into_iter().collect();
            assert_eq!(found.join(" "), standing, "{unit} on {day}");
        }
    }

    #[test]
    fn each_day_on_which_others_take_over_is_told() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let expected = [("2025-07-01".to_owned(), names(&["c"])), ("2030-01-01".to_owned(), names(&["d", "e"]))];
        assert_eq!(units().after("a"), expected);
        assert_eq!(units().after("x"), []);
        assert_eq!(units().on("2025-07-01"), names(&["c", "x"]));
    }
}
