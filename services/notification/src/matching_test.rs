//! The rules of matching, as tables.

use super::*;
use api::shared::v1::audience::Circle;
use prost_types::Timestamp;

/// One region with a member, and one unit that went into it.
struct RedRiverDelta;

impl Places for RedRiverDelta {
    fn has_member(&self, region: &str, day: NaiveDate, places: &BTreeSet<String>) -> bool {
        let since = NaiveDate::from_ymd_opt(2025, 7, 1).expect("a day");
        region == "regions/dbsh" && day >= since && places.contains("localities/quang-ninh")
    }

    fn has_heir(&self, locality: &str, day: NaiveDate, places: &BTreeSet<String>) -> bool {
        let since = NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day");
        locality == "localities/mong-cai" && day >= since && places.contains("localities/quang-ninh")
    }
}

/// A commitment of Quảng Ninh, made on an engagement in India, that the embassy there recorded and may read.
fn commitment() -> Facts {
    Facts {
        service: "events",
        change_type: "commitment.fulfilled".into(),
        time: "2026-11-22T05:00:00Z".parse().expect("a time"),
        now: "2026-11-22T05:00:02Z".parse().expect("a time"),
        read_until: None,
        owner: "localities/quang-ninh".into(),
        audience: readers(Circle::Owner),
        about: names(["commitments/1", "engagements/1", "countries/IN", "localities/quang-ninh", "agencies/g12"]),
    }
}

/// The circle, and the embassy in India.
fn readers(circle: Circle) -> v1::Audience {
    v1::Audience { circle: circle.into(), organizations: list(&["missions/vn-in-emb"]) }
}

fn country() -> Facts {
    Facts {
        service: "registry",
        change_type: "country.updated".into(),
        audience: v1::Audience { circle: Circle::Public.into(), organizations: vec![] },
        owner: "agencies/g08".into(),
        about: names(["countries/IN"]),
        ..commitment()
    }
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn of(owner: &str) -> Subscription {
    let create_time = Some(Timestamp { seconds: 1_700_000_000, nanos: 0 });
    Subscription { owner: owner.into(), inbox: true, create_time, ..Default::default() }
}

fn told(subscription: Subscription, facts: &Facts) -> bool {
    !Rules::of([subscription]).audience(facts, &RedRiverDelta).inboxes.is_empty()
}

#[test]
fn an_organization_is_told_what_concerns_it_and_never_what_it_may_not_see() {
    let visible = |owner: &str| Subscription { reach: Reach::Visible.into(), ..of(owner) };
    let government = Facts { audience: readers(Circle::Government), ..commitment() };
    let unmarked = Facts { audience: readers(Circle::Unspecified), ..commitment() };
    let public = Facts { audience: readers(Circle::Public), ..commitment() };
    for (subscription, facts, expected, why) in [
        (of("localities/quang-ninh"), commitment(), true, "its own"),
        (of("missions/vn-in-emb"), commitment(), true, "a named reader"),
        (of("agencies/g12"), commitment(), false, "named in it, but may not see it"),
        (of("agencies/g12"), government.clone(), true, "named in it and may see it"),
        (of("agencies/g22"), government.clone(), false, "may see it, but it does not concern it"),
        (visible("agencies/g22"), government.clone(), true, "wants all that it may see"),
        (visible("localities/ha-noi"), commitment(), false, "wants all, but may not see it"),
        (visible("organizations/fpt"), government, false, "not of the government"),
        (visible("organizations/fpt"), public, true, "public"),
        (visible("agencies/g22"), unmarked.clone(), false, "a change without a circle"),
        (of("localities/quang-ninh"), unmarked, true, "its own, without a circle"),
        (of("localities/quang-ninh"), country(), false, "public, but does not concern it"),
        (visible("localities/quang-ninh"), country(), true, "public"),
    ] {
        assert_eq!(told(subscription, &facts), expected, "{why}");
    }
}

#[test]
fn a_type_is_named_itself_or_by_its_resource() {
    for (change_types, expected) in [
        (list(&[]), true),
        (list(&["commitment.fulfilled"]), true),
        (list(&["commitment.*"]), true),
        (list(&["lead.*", "commitment.*"]), true),
        (list(&["commitment.overdue"]), false),
        (list(&["commit.*"]), false),
        (list(&["lead.*"]), false),
    ] {
        let subscription = Subscription { change_types: change_types.clone(), ..of("localities/quang-ninh") };
        assert_eq!(told(subscription, &commitment()), expected, "{change_types:?}");
    }
}

#[test]
fn places_are_alternatives_and_stand_beside_types_and_services() {
    let base = || of("localities/quang-ninh");
    let (india, japan) = (list(&["countries/IN"]), list(&["countries/JP"]));
    for (subscription, expected, why) in [
        (Subscription { countries: india.clone(), ..base() }, true, "the country"),
        (Subscription { countries: japan.clone(), ..base() }, false, "another country"),
        (
            Subscription { countries: japan.clone(), localities: list(&["localities/quang-ninh"]), ..base() },
            true,
            "another country, or this locality",
        ),
        (Subscription { regions: list(&["regions/dbsh"]), ..base() }, true, "the locality's region"),
        (Subscription { regions: list(&["regions/tnb"]), ..base() }, false, "another region"),
        (
            Subscription { countries: india.clone(), change_types: list(&["lead.*"]), ..base() },
            false,
            "the country, but another type",
        ),
        (Subscription { countries: india, services: list(&["events"]), ..base() }, true, "country and service"),
        (Subscription { services: list(&["registry", "investment"]), ..base() }, false, "other services"),
    ] {
        assert_eq!(told(subscription, &commitment()), expected, "{why}");
    }
}

#[test]
fn what_a_unit_became_is_heard_of_from_that_day_on() {
    let subscription = Subscription { localities: list(&["localities/mong-cai"]), ..of("localities/quang-ninh") };
    for (time, expected) in [("2026-10-31T12:00:00Z", false), ("2026-10-31T18:00:00Z", true)] {
        let facts = Facts { time: time.parse().expect("a time"), ..commitment() };
        assert_eq!(told(subscription.clone(), &facts), expected, "{time}");
    }
}

#[test]
fn membership_of_a_region_is_that_of_the_day() {
    let subscription = Subscription { regions: list(&["regions/dbsh"]), ..of("localities/quang-ninh") };
    // Six in the evening of UTC on 30 June is 1 July in Viet Nam.
    for (time, expected) in [("2025-06-30T16:00:00Z", false), ("2025-06-30T18:00:00Z", true)] {
        let facts = Facts { time: time.parse().expect("a time"), ..commitment() };
        assert_eq!(told(subscription.clone(), &facts), expected, "{time}");
    }
}

#[test]
fn a_subscription_starts_when_it_is_made_and_rests_while_it_is_paused() {
    let facts = commitment();
    let at = |seconds: i64| {
        let create_time = Some(Timestamp { seconds: facts.time.timestamp() + seconds, nanos: 0 });
        Subscription { create_time, ..of("localities/quang-ninh") }
    };
    assert!(told(at(-1), &facts));
    assert!(told(at(0), &facts));
    assert!(!told(at(1), &facts));
    assert!(!told(at(4), &facts), "made while it is matched");
    assert!(told(at(5), &facts), "made before the clock fell back");
    let after = |seconds| Facts { read_until: Some(facts.time + chrono::TimeDelta::seconds(seconds)), ..facts.clone() };
    assert!(!told(at(1), &after(2)), "at work while the log was read");
    assert!(told(at(1), &after(3)), "written after what was read, by a clock that is behind");
    assert!(!told(Subscription { paused: true, ..at(-1) }, &facts));
}

#[test]
fn an_endpoint_is_told_once_however_many_subscriptions_match() {
    let one = Subscription { endpoint: "endpoints/1".into(), inbox: false, ..of("localities/quang-ninh") };
    let all = Subscription { reach: Reach::Visible.into(), inbox: true, ..one.clone() };
    let other = Subscription { endpoint: "endpoints/2".into(), ..one.clone() };
    let told = Rules::of([one.clone(), one, all, other]).audience(&commitment(), &RedRiverDelta);
    let owner = || "localities/quang-ninh".to_owned();
    assert_eq!(told.endpoints, [("endpoints/1".into(), owner()), ("endpoints/2".into(), owner())].into());
    assert_eq!(told.inboxes, [owner()].into());
}
