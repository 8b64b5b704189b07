//! Round anniversaries of diplomatic relations.

use api::registry::v1::{Anniversary, Country, FindAnniversariesRequest, FindAnniversariesResponse};
use chassis::error::{Error, Result};
use chrono::{Datelike, NaiveDate};
use store::sea_orm::{ColumnTrait, Condition};
use store::{Scope, Store};

use super::{Countries, row};
use crate::period::first_day;
use crate::{mission, visible};

/// There were no relations before Viet Nam's independence.
const EARLIEST: i32 = 1945;

/// The anniversaries that are asked for, by their days.
pub async fn find(store: &Store, scope: &Scope, asked: FindAnniversariesRequest) -> Result<FindAnniversariesResponse> {
    let today = visible::view(store, "")?;
    let year = if asked.year == 0 { today.today.year() } else { asked.year };
    if year < EARLIEST {
        return Err(Error::invalid("year", format!("must be {EARLIEST} or later")));
    }
    let multiple_of = if asked.multiple_of == 0 { 5 } else { asked.multiple_of };
    let known = Condition::all().add(row::Column::RelationsSince.ne(""));
    let countries = visible::all::<Countries>(store, scope, known, &today, 1_000).await?;
    let mut anniversaries: Vec<Anniversary> =
        countries.into_iter().filter_map(|country| anniversary(country, year, multiple_of)).collect();
    anniversaries.sort_by(|one, other| (&one.date, &one.country).cmp(&(&other.date, &other.country)));
    for anniversary in &mut anniversaries {
        let view = visible::view(store, &first_day(&anniversary.date))?;
        let answering = mission::answering(store.read(), scope, &anniversary.country, &view).await?;
        let Some((mission, accreditation)) = answering else { continue };
        anniversary.mission = mission.name;
        anniversary.mission_display_name = mission.display_name;
        anniversary.unverified = accreditation.unverified;
    }
    Ok(FindAnniversariesResponse { year, anniversaries })
}

/// The anniversary that a country has in a year, if it is a round one.
fn anniversary(country: Country, year: i32, multiple_of: i32) -> Option<Anniversary> {
    let since = country.relations_since.as_str();
    let years = year - since.get(..4)?.parse::<i32>().ok()?;
    if years <= 0 || years % multiple_of != 0 {
        return None;
    }
    Some(Anniversary {
        date: date(since, year),
        country: country.name,
        display_name: country.display_name,
        english_name: country.english_name,
        relations_since: country.relations_since,
        years,
        source: country.relations_source.or(country.source),
        ..Anniversary::default()
    })
}

/// The same day of another year, as exact as the first one is; 28 February where there is no 29.
fn date(since: &str, year: i32) -> String {
    let moved = format!("{year:04}{}", &since[4..]);
    match (moved.len(), moved.parse::<NaiveDate>()) {
        (10, Err(_)) => format!("{year:04}-02-28"),
        _ => moved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_years_are_found() {
        let bulgaria = Country { relations_since: "1950-02-08".into(), ..Country::default() };
        for (year, multiple_of, years) in [
            (2025, 5, Some(75)),
            (2025, 25, Some(75)),
            (2026, 5, None),
            (2026, 1, Some(76)),
            (1950, 5, None),
            (1949, 1, None),
        ] {
            let found = anniversary(bulgaria.clone(), year, multiple_of);
            assert_eq!(found.map(|it| it.years), years, "{year} by {multiple_of}");
        }
        assert_eq!(anniversary(Country::default(), 2025, 5), None, "no relations are known");
    }

    #[test]
    fn the_day_is_as_exact_as_the_source_and_exists() {
        for (since, year, day) in [
            ("1950-02-08", 2025, "2025-02-08"),
            ("1992-02-29", 2027, "2027-02-28"),
            ("1992-02-29", 2032, "2032-02-29"),
            ("1975-05", 2025, "2025-05"),
            ("1975", 2025, "2025"),
        ] {
            assert_eq!(date(since, year), day, "{since} in {year}");
        }
    }
}
