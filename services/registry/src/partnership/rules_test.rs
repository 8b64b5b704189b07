use std::time::SystemTime;

use super::*;
use chrono::Utc;

pub fn holder_of(locality: &str, from: &str, to: &str) -> PartnershipHolder {
    PartnershipHolder {
        locality: locality.into(),
        valid_from: from.into(),
        valid_to: to.into(),
        ..PartnershipHolder::default()
    }
}

fn term_of(signed: &str, from: &str, to: &str) -> PartnershipTerm {
    PartnershipTerm {
        signed_date: signed.into(),
        effective_date: from.into(),
        expire_date: to.into(),
        document: "Bản ghi nhớ".into(),
        ..PartnershipTerm::default()
    }
}

fn twinning(terms: &[(&str, &str, &str)]) -> Partnership {
    Partnership {
        holders: vec![holder_of("localities/hue", "2020-01-01", "")],
        terms: terms.iter().map(|(signed, from, to)| term_of(signed, from, to)).collect(),
        ..Partnership::default()
    }
}

#[test]
fn how_it_stands_is_told_by_what_was_agreed_by_the_day() {
    let renewed = twinning(&[("2020-01-01", "", "2024-12-31"), ("2024-12-01", "2025-01-01", "2029-12-31")]);
    for (day, status) in [
        ("2019-12-31", Status::Planned),
        ("2020-01-01", Status::Active),
        ("2024-10-01", Status::Active),
        ("2024-10-02", Status::Expiring),
        ("2024-11-30", Status::Expiring),
        ("2024-12-01", Status::Active),
        ("2025-01-01", Status::Active),
        ("2029-12-31", Status::Expiring),
        ("2030-01-01", Status::Expired),
    ] {
        assert_eq!(super::status(&renewed, day.parse().unwrap()), status, "{day}");
    }
    let ended = Partnership { end_date: "2026-03-31".into(), ..renewed };
    for (day, status) in [("2026-03-31", Status::Active), ("2026-04-01", Status::Ended)] {
        assert_eq!(super::status(&ended, day.parse().unwrap()), status, "{day}");
    }
}

#[test]
fn without_an_end_nothing_expires() {
    for terms in [&[][..], &[("2020-01-01", "", "")]] {
        let partnership = twinning(terms);
        assert_eq!(status(&partnership, "2090-01-01".parse().unwrap()), Status::Active);
        assert_eq!(expiry(&partnership), None);
    }
}

#[test]
fn a_term_signed_for_later_does_not_hold_yet() {
    let partnership = twinning(&[("2020-01-01", "2020-06-01", "2025-05-31")]);
    assert_eq!(status(&partnership, "2020-03-01".parse().unwrap()), Status::Planned);
    assert_eq!(term(&partnership, "2020-03-01").unwrap().expire_date, "2025-05-31");
    assert_eq!(expiry(&partnership), Some("2025-05-31".parse().unwrap()));
}

#[test]
fn the_nearest_holder_and_foreign_side_are_shown() {
    let partnership = Partnership {
        holders: vec![
            holder_of("localities/ha-giang", "2008-08-01", "2025-06-30"),
            holder_of("localities/tuyen-quang", "2025-07-01", ""),
        ],
        counterparts: vec![
            PartnershipCounterpart { foreign_locality: "b".into(), ..Default::default() },
            PartnershipCounterpart {
                foreign_locality: "a".into(),
                valid_from: "2025-07-01".into(),
                ..Default::default()
            },
        ],
        end_date: "2027-01-31".into(),
        ..Partnership::default()
    };
    for (day, locality, foreign) in [
        ("1990-01-01", "localities/ha-giang", &["b"][..]),
        ("2025-06-30", "localities/ha-giang", &["b"]),
        ("2025-07-01", "localities/tuyen-quang", &["a", "b"]),
        ("2030-01-01", "localities/tuyen-quang", &["a", "b"]),
    ] {
        assert_eq!(holder(&partnership, day).unwrap().locality, locality, "{day}");
        assert_eq!(foreign_localities(&partnership, day), foreign, "{day}");
    }
    assert_eq!(life(&partnership), Span::of("2008-08-01", "2027-01-31"));
}

#[test]
fn contradicting_dates_are_told() {
    let held = |holders: &[(&str, &str)]| Partnership {
        holders: holders.iter().map(|(from, to)| holder_of("localities/hue", from, to)).collect(),
        ..Partnership::default()
    };
    let foreign = |spans: &[(&str, &str)]| Partnership {
        counterparts: spans
            .iter()
            .map(|(from, to)| PartnershipCounterpart {
                foreign_locality: "foreignLocalities/la-salavan".into(),
                valid_from: (*from).into(),
                valid_to: (*to).into(),
                ..Default::default()
            })
            .collect(),
        ..held(&[("", "")])
    };
    for (partnership, good) in [
        (held(&[("2008", "2025-06-30"), ("2025-07-01", "")]), true),
        (held(&[("2008", "2025-06-30"), ("2025-07-02", "")]), false),
        (held(&[("2008", ""), ("2025-07-01", "")]), false),
        (held(&[("2025", "2024")]), false),
        (foreign(&[("", "2025-06-30"), ("2025-07-01", "")]), true),
        (foreign(&[("", "2025-07-01"), ("2025-07-01", "")]), false),
        (foreign(&[("2025", "2024")]), false),
        (twinning(&[("2020-01-01", "", "2024-12-31"), ("2024-12-01", "2025-01-01", "2029-12-31")]), true),
        (twinning(&[("2020-01-01", "", "2024-12-31"), ("2020-06-01", "", "2023-12-31")]), false),
        (twinning(&[("2020-01-01", "", ""), ("2024-06-01", "", "2029-12-31")]), false),
        (twinning(&[("2020-01-01", "", "2019-12-31")]), false),
        (twinning(&[("", "", "2029-12-31")]), false),
        (Partnership { end_date: "2019-12-31".into(), ..twinning(&[]) }, false),
    ] {
        assert_eq!(check(&partnership).is_ok(), good, "{partnership:?}: {:?}", check(&partnership));
    }
}

#[test]
fn the_end_of_a_term_is_told_unless_it_had_passed_or_matters_no_more() {
    let recorded = |day: &str| Partnership {
        create_time: Some(
            SystemTime::from(format!("{day}T03:00:00Z").parse::<DateTime<Utc>>().expect("an instant")).into(),
        ),
        ..twinning(&[("2020-01-01", "", "2026-12-31")])
    };
    let told = |partnership: &Partnership| {
        passings(partnership).iter().map(|it| (it.day.to_string(), it.tells)).collect::<Vec<_>>()
    };
    let expiring = ("2026-10-01".to_owned(), "partnership.expiring");
    let expired = ("2026-12-31".to_owned(), "partnership.expired");
    assert_eq!(told(&recorded("2026-10-01")), [expiring, expired.clone()]);
    assert_eq!(told(&recorded("2026-10-02")), [expired]);
    assert_eq!(told(&recorded("2027-01-01")), []);
    assert_eq!(told(&Partnership { end_date: "2026-06-30".into(), ..recorded("2026-01-01") }), []);
    // The day after the first of these it is said to expire, as its status does.
    assert_eq!(status(&recorded("2026-01-01"), "2026-10-01".parse().unwrap()), Status::Active);
    assert_eq!(status(&recorded("2026-01-01"), "2026-10-02".parse().unwrap()), Status::Expiring);
}
