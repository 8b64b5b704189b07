//! What a candidature has reached on a day: rules without a database.

use api::registry::v1::MultilateralRole;
use api::registry::v1::multilateral_role::Result as Decision;
pub use api::registry::v1::multilateral_role::Stage;

use crate::period::{first_day, last_day};

/// Stands for "never", and sorts after every day.
const NEVER: &str = "9999-99-99";

/// The days on which a role goes from stage to stage, as text that sorts. None comes before the one above it, except that a
/// term may have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    /// From this day it is a candidature.
    pub candidate: String,
    /// From this day it is decided.
    pub decided: String,
    /// From this day it is in its term.
    pub serving: String,
    /// The last day of the term.
    pub last: String,
    /// The decision was against it.
    pub refused: bool,
}

/// Reads the dates of a role. A date that is not known is taken to be that of the next step.
pub fn steps(role: &MultilateralRole) -> Steps {
    let refused = [Decision::NotElected as i32, Decision::Withdrawn as i32].contains(&role.result);
    let chosen = [Decision::Elected as i32, Decision::Designated as i32].contains(&role.result);
    let or = |date: &str, next: &str| if date.is_empty() { next.to_owned() } else { first_day(date) };
    let serving = or(&role.valid_from, NEVER);
    let decided = if refused || chosen { or(&role.decided_date, &serving) } else { serving.clone() };
    let decided = decided.min(if refused { NEVER.to_owned() } else { serving.clone() });
    let candidate = or(&role.candidature_date, &decided).min(decided.clone());
    Steps { candidate, decided, serving, last: last_day(&role.valid_to), refused }
}

impl Steps {
    /// The first day of the role that is known, for the order of lists.
    pub fn first(&self) -> &str {
        [&self.serving, &self.decided, &self.candidate].into_iter().find(|day| *day != NEVER).map_or("", String::as_str)
    }

    /// What it has reached on a day.
    pub fn on(&self, day: &str) -> Stage {
        let reached = |from: &str| from <= day;
        match () {
            () if reached(&self.serving) && day <= self.last.as_str() => Stage::Serving,
            () if reached(&self.serving) => Stage::Completed,
            () if reached(&self.decided) && self.refused => Stage::NotChosen,
            () if reached(&self.decided) => Stage::Chosen,
            () if reached(&self.candidate) => Stage::Candidate,
            () => Stage::NotBegun,
        }
    }
}

/// Says which date contradicts another, or the result.
pub fn check(role: &MultilateralRole) -> Result<(), String> {
    let refused = [Decision::NotElected as i32, Decision::Withdrawn as i32].contains(&role.result);
    if refused && !(role.valid_from.is_empty() && role.valid_to.is_empty()) {
        return Err("it has a term, though Viet Nam was not elected".to_owned());
    }
    if role.result == Decision::Unspecified as i32 && !role.decided_date.is_empty() {
        return Err(format!("it was decided on {}, and the result is not said", role.decided_date));
    }
    let dates = [
        ("candidature", &role.candidature_date),
        ("decision", &role.decided_date),
        ("first day", &role.valid_from),
        ("last day", &role.valid_to),
    ];
    let known: Vec<_> = dates.into_iter().filter(|(_, date)| !date.is_empty()).collect();
    match known.windows(2).find(|pair| last_day(pair[1].1) < first_day(pair[0].1)) {
        Some([(before, earlier), (after, later)]) => {
            Err(format!("the {after} {later} lies before the {before} {earlier}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(result: Decision, dates: [&str; 4]) -> MultilateralRole {
        let [candidature_date, decided_date, valid_from, valid_to] = dates.map(str::to_owned);
        MultilateralRole {
            result: result as i32,
            candidature_date,
            decided_date,
            valid_from,
            valid_to,
            ..Default::default()
        }
    }

    #[test]
    fn a_role_goes_from_stage_to_stage() {
        let council = role(Decision::Elected, ["2010", "2019-06-07", "2020-01-01", "2021-12-31"]);
        let lost = role(Decision::NotElected, ["2018-03", "2019-06-07", "", ""]);
        let chair = role(Decision::Designated, ["", "", "2020", "2020"]);
        let open = role(Decision::Unspecified, ["2026-01-01", "", "", ""]);
        let elected = role(Decision::Elected, ["", "2021-08", "", ""]);
        for (role, day, stage) in [
            (&council, "2009-12-31", Stage::NotBegun),
            (&council, "2010-01-01", Stage::Candidate),
            (&council, "2019-06-06", Stage::Candidate),
            (&council, "2019-06-07", Stage::Chosen),
            (&council, "2020-01-01", Stage::Serving),
            (&council, "2021-12-31", Stage::Serving),
            (&council, "2022-01-01", Stage::Completed),
            (&lost, "2019-06-06", Stage::Candidate),
            (&lost, "2019-06-07", Stage::NotChosen),
            (&chair, "2019-12-31", Stage::NotBegun),
            (&chair, "2020-12-31", Stage::Serving),
            (&chair, "2021-01-01", Stage::Completed),
            (&open, "2099-01-01", Stage::Candidate),
            (&elected, "2021-07-31", Stage::NotBegun),
            (&elected, "9999-12-31", Stage::Chosen),
        ] {
            assert_eq!(steps(role).on(day), stage, "{role:?} on {day}");
        }
        assert_eq!((steps(&council).first(), steps(&open).first()), ("2020-01-01", "2026-01-01"));
    }

    #[test]
    fn contradicting_dates_are_refused() {
        for (role, good) in [
            (role(Decision::Elected, ["2010", "2019-06-07", "2020-01-01", "2021-12-31"]), true),
            (role(Decision::Elected, ["", "2020-06", "2020", "2020"]), true),
            (role(Decision::Elected, ["", "2020-06-07", "2020-01-01", ""]), false),
            (role(Decision::Elected, ["", "", "2020-01-01", "2019-12-31"]), false),
            (role(Decision::Elected, ["2020-01-01", "", "", "2019"]), false),
            (role(Decision::NotElected, ["", "2019-06-07", "2020-01-01", ""]), false),
            (role(Decision::Unspecified, ["", "2019-06-07", "", ""]), false),
        ] {
            assert_eq!(check(&role).is_ok(), good, "{role:?}");
        }
    }
}
