//! By which criteria an enterprise or an industrial park is found to be green.

use std::collections::BTreeSet;

use api::registry::v1::green_standard_service_server::GreenStandardService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Store, Tx, View};

use crate::period::last_day;
use crate::reference;

store::entity!(row, "green_standard", { target: i32, valid_from: String, valid_to: String });

/// The fields that an assessment rests on.
const FROZEN: [&str; 6] = ["version", "target", "valid_from", "criteria", "pass_mark", "predecessor"];

/// The standards.
pub struct GreenStandards {
    store: Store,
}

impl GreenStandards {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for GreenStandards {
    type Message = GreenStandard;
    type List = ListGreenStandardsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(standard: &GreenStandard, row: &mut row::ActiveModel) {
        row.target = Set(standard.target);
        row.valid_from = Set(standard.valid_from.clone());
        row.valid_to = Set(last_day(&standard.valid_to));
    }

    fn filter(list: &ListGreenStandardsRequest, view: &View) -> Condition {
        use row::Column;
        let mut wanted = Condition::all();
        if list.target != green_standard::Target::Unspecified as i32 {
            wanted = wanted.add(Column::Target.eq(list.target));
        }
        if !list.as_of.is_empty() {
            let day = view.as_of.to_string();
            wanted = wanted.add(Column::ValidFrom.lte(day.as_str())).add(Column::ValidTo.gte(day.as_str()));
        }
        wanted
    }

    fn search_words(standard: &GreenStandard) -> Vec<&str> {
        vec![&standard.display_name, &standard.english_name, &standard.legal_basis]
    }

    async fn prepare(tx: &Tx, before: Option<&GreenStandard>, after: &mut GreenStandard) -> Result<()> {
        if before.is_none() {
            after.freeze_time = None;
        }
        if !after.valid_to.is_empty() && after.valid_to < after.valid_from {
            return Err(Error::invalid("green_standard.valid_to", "must not be before valid_from"));
        }
        check_criteria(&after.criteria)
            .map_err(|why| Error::of(GreenStandardFailure::GreenCriteriaBroken).with("why", why))?;
        if let Some(before) = before.filter(|standard| standard.freeze_time.is_some()) {
            check_frozen(before, after)?;
        }
        if after.predecessor == after.name {
            return Err(Error::invalid("green_standard.predecessor", "must be another standard"));
        }
        let predecessors = reference::new([&after.predecessor], before.map(|standard| &standard.predecessor));
        reference::check::<Self>(tx, "green_standard.predecessor", predecessors).await
    }
}

/// Says what is wrong with the criteria.
fn check_criteria(criteria: &[GreenCriterion]) -> Result<(), String> {
    let mut codes = BTreeSet::new();
    for GreenCriterion { code, mandatory_minimum, max_score, .. } in criteria {
        if !codes.insert(code) {
            return Err(format!("{code} is given twice"));
        }
        if mandatory_minimum > max_score {
            return Err(format!("the mandatory minimum of {code}, {mandatory_minimum}, is above its {max_score}"));
        }
    }
    Ok(())
}

fn check_frozen(before: &GreenStandard, after: &GreenStandard) -> Result<()> {
    let changed = api::Resource::fields_changed(after, before);
    let fields: Vec<&str> = changed.into_iter().filter(|field| FROZEN.contains(field)).collect();
    if fields.is_empty() {
        return Ok(());
    }
    let failure = Error::of(GreenStandardFailure::GreenStandardFrozen).with("name", &before.name);
    Err(failure.with("fields", fields.join(", ")))
}

/// Whether assessments can be submitted by it on a day.
pub fn holds(standard: &GreenStandard, day: &str) -> bool {
    let begun = standard.valid_from.as_str() <= day;
    begun && day <= last_day(&standard.valid_to).as_str() && standard.retire_time.is_none()
}

/// Notes that the standard is used from now on.
pub async fn freeze(tx: &Tx, name: &str) -> Result<()> {
    let before = store::load::<GreenStandards>(tx, &tx.scope(), name).await?;
    if before.freeze_time.is_some() {
        return Ok(());
    }
    let mut after = before.clone();
    after.freeze_time = Some(std::time::SystemTime::from(tx.now()).into());
    store::save::<GreenStandards>(tx, "greenStandard.frozen", before, after).await.map(drop)
}

store::serve!(GreenStandardService for GreenStandards, green_standard, green_standards);

#[cfg(test)]
mod tests {
    use super::*;

    fn criterion(code: &str, mandatory_minimum: f64) -> GreenCriterion {
        GreenCriterion { code: code.into(), mandatory_minimum, max_score: 10.0, ..GreenCriterion::default() }
    }

    #[test]
    fn criteria_have_codes_of_their_own_and_minima_that_can_be_reached() {
        for (criteria, good) in [
            (vec![criterion("MT.01", 5.0), criterion("AT.01", 10.0)], true),
            (vec![criterion("MT.01", 5.0), criterion("MT.01", 0.0)], false),
            (vec![criterion("MT.01", 10.5)], false),
        ] {
            assert_eq!(check_criteria(&criteria).is_ok(), good, "{criteria:?}");
        }
    }

    #[test]
    fn what_an_assessment_rests_on_is_frozen_and_the_rest_is_not() {
        let before = GreenStandard { pass_mark: 70.0, valid_from: "2026-01-01".into(), ..GreenStandard::default() };
        let ended = GreenStandard { valid_to: "2026-12-31".into(), ..before.clone() };
        assert!(check_frozen(&before, &ended).is_ok());
        let lower = GreenStandard { pass_mark: 60.0, ..before.clone() };
        assert!(check_frozen(&before, &lower).is_err());
        for (day, expected) in
            [("2025-12-31", false), ("2026-01-01", true), ("2026-12-31", true), ("2027-01-01", false)]
        {
            assert_eq!(holds(&ended, day), expected, "{day}");
        }
    }
}
