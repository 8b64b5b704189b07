//! Whether a trade agreement applies between two countries on a day: rules without a database.

use std::collections::HashSet;

use api::registry::v1::AgreementParty;
pub use api::registry::v1::trade_agreement::Application;

use crate::period::{Span, first_day, last_day};

/// The party in whose name the platform asks.
pub const VIET_NAM: &str = "countries/VN";

/// When an agreement applies to a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// While it is in force, if it ever is.
    pub in_force: Option<Span>,
    /// While it is applied provisionally, if it ever is: up to its entry into force, else to its end.
    pub provisional: Option<Span>,
}

/// Reads the dates of a party.
pub fn applied(party: &AgreementParty) -> Applied {
    let end = last_day(&party.ended_date);
    let entry = match (party.in_force_date.as_str(), party.in_force_day_unknown) {
        ("", false) => None,
        (date, _) => Some(first_day(date)),
    };
    let provisional = (!party.provisional_date.is_empty()).then(|| {
        let from = first_day(&party.provisional_date);
        Span { from, to: entry.clone().unwrap_or_else(|| end.clone()) }
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
}
