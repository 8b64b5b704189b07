//! What a unit is from the effective date on: rules without a database.

use api::registry::v1::*;
use chassis::error::{Error, Result};

use crate::descent;
use crate::naming::{ascii, plain};
use crate::period::END;

/// The period of a unit that goes on until the effective date and beyond, so that the change can be recorded of it. `eve` is
/// the day before.
pub fn current<'a>(unit: &'a Locality, effective_date: &str, eve: &str) -> Result<&'a LocalityPeriod> {
    let too_early = |date: &str| {
        Err(Error::of(SuccessionFailure::SuccessionTooEarly).with("locality", &unit.name).with("date", date))
    };
    let missing = |why: String| {
        let failure = Error::of(SuccessionFailure::SuccessionUnitNotAlive).with("locality", &unit.name);
        Err(failure.with("day", eve).with("why", why))
    };
    let (Some(first), Some(last)) = (unit.periods.first(), unit.periods.last()) else {
        return missing("it has no period".to_owned());
    };
    let (begins, ends) = (descent::span(first).from, descent::span(last).to);
    if begins.as_str() > eve {
        return missing(format!("it begins on {begins}"));
    }
    if ends.as_str() <= eve {
        return missing(format!("its last day is {ends}"));
    }
    if ends != END {
        return too_early(&crate::period::day_after(&ends).unwrap_or(ends));
    }
    let since = descent::span(last).from;
    if since.as_str() >= effective_date {
        return too_early(&since);
    }
    Ok(last)
}

/// Fills in what is not said of a new unit: its name in ASCII letters, its slug, and the borders that it has from `before`.
pub fn complete(unit: &mut SuccessionUnit, before: &[&LocalityPeriod], merged: bool, field: &str) -> Result<()> {
    if unit.english_name.is_empty() {
        unit.english_name = ascii(&unit.display_name);
    }
    if unit.slug.is_empty() {
        unit.slug = slug(&unit.display_name);
        if unit.slug.is_empty() || !unit.slug.is_ascii() || unit.slug.len() > 60 {
            return Err(Error::invalid(format!("{field}.slug"), "is required: none can be made from this name"));
        }
    }
    if merged && unit.border_countries.is_empty() {
        unit.border_countries = before.iter().flat_map(|period| period.border_countries.clone()).collect();
        unit.border_countries.sort_unstable();
        unit.border_countries.dedup();
    }
    Ok(())
}

/// Fills in what is not said of a unit that stays: it is as it was.
pub fn keep(unit: &mut SuccessionUnit, name: &str, before: &LocalityPeriod) {
    let renamed = !unit.display_name.is_empty() && unit.display_name != before.display_name;
    let or = |given: &mut String, known: &String| {
        if given.is_empty() {
            given.clone_from(known);
        }
    };
    unit.locality = name.to_owned();
    if renamed {
        or(&mut unit.english_name, &ascii(&unit.display_name));
        or(&mut unit.slug, &slug(&unit.display_name));
    }
    or(&mut unit.display_name, &before.display_name);
    or(&mut unit.english_name, &before.english_name);
    or(&mut unit.slug, &before.slug);
    or(&mut unit.code, &before.code);
    or(&mut unit.agency_code, &before.agency_code);
    if unit.r#type == 0 {
        unit.r#type = before.r#type;
    }
    if unit.other_names.is_empty() {
        unit.other_names.clone_from(&before.other_names);
    }
    if unit.border_countries.is_empty() {
        unit.border_countries.clone_from(&before.border_countries);
    }
}

/// Refuses a change after which a unit is what it was.
pub fn check_differs(change: &Succession, unit: &SuccessionUnit, before: &LocalityPeriod) -> Result<()> {
    let field = "succession.successors[0]";
    match change.kind() {
        succession::Kind::Retype if unit.r#type == before.r#type => {
            Err(Error::invalid(format!("{field}.type"), "is the type that the unit has already"))
        }
        succession::Kind::Rename if unit.r#type != before.r#type => {
            Err(Error::invalid(format!("{field}.type"), "is another one: that is the kind RETYPE"))
        }
        succession::Kind::Rename
            if (&unit.display_name, &unit.slug, &unit.code) == (&before.display_name, &before.slug, &before.code) =>
        {
            Err(Error::invalid(
                format!("{field}.display_name"),
                "is the name that the unit has already, and so is the code",
            ))
        }
        _ => Ok(()),
    }
}

/// The period that begins with the change. `confidence` of an agency code that was kept goes on.
pub fn period(change: &Succession, unit: &SuccessionUnit, before: Option<&LocalityPeriod>) -> LocalityPeriod {
    let kept = before.filter(|before| before.agency_code == unit.agency_code);
    LocalityPeriod {
        valid_from: change.effective_date.clone(),
        valid_to: String::new(),
        r#type: unit.r#type,
        display_name: unit.display_name.clone(),
        english_name: unit.english_name.clone(),
        other_names: unit.other_names.clone(),
        code: unit.code.clone(),
        slug: unit.slug.clone(),
        agency_code: unit.agency_code.clone(),
        agency_code_confidence: kept.map(|before| before.agency_code_confidence.clone()).unwrap_or_default(),
        border_countries: unit.border_countries.clone(),
        legal_basis: change.legal_basis.clone(),
        source: change.source.clone(),
    }
}

fn slug(name: &str) -> String {
    plain(name).replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(spans: &[(&str, &str)]) -> Locality {
        let period = |(from, to): &(&str, &str)| LocalityPeriod {
            valid_from: (*from).into(),
            valid_to: (*to).into(),
            ..LocalityPeriod::default()
        };
        Locality { name: "localities/x".into(), periods: spans.iter().map(period).collect(), ..Locality::default() }
    }

    #[test]
    fn changes_come_one_after_the_other() {
        for (spans, reason) in [
            (&[("2008-08-01", "")][..], None),
            (&[("", "")][..], None),
            (&[("2031-01-01", "")][..], Some("SUCCESSION_UNIT_NOT_ALIVE")),
            (&[("2030-07-01", "")][..], Some("SUCCESSION_UNIT_NOT_ALIVE")),
            (&[("2008-08-01", "2025-06-30")][..], Some("SUCCESSION_UNIT_NOT_ALIVE")),
            (&[("2008-08-01", "2030-06-30")][..], Some("SUCCESSION_UNIT_NOT_ALIVE")),
            (&[("2008-08-01", "2031-12-31")][..], Some("SUCCESSION_TOO_EARLY")),
            (&[("2008-08-01", "2030-12-31"), ("2031-01-01", "")][..], Some("SUCCESSION_TOO_EARLY")),
            (&[("2008-08-01", "2030-06-30"), ("2030-07-01", "")][..], Some("SUCCESSION_TOO_EARLY")),
        ] {
            let unit = unit(spans);
            let found = current(&unit, "2030-07-01", "2030-06-30").map(drop).map_err(|error| error.reason().to_owned());
            assert_eq!(found.err().as_deref(), reason, "{spans:?}");
        }
    }

    #[test]
    fn a_unit_that_stays_is_as_it_was_but_for_what_is_said() {
        let before = LocalityPeriod {
            display_name: "Thừa Thiên Huế".into(),
            english_name: "Thua Thien Hue".into(),
            slug: "thua-thien-hue".into(),
            code: "46".into(),
            r#type: locality::Type::Province as i32,
            border_countries: vec!["countries/LA".into()],
            ..LocalityPeriod::default()
        };
        let mut retyped = SuccessionUnit { r#type: locality::Type::City as i32, ..SuccessionUnit::default() };
        keep(&mut retyped, "localities/hue", &before);
        assert_eq!((retyped.slug.as_str(), retyped.code.as_str()), ("thua-thien-hue", "46"));
        let mut renamed = SuccessionUnit { display_name: "Huế".into(), ..SuccessionUnit::default() };
        keep(&mut renamed, "localities/hue", &before);
        assert_eq!((renamed.slug.as_str(), renamed.english_name.as_str()), ("hue", "Hue"));
        assert_eq!(renamed.border_countries, before.border_countries);
    }
}
