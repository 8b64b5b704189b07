//! Whether a trade agreement applies between two countries on a day: rules without a database.

use std::collections::HashSet;

use api::registry::v1::AgreementParty;
pub use api::registry::v1::trade_agreement::Application;

use crate::period::{BEGINNING, END, Span, first_day, last_day};

/// The party in whose name the platform asks.
pub const VIET_NAM: &str = "countries/VN";

/// When an agreement applies to a party, whatever its inexact dates mean: from the last day that a beginning may mean, to the
/// first day that an end may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// While it is in force, if it ever is.
    pub in_force: Option<Span>,
    /// While it is applied provisionally, if it ever is: up to its entry into force, else to its end.
    pub provisional: Option<Span>,
}

/// Reads the dates of a party.
pub fn applied(party: &AgreementParty) -> Applied {
    let end = if party.ended_date.is_empty() { END.to_owned() } else { first_day(&party.ended_date) };
    let entry = match (party.in_force_date.as_str(), party.in_force_day_unknown) {
        ("", false) => None,
        ("", true) => Some(BEGINNING.to_owned()),
        (date, _) => Some(last_day(date)),
    };
    let provisional = (!party.provisional_date.is_empty()).then(|| {
        let from = last_day(&party.provisional_date);
        Span { from, to: entry.clone().unwrap_or_else(|| end.clone()).min(end.clone()) }
    });
    Applied { in_force: entry.map(|from| Span { from, to: end }), provisional }
}

impl Applied {
    /// How it applies on a day.
    pub fn on(&self, day: &str) -> Application {
        let holds = |span: &Option<Span>| span.as_ref().is_some_and(|span| span.contains(day));
        match (holds(&self.in_force), holds(&self.provisional)) {
            (true, _) => Application::Full,
            (false, true) => Application::Provisional,
            (false, false) => Application::NotApplied,
        }
    }
}

/// How an agreement applies to one party on a day.
pub fn to(parties: &[AgreementParty], country: &str, day: &str) -> Application {
    let party = parties.iter().find(|party| party.country == country);
    party.map_or(Application::NotApplied, |party| applied(party).on(day))
}

/// How an agreement applies between Viet Nam and a country on a day: as the one to whom it applies less.
pub fn between(parties: &[AgreementParty], country: &str, day: &str) -> Application {
    match (to(parties, VIET_NAM, day), to(parties, country, day)) {
        (Application::Full, Application::Full) => Application::Full,
        (Application::NotApplied, _) | (_, Application::NotApplied) => Application::NotApplied,
        _ => Application::Provisional,
    }
}

/// How an agreement applies to a party on a day at most, by what its inexact dates may mean.
fn possibly(party: &AgreementParty, day: &str) -> Application {
    let begun = |date: &str| !date.is_empty() && first_day(date).as_str() <= day;
    let unknown = party.in_force_date.is_empty() && party.in_force_day_unknown;
    match () {
        () if last_day(&party.ended_date).as_str() < day => Application::NotApplied,
        () if unknown || begun(&party.in_force_date) => Application::Full,
        () if begun(&party.provisional_date) => Application::Provisional,
        () => Application::NotApplied,
    }
}

/// What binds two parties of an agreement.
pub struct Ties<'a> {
    parties: [&'a AgreementParty; 2],
}

impl<'a> Ties<'a> {
    /// Of these two.
    pub fn between(party: &'a AgreementParty, other: &'a AgreementParty) -> Self {
        Self { parties: [party, other] }
    }

    /// The two.
    pub fn parties(&self) -> [&'a AgreementParty; 2] {
        self.parties
    }

    /// How it applies between them, whatever inexact dates mean: as to the one to whom it applies less.
    pub fn surely(&self, day: &str) -> Application {
        lesser(self.parties.map(|party| applied(party).on(day)))
    }

    /// How it applies at most, by what inexact dates may mean.
    pub fn possibly(&self, day: &str) -> Application {
        lesser(self.parties.map(|party| possibly(party, day)))
    }

    /// The first day on which it applies between them, as exact as the sources are; empty if that is before our records.
    pub fn applied_from(&self) -> String {
        let first = |party: &'a AgreementParty| match (party.provisional_date.as_str(), party.in_force_date.as_str()) {
            ("", date) | (date, "") => date,
            (provisional, in_force) => provisional.min(in_force),
        };
        later(self.parties.map(first))
    }

    /// The day from which it is in force between them; empty if that is not known of one of them.
    pub fn in_force_from(&self) -> String {
        let known = |party: &&AgreementParty| !party.in_force_date.is_empty() || party.in_force_day_unknown;
        let all = self.parties.iter().all(known);
        if all { later(self.parties.map(|party| party.in_force_date.as_str())) } else { String::new() }
    }

    /// The last day on which it holds between them; empty if no end is known.
    pub fn ended_date(&self) -> String {
        let ends = self.parties.iter().map(|party| party.ended_date.as_str()).filter(|date| !date.is_empty());
        ends.min_by_key(|date| first_day(date)).unwrap_or_default().to_owned()
    }

    /// Whether the day of entry into force is not known for one of them.
    pub fn day_unknown(&self) -> bool {
        self.parties.iter().any(|party| party.in_force_day_unknown)
    }
}

/// The later of two dates that are as exact as their sources; an empty one is before all.
fn later(dates: [&str; 2]) -> String {
    dates.into_iter().filter(|date| !date.is_empty()).max_by_key(|date| last_day(date)).unwrap_or_default().to_owned()
}

/// Full, provisional, not at all: the lesser of two.
fn lesser(both: [Application; 2]) -> Application {
    both.into_iter().min_by_key(|how| *how as i32).unwrap_or(Application::NotApplied)
}

/// Says what is wrong with the parties: each stands once, and ends after it has begun.
pub fn check_parties(parties: &[AgreementParty]) -> Result<(), String> {
    let mut seen = HashSet::new();
    for party in parties {
        if !seen.insert(&party.country) {
            return Err(format!("{} stands twice", party.country));
        }
        let begun = [&party.provisional_date, &party.in_force_date].into_iter().filter(|date| !date.is_empty());
        if begun.into_iter().any(|date| last_day(&party.ended_date) < first_day(date)) {
            return Err(format!("{} ends on {} before it begins", party.country, party.ended_date));
        }
        let both = !party.provisional_date.is_empty() && !party.in_force_date.is_empty();
        if both && last_day(&party.in_force_date) < first_day(&party.provisional_date) {
            return Err(format!("{} applies it provisionally only after its entry into force", party.country));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(country: &str, provisional: &str, in_force: &str, ended: &str) -> AgreementParty {
        AgreementParty {
            country: format!("countries/{country}"),
            provisional_date: provisional.into(),
            in_force_date: in_force.into(),
            ended_date: ended.into(),
            ..AgreementParty::default()
        }
    }

    #[test]
    fn an_agreement_applies_as_its_dates_say() {
        let parties =
            [party("VN", "2020-12-31", "2021-05-01", ""), party("GB", "2020-12-31", "2021-06-01", "2030-12-31")];
        for (day, how) in [
            ("2020-12-30", Application::NotApplied),
            ("2020-12-31", Application::Provisional),
            ("2021-05-01", Application::Provisional),
            ("2021-06-01", Application::Full),
            ("2030-12-31", Application::Full),
            ("2031-01-01", Application::NotApplied),
        ] {
            assert_eq!(between(&parties, "countries/GB", day), how, "{day}");
        }
        assert_eq!(between(&parties, "countries/JP", "2025-01-01"), Application::NotApplied, "no party");
    }

    #[test]
    fn a_party_without_a_day_is_bound_only_if_it_is_said_so() {
        let unknown = AgreementParty { in_force_day_unknown: true, ..party("LA", "", "", "") };
        assert_eq!(applied(&unknown).on("1990-01-01"), Application::Full);
        assert_eq!(applied(&party("MM", "", "", "")).on("2026-01-01"), Application::NotApplied);
    }

    #[test]
    fn contradicting_parties_are_refused() {
        for (parties, good) in [
            (vec![party("VN", "", "2019-01-14", ""), party("PE", "", "2021", "2021")], true),
            (vec![party("VN", "", "", ""), party("VN", "", "", "")], false),
            (vec![party("VN", "", "2019-01-14", "2018-12-31")], false),
            (vec![party("VN", "2019-01-15", "2019-01-14", "")], false),
        ] {
            assert_eq!(check_parties(&parties).is_ok(), good, "{parties:?}");
        }
    }

    #[test]
    fn between_two_the_later_day_counts_and_the_earlier_end() {
        let japan = party("JP", "", "2018-12-30", "");
        let viet_nam = party("VN", "", "2019-01-14", "");
        let ties = Ties::between(&japan, &viet_nam);
        for (day, how) in [("2019-01-13", Application::NotApplied), ("2019-01-14", Application::Full)] {
            assert_eq!((ties.surely(day), ties.possibly(day)), (how, how), "{day}");
        }
        assert_eq!((ties.applied_from().as_str(), ties.in_force_from().as_str()), ("2019-01-14", "2019-01-14"));
        assert_eq!((ties.ended_date().as_str(), ties.day_unknown()), ("", false));

        let britain = party("GB", "2020-12-31", "", "2030-06");
        let ties = Ties::between(&britain, &viet_nam);
        assert_eq!((ties.applied_from().as_str(), ties.in_force_from().as_str()), ("2020-12-31", ""));
        assert_eq!(ties.ended_date(), "2030-06");
        assert_eq!(ties.surely("2025-01-01"), Application::Provisional);
    }

    #[test]
    fn what_an_inexact_date_leaves_open_is_possible_and_not_sure() {
        let viet_nam = party("VN", "", "2014-01-01", "");
        let chile = party("CL", "", "2014-02", "2020");
        let ties = Ties::between(&chile, &viet_nam);
        for (day, sure, possible) in [
            ("2014-01-31", Application::NotApplied, Application::NotApplied),
            ("2014-02-01", Application::NotApplied, Application::Full),
            ("2014-02-27", Application::NotApplied, Application::Full),
            ("2014-02-28", Application::Full, Application::Full),
            ("2020-01-01", Application::Full, Application::Full),
            ("2020-01-02", Application::NotApplied, Application::Full),
            ("2020-12-31", Application::NotApplied, Application::Full),
            ("2021-01-01", Application::NotApplied, Application::NotApplied),
        ] {
            assert_eq!((ties.surely(day), ties.possibly(day)), (sure, possible), "{day}");
        }
        let provisional = party("GB", "2020-12-31", "2021-05", "");
        let ties = Ties::between(&provisional, &viet_nam);
        assert_eq!(
            (ties.surely("2021-05-15"), ties.possibly("2021-05-15")),
            (Application::Provisional, Application::Full)
        );
        let laos = AgreementParty { in_force_day_unknown: true, ..party("LA", "", "", "") };
        let ties = Ties::between(&laos, &viet_nam);
        assert_eq!((ties.surely("2014-01-01"), ties.day_unknown()), (Application::Full, true));
        assert_eq!(ties.in_force_from(), "2014-01-01");
    }
}
