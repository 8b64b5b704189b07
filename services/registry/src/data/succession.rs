//! The successions that localities.csv tells: mergers, and units that stayed under another name, type or code.

use api::registry::v1::succession::Kind;
use api::registry::v1::{Locality, LocalityPeriod, Succession, SuccessionUnit};

use crate::succession;

/// One record for each change of units in the reference data.
pub fn successions(localities: &[Locality]) -> Vec<Succession> {
    let mergers = localities.iter().filter(|unit| !unit.predecessors.is_empty()).filter_map(merger);
    let changes = localities.iter().flat_map(|unit| {
        let stretches = unit.periods.windows(2);
        stretches.filter_map(|pair| change(unit, &pair[0], &pair[1]))
    });
    mergers.chain(changes).collect()
}

fn merger(unit: &Locality) -> Option<Succession> {
    let first = unit.periods.first()?;
    let predecessors = unit.predecessors.iter().map(|step| step.locality.clone()).collect();
    Some(recorded(Kind::Merge, unit, first, predecessors))
}

/// A change between two stretches of a unit's life; none if only its region or borders changed.
fn change(unit: &Locality, before: &LocalityPeriod, after: &LocalityPeriod) -> Option<Succession> {
    let called = |period: &LocalityPeriod| (period.display_name.clone(), period.slug.clone(), period.code.clone());
    let kind = match (before.r#type == after.r#type, called(before) == called(after)) {
        (false, _) => Kind::Retype,
        (true, false) => Kind::Rename,
        (true, true) => return None,
    };
    Some(recorded(kind, unit, after, vec![unit.name.clone()]))
}

fn recorded(kind: Kind, unit: &Locality, period: &LocalityPeriod, predecessors: Vec<String>) -> Succession {
    let successor = SuccessionUnit {
        locality: unit.name.clone(),
        r#type: period.r#type,
        display_name: period.display_name.clone(),
        english_name: period.english_name.clone(),
        other_names: period.other_names.clone(),
        code: period.code.clone(),
        slug: period.slug.clone(),
        agency_code: period.agency_code.clone(),
        border_countries: period.border_countries.clone(),
        ..SuccessionUnit::default()
    };
    Succession {
        name: format!("successions/{}", succession::id(kind, &period.valid_from, &unit.name)),
        kind: kind as i32,
        effective_date: period.valid_from.clone(),
        legal_basis: period.legal_basis.clone(),
        source: period.source.clone(),
        predecessors,
        successors: vec![successor],
        ..Succession::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_data_tell_23_mergers_and_four_new_cities() {
        let localities = super::super::localities().expect("localities.csv");
        let successions = successions(&localities);
        let count = |kind: Kind| successions.iter().filter(|it| it.kind() == kind).count();
        assert_eq!((count(Kind::Merge), count(Kind::Retype), count(Kind::Rename)), (23, 4, 0));
        let of = |name: &str| successions.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("{name}"));
        let dong_nai = of("successions/2026-04-30-retype-dong-nai");
        assert_eq!(dong_nai.legal_basis, "Resolution 30/2026/QH16");
        assert_eq!(dong_nai.predecessors, ["localities/dong-nai"]);
        let bac_ninh = of("successions/2025-07-01-merge-bac-ninh");
        let mut predecessors = bac_ninh.predecessors.clone();
        predecessors.sort();
        assert_eq!(predecessors, ["localities/bac-giang", "localities/bac-ninh-2025"]);
    }
}
