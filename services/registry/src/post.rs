//! Posts at missions: which kind of head fits which mission, and whose time overlaps. Pure.

use api::registry::v1::appointment::Kind;
use api::registry::v1::{Appointment, Mission, mission};

use crate::accreditation::life;
use crate::period::{BEGINNING, END, Span, first_day, last_day};

/// The kinds that head a mission; a mission has one of them at a time.
pub const HEADS: [Kind; 4] = [Kind::Ambassador, Kind::PermanentRepresentative, Kind::ConsulGeneral, Kind::HeadOfOffice];

/// All days on which it may hold, as inexact as its dates are.
pub fn perhaps(appointment: &Appointment) -> Span {
    Span::of(&appointment.valid_from, &appointment.valid_to)
}

/// The days on which it holds whatever its inexact dates mean; broken if there are none for sure: whoever came in 2024 and whoever
/// left in 2024 do not contradict each other.
pub fn surely(appointment: &Appointment) -> Span {
    let (from, to) = (&appointment.valid_from, &appointment.valid_to);
    Span {
        from: if from.is_empty() { BEGINNING.to_owned() } else { last_day(from) },
        to: if to.is_empty() { END.to_owned() } else { first_day(to) },
    }
}

/// The kinds of which only one can be at a mission at a time, together with this one; none for deputies.
pub fn sharing_the_post(kind: Kind) -> &'static [Kind] {
    match kind {
        Kind::Ambassador | Kind::PermanentRepresentative | Kind::ConsulGeneral | Kind::HeadOfOffice => &HEADS,
        Kind::ChargeDAffaires => &[Kind::ChargeDAffaires],
        Kind::Deputy | Kind::Unspecified => &[],
    }
}

/// Says why somebody of this kind cannot be at a mission of that kind.
pub fn check_kind(kind: Kind, of: mission::Kind) -> Result<(), String> {
    use mission::Kind as Of;
    let head = match of {
        Of::Embassy => Kind::Ambassador,
        Of::ConsulateGeneral => Kind::ConsulGeneral,
        Of::PermanentMission | Of::PermanentDelegation | Of::ObserverMission => Kind::PermanentRepresentative,
        Of::Consulate | Of::EconomicCulturalOffice => Kind::HeadOfOffice,
        Of::Unspecified => return Ok(()),
    };
    if HEADS.contains(&kind) && kind != head {
        let (of, head) = (of.as_str_name(), head.as_str_name());
        return Err(format!("must be {head}, DEPUTY or CHARGE_D_AFFAIRES, for the mission is of the kind {of}"));
    }
    Ok(())
}

/// Says which date of an appointment is wrong, and why.
pub fn check_dates(appointment: &Appointment) -> Result<(), (&'static str, String)> {
    let (from, to) = (&appointment.valid_from, &appointment.valid_to);
    if perhaps(appointment).is_broken() {
        return Err(("valid_to", format!("must not be before valid_from, {from}, and is {to}")));
    }
    Ok(())
}

/// Whether it holds, for sure, on a day on which the mission is not open.
pub fn is_beyond(appointment: &Appointment, mission: &Mission) -> bool {
    let (surely, open) = (surely(appointment), life(mission));
    let begins_before = !appointment.valid_from.is_empty() && surely.from < open.from;
    begins_before || surely.to > open.to
}

/// A day of a table as a person is told it.
pub fn told(day: &str) -> &str {
    match day {
        BEGINNING => "before our records",
        END => "an open end",
        day => day,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(from: &str, to: &str) -> Appointment {
        Appointment { valid_from: from.into(), valid_to: to.into(), ..Appointment::default() }
    }

    #[test]
    fn inexact_dates_contradict_nothing() {
        for (one, other, overlap) in [
            (("2021", "2024"), ("2024", ""), false),
            (("2021-03-01", "2024-05-10"), ("2024-05-11", ""), false),
            (("2021-03-01", "2024-05-10"), ("2024-05-10", ""), true),
            (("2021", ""), ("2024", ""), true),
            (("", "2024-05"), ("2024-04", ""), true),
            (("", "2024-05"), ("2024-05", ""), false),
        ] {
            let surely = |(from, to)| surely(&dated(from, to));
            let (one_span, other_span) = (surely(one), surely(other));
            let told = !one_span.is_broken() && !other_span.is_broken() && one_span.overlaps(&other_span);
            assert_eq!(told, overlap, "{one:?} {other:?}");
        }
        assert!(surely(&dated("2024", "2024")).is_broken() && check_dates(&dated("2024", "2024")).is_ok());
        assert_eq!(check_dates(&dated("2024-02", "2024-01")).map_err(|(field, _)| field), Err("valid_to"));
    }

    #[test]
    fn a_head_fits_its_mission() {
        use mission::Kind as Of;
        for (kind, of, fits) in [
            (Kind::Ambassador, Of::Embassy, true),
            (Kind::ConsulGeneral, Of::Embassy, false),
            (Kind::ConsulGeneral, Of::ConsulateGeneral, true),
            (Kind::PermanentRepresentative, Of::PermanentDelegation, true),
            (Kind::HeadOfOffice, Of::EconomicCulturalOffice, true),
            (Kind::Ambassador, Of::PermanentMission, false),
            (Kind::Deputy, Of::Consulate, true),
            (Kind::ChargeDAffaires, Of::Embassy, true),
        ] {
            assert_eq!(check_kind(kind, of).is_ok(), fits, "{kind:?} at {of:?}");
        }
    }

    #[test]
    fn nobody_is_appointed_beyond_the_life_of_a_mission() {
        let mission = Mission { opened_date: "2025".into(), closed_date: "2026-06-30".into(), ..Mission::default() };
        for (from, to, beyond) in [
            ("2025-10-10", "2026-06-30", false),
            ("2025", "2026", false),
            ("", "2026-06-30", false),
            ("2024-12-31", "2026-06-30", true),
            ("2025-10-10", "2026-07-01", true),
            ("2025-10-10", "", true),
        ] {
            assert_eq!(is_beyond(&dated(from, to), &mission), beyond, "{from} {to}");
        }
    }
}
