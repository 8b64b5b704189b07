//! What a change of units must look like: rules without a database.

use std::collections::BTreeMap;

use api::registry::v1::succession::Kind;
use api::registry::v1::*;
use chassis::error::{Error, Result};

/// Parts of the whole.
const WHOLE: i32 = 10_000;

/// Refuses a change in which the number of units does not fit its kind, or that says of units what its kind does not have.
pub fn check(change: &Succession) -> Result<()> {
    let (before, after) = (change.predecessors.len(), change.successors.len());
    let (kind, name) = (change.kind(), change.kind().as_str_name());
    let fits = match kind {
        Kind::Merge => (2.., 1..=1),
        Kind::Split => (1.., 2..=20),
        Kind::Rename | Kind::Retype | Kind::Unspecified => (1.., 1..=1),
    };
    if !fits.0.contains(&before) || kind != Kind::Merge && before != 1 {
        let wanted = if kind == Kind::Merge { "at least two units" } else { "one unit" };
        return Err(Error::invalid("succession.predecessors", format!("{name} has {wanted} before it")));
    }
    if !fits.1.contains(&after) {
        let wanted = if kind == Kind::Split { "at least two units" } else { "one unit" };
        return Err(Error::invalid("succession.successors", format!("{name} has {wanted} after it")));
    }
    for (at, unit) in change.successors.iter().enumerate() {
        check_unit(change, at, unit)?;
    }
    check_names(change)
}

/// Whether the unit is the predecessor, which stays.
pub fn stays(change: &Succession, unit: &SuccessionUnit) -> bool {
    match change.kind() {
        Kind::Rename | Kind::Retype => true,
        Kind::Split => change.predecessors.contains(&unit.locality),
        Kind::Merge | Kind::Unspecified => false,
    }
}

fn check_unit(change: &Succession, at: usize, unit: &SuccessionUnit) -> Result<()> {
    let field = |name: &str| format!("succession.successors[{at}].{name}");
    let stays = stays(change, unit);
    if matches!(change.kind(), Kind::Rename | Kind::Retype)
        && !unit.locality.is_empty()
        && !change.predecessors.contains(&unit.locality)
    {
        return Err(Error::invalid(field("locality"), "must be the predecessor, which stays; or empty"));
    }
    if change.kind() == Kind::Merge && change.predecessors.contains(&unit.locality) {
        let why = "must be another identifier: what is merged ends, and a new unit begins, also under the same name";
        return Err(Error::invalid(field("locality"), why));
    }
    if !stays && unit.display_name.is_empty() {
        return Err(Error::invalid(field("display_name"), "is required of a new unit"));
    }
    if !stays && unit.r#type() == locality::Type::Unspecified {
        return Err(Error::invalid(field("type"), "is required of a new unit"));
    }
    if stays && !unit.region.is_empty() {
        return Err(Error::invalid(
            field("region"),
            "is of new units; that of a unit that stays is changed at the region",
        ));
    }
    if change.kind() == Kind::Retype && unit.r#type() == locality::Type::Unspecified {
        return Err(Error::invalid(field("type"), "is required where a unit becomes one of another type"));
    }
    if change.kind() != Kind::Split && !unit.shares.is_empty() {
        return Err(Error::invalid(field("shares"), "are those of a split"));
    }
    Ok(())
}

/// No unit begins twice.
fn check_names(change: &Succession) -> Result<()> {
    for (at, unit) in change.successors.iter().enumerate() {
        let twin = |other: &SuccessionUnit| {
            !unit.locality.is_empty() && other.locality == unit.locality
                || !unit.code.is_empty() && other.code == unit.code
                || !unit.display_name.is_empty() && other.display_name == unit.display_name
        };
        if change.successors[..at].iter().any(twin) {
            let why = "has the identifier, code or name of another successor";
            return Err(Error::invalid(format!("succession.successors[{at}]"), why));
        }
    }
    Ok(())
}

/// Refuses shares that are not the whole: of each measure every successor has one, and they add up.
pub fn check_shares(change: &Succession) -> Result<()> {
    let mut sums: BTreeMap<i32, (i32, usize)> = BTreeMap::new();
    for share in change.successors.iter().flat_map(|unit| &unit.shares) {
        let sum = sums.entry(share.measure).or_default();
        *sum = (sum.0.saturating_add(share.parts_per_ten_thousand), sum.1 + 1);
    }
    for (measure, (sum, given)) in sums {
        let measure = locality_share::Measure::try_from(measure).unwrap_or_default();
        let broken = |why: String| {
            let failure = Error::of(SuccessionFailure::SuccessionSharesBroken);
            Err(failure.with("measure", measure.as_str_name()).with("why", why))
        };
        let without = change
            .successors
            .iter()
            .position(|unit| unit.shares.iter().filter(|share| share.measure() == measure).count() != 1);
        if let Some(at) = without {
            return broken(format!("{given} are given, and successors[{at}] does not have exactly one"));
        }
        if sum != WHOLE {
            return broken(format!("they add up to {sum} of {WHOLE}"));
        }
    }
    Ok(())
}

/// The fields in which a change that is given again differs from the one on record. What is not given does not differ.
pub fn differing(given: &Succession, recorded: &Succession) -> Vec<String> {
    let mut fields = Vec::new();
    let mut differs = |field: String, differs: bool| {
        if differs {
            fields.push(field);
        }
    };
    differs("legal_basis".into(), given.legal_basis != recorded.legal_basis);
    differs("source".into(), given.source.is_some() && given.source != recorded.source);
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    differs("predecessors".into(), sorted(&given.predecessors) != sorted(&recorded.predecessors));
    differs("successors".into(), given.successors.len() != recorded.successors.len());
    for (at, (unit, known)) in given.successors.iter().zip(&recorded.successors).enumerate() {
        let SuccessionUnit { shares, border_countries, other_names, r#type, .. } = unit;
        for (name, unit, known) in texts(unit, known) {
            differs(format!("successors[{at}].{name}"), !unit.is_empty() && unit != known);
        }
        differs(format!("successors[{at}].type"), *r#type != 0 && *r#type != known.r#type);
        differs(format!("successors[{at}].shares"), !shares.is_empty() && *shares != known.shares);
        let borders = sorted(border_countries) != sorted(&known.border_countries);
        differs(format!("successors[{at}].border_countries"), !border_countries.is_empty() && borders);
        differs(format!("successors[{at}].other_names"), !other_names.is_empty() && *other_names != known.other_names);
    }
    fields
}

fn texts<'a>(unit: &'a SuccessionUnit, known: &'a SuccessionUnit) -> [(&'static str, &'a str, &'a str); 7] {
    [
        ("locality", &unit.locality, &known.locality),
        ("display_name", &unit.display_name, &known.display_name),
        ("english_name", &unit.english_name, &known.english_name),
        ("code", &unit.code, &known.code),
        ("slug", &unit.slug, &known.slug),
        ("agency_code", &unit.agency_code, &known.agency_code),
        ("region", &unit.region, &known.region),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str) -> SuccessionUnit {
        SuccessionUnit {
            display_name: name.into(),
            r#type: locality::Type::Province as i32,
            ..SuccessionUnit::default()
        }
    }

    fn change(kind: Kind, predecessors: &[&str], successors: Vec<SuccessionUnit>) -> Succession {
        let predecessors = predecessors.iter().map(|id| format!("localities/{id}")).collect();
        Succession { kind: kind as i32, predecessors, successors, ..Succession::default() }
    }

    fn share(parts: i32) -> LocalityShare {
        let measure = locality_share::Measure::Area as i32;
        LocalityShare { measure, parts_per_ten_thousand: parts, ..LocalityShare::default() }
    }

    #[test]
    fn the_number_of_units_fits_the_kind() {
        let named = |name: &str| SuccessionUnit { display_name: name.into(), ..SuccessionUnit::default() };
        let of_type = |kind: locality::Type| SuccessionUnit { r#type: kind as i32, ..SuccessionUnit::default() };
        for (change, good) in [
            (change(Kind::Merge, &["a", "b"], vec![unit("C")]), true),
            (change(Kind::Merge, &["a"], vec![unit("C")]), false),
            (change(Kind::Merge, &["a", "b"], vec![unit("C"), unit("D")]), false),
            (change(Kind::Merge, &["a", "b"], vec![named("C")]), false),
            (change(Kind::Split, &["a"], vec![unit("C"), unit("D")]), true),
            (change(Kind::Split, &["a"], vec![unit("C")]), false),
            (change(Kind::Split, &["a", "b"], vec![unit("C"), unit("D")]), false),
            (change(Kind::Split, &["a"], vec![unit("C"), unit("C")]), false),
            (change(Kind::Rename, &["a"], vec![named("C")]), true),
            (change(Kind::Rename, &["a", "b"], vec![named("C")]), false),
            (change(Kind::Retype, &["a"], vec![of_type(locality::Type::City)]), true),
            (change(Kind::Retype, &["a"], vec![named("C")]), false),
        ] {
            assert_eq!(check(&change).is_ok(), good, "{change:?}");
        }
    }

    #[test]
    fn shares_are_the_whole_or_none() {
        let shared = |parts: &[&[i32]]| {
            let unit = |parts: &&[i32]| SuccessionUnit {
                shares: parts.iter().map(|parts| share(*parts)).collect(),
                ..unit("X")
            };
            change(Kind::Split, &["a"], parts.iter().map(unit).collect())
        };
        for (parts, good) in [
            (&[&[6000][..], &[4000][..]][..], true),
            (&[&[][..], &[][..]][..], true),
            (&[&[6000][..], &[3999][..]][..], false),
            (&[&[10000][..], &[][..]][..], false),
            (&[&[5000, 1000][..], &[4000][..]][..], false),
        ] {
            assert_eq!(check_shares(&shared(parts)).is_ok(), good, "{parts:?}");
        }
    }

    #[test]
    fn what_is_given_again_may_say_less_and_not_otherwise() {
        let recorded = change(Kind::Merge, &["a", "b"], vec![SuccessionUnit { code: "24".into(), ..unit("C") }]);
        let again = change(Kind::Merge, &["b", "a"], vec![unit("C")]);
        assert!(differing(&again, &recorded).is_empty());
        let other = change(Kind::Merge, &["a", "b"], vec![SuccessionUnit { code: "27".into(), ..unit("C") }]);
        assert_eq!(differing(&other, &recorded), ["successors[0].code"]);
    }
}
