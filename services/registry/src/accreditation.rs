//! Which mission answers for a country on a day: rules without a database.

use api::registry::v1::{Accreditation, Mission, accreditation, mission};

use crate::period::{Span, first_day, last_day};

/// When a mission is open.
pub fn life(mission: &Mission) -> Span {
    Span::of(&mission.opened_date, &mission.closed_date)
}

/// When an accreditation holds: never outside the life of its mission.
pub fn span(accreditation: &Accreditation, life: &Span) -> Span {
    let own = Span::of(&accreditation.valid_from, &accreditation.valid_to);
    Span { from: own.from.max(life.from.clone()), to: own.to.min(life.to.clone()) }
}

/// An accreditation in the order of precedence; the smallest answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    unverified: bool,
    concurrent: bool,
    post: u8,
    mission: String,
}

impl Rank {
    /// Confirmed before unconfirmed; then resident before concurrent; then an embassy before an office, an office before a
    /// consulate; then by name, so that the answer never depends on chance.
    pub fn of(mission: &str, post: i32, kind: i32, unverified: bool) -> Self {
        let post = match mission::Kind::try_from(post).unwrap_or_default() {
            mission::Kind::Embassy => 0,
            mission::Kind::EconomicCulturalOffice => 1,
            mission::Kind::ConsulateGeneral => 2,
            mission::Kind::Consulate => 3,
            mission::Kind::PermanentMission
            | mission::Kind::PermanentDelegation
            | mission::Kind::ObserverMission
            | mission::Kind::Unspecified => 4,
        };
        Self { unverified, concurrent: kind != accreditation::Kind::Resident as i32, post, mission: mission.to_owned() }
    }
}

/// Closes a mission with a day: accreditations that go on after it end with it, and those that were to begin later never do.
pub fn close(mission: &mut Mission, day: &str) {
    mission.closed_date = day.to_owned();
    mission.accreditations.retain(|it| it.valid_from.is_empty() || first_day(&it.valid_from).as_str() <= day);
    for accreditation in &mut mission.accreditations {
        if last_day(&accreditation.valid_to).as_str() > day {
            accreditation.valid_to = day.to_owned();
        }
    }
}

/// Says what is wrong with a mission's dates.
pub fn check_dates(mission: &Mission) -> Result<(), String> {
    let life = life(mission);
    if life.is_broken() {
        return Err(format!("it closes on {} and opens on {}", mission.closed_date, mission.opened_date));
    }
    let broken = mission.accreditations.iter().find(|it| Span::of(&it.valid_from, &it.valid_to).is_broken());
    match broken {
        Some(it) => {
            Err(format!("its accreditation to {} ends on {} and begins on {}", it.country, it.valid_to, it.valid_from))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESIDENT: i32 = accreditation::Kind::Resident as i32;
    const CONCURRENT: i32 = accreditation::Kind::Concurrent as i32;
    const EMBASSY: i32 = mission::Kind::Embassy as i32;
    const CONSULATE: i32 = mission::Kind::ConsulateGeneral as i32;

    #[test]
    fn the_first_in_precedence_answers() {
        for (better, worse) in [
            (("b", EMBASSY, RESIDENT, false), ("a", EMBASSY, CONCURRENT, false)),
            (("b", EMBASSY, RESIDENT, false), ("a", CONSULATE, RESIDENT, false)),
            (("b", CONSULATE, RESIDENT, false), ("a", EMBASSY, CONCURRENT, false)),
            (("b", EMBASSY, CONCURRENT, false), ("a", EMBASSY, CONCURRENT, true)),
            (("b", EMBASSY, CONCURRENT, false), ("a", EMBASSY, RESIDENT, true)),
            (("a", EMBASSY, CONCURRENT, false), ("b", EMBASSY, CONCURRENT, false)),
        ] {
            let rank = |(mission, post, kind, unverified)| Rank::of(mission, post, kind, unverified);
            assert!(rank(better) < rank(worse), "{better:?} before {worse:?}");
        }
    }

    #[test]
    fn a_closed_mission_answers_for_nobody() {
        let mission = Mission { opened_date: "1993".into(), closed_date: "2020-05".into(), ..Mission::default() };
        let held = span(&Accreditation::default(), &life(&mission));
        assert_eq!(held, Span::of("1993-01-01", "2020-05-31"));
    }

    #[test]
    fn accreditations_end_with_their_mission() {
        let dated = |from: &str, to: &str| Accreditation {
            valid_from: from.into(),
            valid_to: to.into(),
            ..Accreditation::default()
        };
        let mut mission = Mission {
            accreditations: vec![
                dated("", ""),
                dated("2020", "2024-03-01"),
                dated("2020", "2025"),
                dated("2025-06-30", ""),
                dated("2025-07-01", ""),
            ],
            ..Mission::default()
        };
        close(&mut mission, "2025-06-30");
        let told: Vec<_> =
            mission.accreditations.iter().map(|it| (it.valid_from.as_str(), it.valid_to.as_str())).collect();
        let day = "2025-06-30";
        assert_eq!(told, [("", day), ("2020", "2024-03-01"), ("2020", day), (day, day)]);
        assert!(check_dates(&mission).is_ok() && mission.closed_date == day);
    }

    #[test]
    fn ends_lie_after_beginnings() {
        let dated =
            |from: &str, to: &str| Mission { opened_date: from.into(), closed_date: to.into(), ..Mission::default() };
        for (from, to, good) in [("", "", true), ("2025", "2025", true), ("2025-08-13", "2025-08-12", false)] {
            assert_eq!(check_dates(&dated(from, to)).is_ok(), good, "{from} {to}");
        }
        let accredited = Mission {
            accreditations: vec![Accreditation {
                valid_from: "2025".into(),
                valid_to: "2024".into(),
                ..Default::default()
            }],
            ..Mission::default()
        };
        assert!(check_dates(&accredited).is_err());
    }
}
