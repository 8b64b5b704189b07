use super::*;
use api::registry::v1::{LocalityPeriod, LocalityShare};

const DAY: &str = "2025-07-01";
const EVE: &str = "2025-06-30";

fn pair(name: &str, kind: Kind, unit: &str, country: &str, foreign: &[&str]) -> Partnership {
    let counterpart =
        |name: &&str| PartnershipCounterpart { foreign_locality: (*name).into(), ..PartnershipCounterpart::default() };
    Partnership {
        name: format!("partnerships/{name}"),
        kind: kind as i32,
        country: format!("countries/{country}"),
        holders: vec![PartnershipHolder { locality: unit.into(), ..PartnershipHolder::default() }],
        counterparts: foreign.iter().map(counterpart).collect(),
        owner: unit.into(),
        ..Partnership::default()
    }
}

fn step(predecessor: &str, successor: &str, kind: locality_succession::Kind) -> LineageStep {
    LineageStep {
        predecessor: predecessor.into(),
        successor: successor.into(),
        effective_date: DAY.into(),
        kind: kind as i32,
        legal_basis: "202/2025/QH15".into(),
        ..LineageStep::default()
    }
}

fn merge(predecessor: &str, successor: &str) -> LineageStep {
    step(predecessor, successor, locality_succession::Kind::Merge)
}

fn split(predecessor: &str, successor: &str, share: i32) -> LineageStep {
    let share = LocalityShare {
        measure: locality_share::Measure::Area as i32,
        parts_per_ten_thousand: share,
        ..LocalityShare::default()
    };
    LineageStep { shares: vec![share], ..step(predecessor, successor, locality_succession::Kind::Split) }
}

fn unit(name: &str, from: &str, to: &str, borders: &[&str]) -> Locality {
    let period = LocalityPeriod {
        valid_from: from.into(),
        valid_to: to.into(),
        border_countries: borders.iter().map(|country| format!("countries/{country}")).collect(),
        ..LocalityPeriod::default()
    };
    Locality { name: name.into(), periods: vec![period], ..Locality::default() }
}

fn holders(partnership: &Partnership) -> Vec<(&str, &str, &str)> {
    partnership.holders.iter().map(|it| (it.locality.as_str(), it.valid_from.as_str(), it.valid_to.as_str())).collect()
}

#[test]
fn what_a_merged_unit_holds_goes_over_and_its_history_stays() {
    let before = [pair("ha-giang-cn", Kind::BorderPair, "localities/ha-giang", "CN", &["guangxi", "yunnan"])];
    let after = hand_over(&before, &[merge("localities/ha-giang", "localities/tuyen-quang")], &[]);
    let [pair] = after.as_slice() else { panic!("{after:?}") };
    assert_eq!(holders(pair), [("localities/ha-giang", "", EVE), ("localities/tuyen-quang", DAY, "")]);
    assert_eq!(pair.holders[1].predecessor, "localities/ha-giang");
    assert_eq!(pair.holders[1].legal_basis, "202/2025/QH15");
    assert_eq!((pair.owner.as_str(), pair.counterparts.len()), ("localities/tuyen-quang", 2));
    assert_eq!(hand_over(&after, &[merge("localities/ha-giang", "localities/tuyen-quang")], &[]), [], "once");
}

#[test]
fn of_two_pairs_with_one_country_that_of_the_same_name_continues() {
    let before = [
        pair("quang-binh-la", Kind::BorderPair, "localities/quang-binh", "LA", &["khammouane", "savannakhet"]),
        pair("quang-tri-la", Kind::BorderPair, "localities/quang-tri-2025", "LA", &["savannakhet", "salavan"]),
    ];
    let steps = [
        merge("localities/quang-binh", "localities/quang-tri"),
        merge("localities/quang-tri-2025", "localities/quang-tri"),
    ];
    let after = hand_over(&before, &steps, &[]);
    let [ended, continuing] = after.as_slice() else { panic!("{after:?}") };
    assert_eq!(holders(ended), [("localities/quang-binh", "", EVE)]);
    assert_eq!((ended.end_date.as_str(), ended.continued_by.as_str()), (EVE, "partnerships/quang-tri-la"));
    assert!(ended.counterparts.iter().all(|counterpart| counterpart.valid_to == EVE), "{ended:?}");
    assert_eq!(holders(continuing), [("localities/quang-tri-2025", "", EVE), ("localities/quang-tri", DAY, "")]);
    let foreign: Vec<_> = continuing
        .counterparts
        .iter()
        .map(|it| (it.foreign_locality.as_str(), it.valid_from.as_str(), it.partnership.as_str()))
        .collect();
    assert_eq!(
        foreign,
        [("savannakhet", "", ""), ("salavan", "", ""), ("khammouane", DAY, "partnerships/quang-binh-la")]
    );
    assert_eq!(hand_over(&after, &steps, &[]), [], "once");
}

#[test]
fn what_the_unit_held_already_continues() {
    let before = [
        pair("a", Kind::BorderPair, "localities/a", "LA", &["x"]),
        pair("z", Kind::BorderPair, "localities/z", "LA", &["y"]),
    ];
    let after = hand_over(&before, &[merge("localities/a", "localities/z")], &[]);
    assert_eq!(after[0].continued_by, "partnerships/z");
    assert_eq!(holders(&after[1]), [("localities/z", "", "")]);
    assert_eq!(after[1].counterparts.len(), 2);
}

#[test]
fn agreements_and_pairs_with_other_countries_stay_apart() {
    let before = [
        pair("kon-tum-la", Kind::BorderPair, "localities/kon-tum", "LA", &[]),
        pair("kon-tum-kh", Kind::BorderPair, "localities/kon-tum", "KH", &[]),
        pair("t1", Kind::Twinning, "localities/kon-tum", "LA", &["attapeu"]),
        pair("t2", Kind::Twinning, "localities/quang-ngai-2025", "LA", &["attapeu"]),
    ];
    let steps = [
        merge("localities/kon-tum", "localities/quang-ngai"),
        merge("localities/quang-ngai-2025", "localities/quang-ngai"),
    ];
    let after = hand_over(&before, &steps, &[]);
    assert_eq!(after.len(), 4);
    assert!(after.iter().all(|it| it.continued_by.is_empty() && it.holders[1].locality == "localities/quang-ngai"));
}

#[test]
fn a_split_goes_to_the_border_then_to_the_larger_part_then_to_the_name() {
    let border = pair("p", Kind::BorderPair, "localities/a", "CN", &[]);
    let twinning = pair("t", Kind::Twinning, "localities/a", "CN", &[]);
    let units = [
        unit("localities/a", "", EVE, &["CN"]),
        unit("localities/a-2030", DAY, "", &[]),
        unit("localities/b", DAY, "", &["CN"]),
        unit("localities/c", DAY, "", &["CN"]),
    ];
    for (steps, of_border, of_twinning) in [
        ([("a-2030", 6000), ("b", 1000), ("c", 3000)], "localities/c", "localities/a-2030"),
        ([("a-2030", 0), ("b", 0), ("c", 0)], "localities/b", "localities/a-2030"),
        ([("a-2030", 2000), ("b", 5000), ("c", 3000)], "localities/b", "localities/b"),
    ] {
        let steps = steps.map(|(to, share)| split("localities/a", &format!("localities/{to}"), share));
        let after = hand_over(&[border.clone(), twinning.clone()], &steps, &units);
        let got: Vec<_> = after.iter().map(|it| it.holders[1].locality.as_str()).collect();
        assert_eq!(got, [of_border, of_twinning]);
    }
}

#[test]
fn a_unit_that_gives_off_a_part_keeps_what_it_holds() {
    let before = [pair("p", Kind::BorderPair, "localities/a", "CN", &[])];
    let units = [unit("localities/a", "", "", &["CN"]), unit("localities/b", DAY, "", &["CN"])];
    assert_eq!(hand_over(&before, &[split("localities/a", "localities/b", 3000)], &units), []);
}

#[test]
fn what_is_over_stays_where_it_was() {
    let ended = Partnership { end_date: "2024-12-31".into(), ..pair("p", Kind::Twinning, "localities/a", "CN", &[]) };
    assert_eq!(hand_over(&[ended], &[merge("localities/a", "localities/b")], &[]), []);
}

#[test]
fn names_differ_by_a_year_only() {
    for (one, other, same) in [
        ("localities/quang-tri-2025", "localities/quang-tri", true),
        ("localities/quang-binh", "localities/quang-tri", false),
        ("localities/an-giang", "localities/an-giang", true),
        ("localities/ha-nam", "localities/ha-noi", false),
    ] {
        assert_eq!(same_name(one, other), same, "{one} {other}");
    }
}
