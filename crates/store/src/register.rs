//! The registry as the other services know it: copies of its countries, localities and missions, which answer also while
//! the registry is down, and the check that what a record refers to was there on the days in question.

use std::collections::HashMap;
use std::sync::Arc;

use api::options::v1::Failure;
use api::registry::v1::{Country, Locality, Mission};
use chassis::error::{Error, Result};
use chassis::host::Host;
use chrono::{Months, NaiveDate};
use prost::Message as _;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::database;
use crate::projection::{self, Builder, Projection};
use crate::schema::Projection as Column;
use crate::store::Store;
use crate::tx::Tx;

/// The service that is copied, and what is copied of it.
const REGISTRY: &str = "registry";

fn copies() -> Builder {
    Projection::of_service(REGISTRY).of::<Country>().of::<Locality>().of::<Mission>()
}

/// The copies, in memory. Cheap to clone.
#[derive(Clone)]
pub struct Register(Projection);

impl Register {
    /// Loads what was copied before and follows the registry's change log.
    pub async fn follow(host: &Host, store: &Store) -> Result<Register> {
        Ok(Register(copies().start(host, store).await?))
    }

    /// All localities of all times; `UNAVAILABLE` as long as the registry has never told all it has.
    pub fn localities(&self) -> Result<Vec<Arc<Locality>>> {
        self.told().map(Projection::all)
    }

    /// All countries and territories; `UNAVAILABLE` as long as the registry has never told all it has.
    pub fn countries(&self) -> Result<Vec<Arc<Country>>> {
        self.told().map(Projection::all)
    }

    fn told(&self) -> Result<&Projection> {
        if self.0.ready() { Ok(&self.0) } else { Err(Error::unavailable(REGISTRY)) }
    }
}

/// The days on which something must have been there: on one of them at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    first: NaiveDate,
    last: NaiveDate,
}

impl Within {
    /// On a day.
    pub fn instant(day: NaiveDate) -> Within {
        Within { first: day, last: day }
    }

    /// On the days that a date of the contract may mean: of 2021, all of that year. At any time, if nothing is given.
    pub fn date(text: &str) -> Within {
        span(text)
            .map_or(Within { first: NaiveDate::MIN, last: NaiveDate::MAX }, |(first, last)| Within { first, last })
    }

    fn meets(self, from: &str, to: &str) -> bool {
        span(from).is_none_or(|(first, _)| first <= self.last) && span(to).is_none_or(|(_, last)| last >= self.first)
    }
}

/// The first and the last day that a whole or partial date may mean; none where nothing is given.
pub fn span(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    let parse = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let (first, months) = match text.len() {
        4 => (parse(&format!("{text}-01-01"))?, 12),
        7 => (parse(&format!("{text}-01"))?, 1),
        _ => return parse(text).map(|day| (day, day)),
    };
    Some((first, first.checked_add_months(Months::new(months))?.pred_opt()?))
}

/// When a locality existed: first and last day, empty where they are before our records or not reached.
pub fn lifetime(unit: &Locality) -> (&str, &str) {
    let first = unit.periods.first().map_or("", |period| period.valid_from.as_str());
    (first, unit.periods.last().map_or("", |period| period.valid_to.as_str()))
}

/// What a record refers to in the registry, field by field, to be checked at once.
#[derive(Debug, Default)]
pub struct References(Vec<Reference>);

#[derive(Debug)]
struct Reference {
    field: String,
    name: String,
    within: Within,
}

impl References {
    /// Adds a field that refers to something. An empty name refers to nothing; names of collections that are not copied
    /// are passed over, because their form is all that is known of them here.
    pub fn add(&mut self, field: impl Into<String>, name: &str, within: Within) {
        if ["countries/", "localities/", "missions/"].iter().any(|collection| name.starts_with(collection)) {
            self.0.push(Reference { field: field.into(), name: name.to_owned(), within });
        }
    }

    /// The fields that are to be checked.
    pub fn fields(&self) -> Vec<&str> {
        self.0.iter().map(|reference| reference.field.as_str()).collect()
    }

    /// Refuses what was not there, or is retired, as `REFERENCE_NOT_FOUND` with every such field named. `UNAVAILABLE` if the
    /// registry has never told all it has, and so what is not known may yet exist.
    pub async fn check(&self, tx: &Tx) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let known = self.look_up(tx).await?;
        let mut error: Option<Error> = None;
        for reference in &self.0 {
            let Err(why) = reference.judge(&known) else { continue };
            let first =
                || Error::of(Failure::ReferenceNotFound).with("field", &reference.field).with("name", &reference.name);
            error = Some(error.unwrap_or_else(first).violation(&reference.field, why));
        }
        match error {
            None => Ok(()),
            Some(_) if !projection::is_complete(tx, &copies()).await? => Err(Error::unavailable(REGISTRY)),
            Some(error) => Err(error),
        }
    }

    async fn look_up(&self, tx: &Tx) -> Result<HashMap<String, Vec<u8>>> {
        let mut select = Query::select();
        select
            .columns([Column::Name, Column::Content])
            .from(Column::Table)
            .and_where(Expr::col(Column::Name).is_in(self.0.iter().map(|reference| reference.name.as_str())));
        let rows = tx.query_all(&select).await.map_err(database)?;
        let pair = |row: &sea_orm::QueryResult| Ok((row.try_get_by(0)?, row.try_get_by(1)?));
        rows.iter().map(pair).collect::<Result<_, sea_orm::DbErr>>().map_err(database)
    }
}

impl Reference {
    /// The error says what is wrong, without its subject.
    fn judge(&self, known: &HashMap<String, Vec<u8>>) -> Result<(), String> {
        let Some(content) = known.get(&self.name) else {
            return Err(format!("refers to {}, which does not exist", self.name));
        };
        let (alive, from, to) = match self.name.split('/').next() {
            Some("localities") => {
                let unit = Locality::decode(&**content).unwrap_or_default();
                let (from, to) = lifetime(&unit);
                (unit.retire_time.is_none(), from.to_owned(), to.to_owned())
            }
            Some("missions") => {
                let mission = Mission::decode(&**content).unwrap_or_default();
                (mission.retire_time.is_none(), mission.opened_date, mission.closed_date)
            }
            _ => (Country::decode(&**content).unwrap_or_default().retire_time.is_none(), String::new(), String::new()),
        };
        if !alive {
            return Err(format!("refers to {}, which is retired", self.name));
        }
        if self.within.meets(&from, &to) {
            return Ok(());
        }
        let since = if from.is_empty() { String::new() } else { format!(" from {from}") };
        let until = if to.is_empty() { String::new() } else { format!(" until {to}") };
        Err(format!("refers to {}, which was there{since}{until} only", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::LocalityPeriod;
    use prost_types::Timestamp;

    fn known() -> HashMap<String, Vec<u8>> {
        let period = |from: &str, to: &str| LocalityPeriod {
            valid_from: from.into(),
            valid_to: to.into(),
            ..LocalityPeriod::default()
        };
        let ended = Locality { periods: vec![period("2008-08-01", "2025-06-30")], ..Locality::default() };
        let renamed = Locality {
            periods: vec![period("2008-08-01", "2024-12-31"), period("2025-01-01", "")],
            ..Locality::default()
        };
        let opened = Mission { opened_date: "2025".into(), ..Mission::default() };
        let retired = Country { retire_time: Some(Timestamp::default()), ..Country::default() };
        HashMap::from([
            ("localities/bac-giang".to_owned(), ended.encode_to_vec()),
            ("localities/hue".to_owned(), renamed.encode_to_vec()),
            ("missions/vn-pt-emb".to_owned(), opened.encode_to_vec()),
            ("countries/IN".to_owned(), Country::default().encode_to_vec()),
            ("countries/YU".to_owned(), retired.encode_to_vec()),
        ])
    }

    #[test]
    fn a_reference_is_to_what_was_there_on_one_of_the_days() {
        for (name, date, there) in [
            ("localities/bac-giang", "2025-06-30", true),
            ("localities/bac-giang", "2025-07-01", false),
            ("localities/bac-giang", "2025", true),
            ("localities/bac-giang", "", true),
            ("localities/hue", "2026-01-01", true),
            ("localities/ha-tay", "2005", false),
            ("missions/vn-pt-emb", "2025", true),
            ("missions/vn-pt-emb", "2024-12", false),
            ("countries/IN", "1900", true),
            ("countries/YU", "1990", false),
        ] {
            let reference = Reference { field: "f".into(), name: name.into(), within: Within::date(date) };
            assert_eq!(reference.judge(&known()).is_ok(), there, "{name} in {date}: {:?}", reference.judge(&known()));
        }
    }

    #[test]
    fn only_what_is_copied_here_is_looked_up() {
        let mut references = References::default();
        for name in ["", "agencies/g08", "organizations/tata", "engagements/1", "countries/IN"] {
            references.add(name, name, Within::date(""));
        }
        assert_eq!(references.fields(), ["countries/IN"]);
    }

    #[test]
    fn a_partial_date_spans_all_days_that_it_may_mean() {
        for (text, expected) in [
            ("2021", Some(("2021-01-01", "2021-12-31"))),
            ("2024-02", Some(("2024-02-01", "2024-02-29"))),
            ("2021-12", Some(("2021-12-01", "2021-12-31"))),
            ("2021-07-29", Some(("2021-07-29", "2021-07-29"))),
            ("", None),
        ] {
            let found = span(text).map(|(first, last)| (first.to_string(), last.to_string()));
            assert_eq!(found, expected.map(|(first, last)| (first.to_owned(), last.to_owned())), "{text}");
        }
    }
}
