use std::collections::BTreeMap;

use super::specimen;
use crate::sample::v1::specimen::{Node, Place, Row, Sort};
use crate::sample::v1::{LabelSpecimenRequest, ListSpecimensRequest, Specimen};
use crate::{Validate, Violation};

/// What is wrong, as `field: description`.
fn wrong(message: &impl Validate) -> Vec<String> {
    message.violations().into_iter().map(|Violation { field, description }| format!("{field}: {description}")).collect()
}

fn edited(edit: impl FnOnce(&mut Specimen)) -> Vec<String> {
    let mut specimen = specimen();
    edit(&mut specimen);
    wrong(&specimen)
}

#[test]
fn a_specimen_without_fault_has_no_violations() {
    assert_eq!(wrong(&specimen()), [""; 0]);
}

type Edit = fn(&mut Specimen);

#[test]
fn each_broken_rule_names_its_field_and_says_what_to_do() {
    let long = || "x".repeat(2_001);
    let cases: &[(Edit, &str)] = &[
        (|it| it.title.clear(), "title: is required"),
        (|it| it.title = "Gò".into(), "title: must have at least 3 characters"),
        (|it| it.title = "ữ".repeat(21), "title: must have at most 20 characters"),
        (|it| it.code = "ABc".into(), "code: must match ^[A-Z]{3}$"),
        (|it| it.colour = "green".into(), "colour: must be one of: red, blue"),
        (|it| it.email = "an@".into(), "email: must be an e-mail address"),
        (|it| it.uri = "no uri".into(), "uri: must be an absolute URI"),
        (|it| it.uuid = "0190".into(), "uuid: must be a UUID"),
        (|it| it.found_date = "2025-02-30".into(), "found_date: must be a day that exists, written YYYY-MM-DD"),
        (|it| it.parent = "countries/LB".into(), "parent: must be a resource name of the form specimens/{id}"),
        (|it| it.subject = "LB".into(), "subject: must be a resource name: a collection, a slash and an id"),
        (|it| it.sort = 9, "sort: must be one of: FOUND, MADE; 9 is none of them"),
        (|it| it.sort = Sort::Lost as i32, "sort: must be one of: FOUND, MADE; 4 is none of them"),
        (|it| it.mass_grams = -5, "mass_grams: must be more than 0; it is -5"),
        (|it| it.mass_grams = 1_000_000, "mass_grams: must be less than 1000000; it is 1000000"),
        (|it| it.share = Some(1.5), "share: must be at most 1; it is 1.5"),
        (|it| it.share = Some(f64::NAN), "share: must be a finite number"),
        (|it| it.reading = f64::INFINITY, "reading: must be a finite number"),
        (|it| it.digit = 3, "digit: must be one of: 2, 4; it is 3"),
        (|it| it.tags = vec!["a".into(); 2], "tags[1]: a is there twice"),
        (|it| it.tags = vec!["longer".into()], "tags[0]: must have at most 5 characters"),
        (|it| it.tags = vec![String::new()], "tags[0]: is required"),
        (|it| it.tags = vec!["a".into(); 4], "tags: must have at most 3 items; it has 4"),
        (|it| it.sorts = vec![1, 7], "sorts[1]: must be one of: FOUND, MADE, LOST; 7 is none of them"),
        (|it| it.rows = vec![row(2000)], "rows: must have at least 2 items; it has 1"),
        (|it| it.rows = vec![row(2000), row(1900)], "rows[1].year: must be at least 1988; it is 1900"),
        (|it| it.labels = BTreeMap::from([("vi".into(), String::new())]), "labels[\"vi\"]: is required"),
        (|it| it.tables = BTreeMap::from([("a".into(), row(0))]), "tables[\"a\"].year: is required"),
        (
            |it| it.place = Some(Place::Inside("nowhere".into())),
            "inside: must be a resource name of the form specimens/{id}",
        ),
        (|it| it.place = Some(Place::Shelf(10)), "shelf: must be at most 9; it is 10"),
        (|it| it.place = Some(Place::Node(tree())), "node.children[0].next.label: is required"),
        (|it| it.at_time = Some(stamp(i64::MAX)), "at_time: must be an instant between the years 1 and 9999"),
        (
            |it| it.length = Some(prost_types::Duration { seconds: 1, nanos: -1 }),
            "length: must be a duration of at most 10,000 years",
        ),
        (
            |it| it.keeper = "countries/VN".into(),
            "keeper: must be a resource name of the form agencies/{id} or missions/{id} or localities/{id} or organizations/{id}",
        ),
        (|it| it.name = "specimens/".into(), "name: must be a resource name of the form specimens/{id}"),
    ];
    for (edit, expected) in cases {
        assert_eq!(edited(edit), [*expected]);
    }
    assert_eq!(edited(|it| it.r#type = long()), ["type: must have at most 2000 characters"]);
    assert_eq!(edited(|it| it.sorts = vec![1; 1_001]), ["sorts: must have at most 1000 items; it has 1001"]);
}

fn row(year: i32) -> Row {
    Row { year, seen_time: None }
}

fn stamp(seconds: i64) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds, nanos: 0 }
}

/// A tree whose only fault is deep inside.
fn tree() -> Node {
    let named = |next: Option<Node>| Node { label: "node".into(), children: vec![], next: next.map(Box::new) };
    Node { label: "root".into(), children: vec![named(Some(Node::default()))], next: None }
}

#[test]
fn what_keeps_the_rules_passes() {
    let cases: &[Edit] = &[
        |it| it.title = "Ữữữ".into(),
        |it| it.code = "ABC".into(),
        |it| it.share = Some(0.0),
        |it| it.share = Some(1.0),
        |it| it.email = "lanh.su@mofa.gov.vn".into(),
        |it| it.uri = "https://mofa.gov.vn/a?b=%C3%A0".into(),
        |it| it.uuid = "0190f5c8-7f3a-7cc4-9d2b-1f1a2b3c4d5e".into(),
        |it| it.subject = "tradeAgreements/evfta".into(),
        |it| it.keeper = "missions/vn-in-emb".into(),
        |it| it.rows = vec![row(1988), row(2100)],
        |it| it.labels = BTreeMap::from([("vi".into(), "tên".into())]),
        |it| it.place = Some(Place::Shelf(0)),
        |it| it.at_time = Some(stamp(-62_135_596_800)),
        |it| it.mass_grams = 0,
        |it| it.sort = 0,
    ];
    for edit in cases {
        assert_eq!(edited(edit), [""; 0]);
    }
}

#[test]
fn an_optional_value_is_bounded_even_where_it_is_zero() {
    let mut request = label();
    request.certainty = Some(-1);
    assert_eq!(wrong(&request), ["certainty: must be at least 0; it is -1"]);
    request.certainty = Some(0);
    assert_eq!(wrong(&request), [""; 0]);
}

#[test]
fn everything_required_is_missed_at_once() {
    let missing: Vec<String> = wrong(&LabelSpecimenRequest::default());
    assert_eq!(
        missing,
        [
            "name: is required",
            "label: is required",
            "meant: is required",
            "proof: is required",
            "certainty: is required",
            "reasons: is required",
            "sort: is required: one of FOUND, MADE, LOST",
            "count: is required",
            "at_time: is required",
        ]
    );
    assert_eq!(wrong(&label()), [""; 0]);
}

fn label() -> LabelSpecimenRequest {
    LabelSpecimenRequest {
        name: "specimens/a".into(),
        label: "a".into(),
        meant: true,
        proof: prost::bytes::Bytes::from_static(b"p"),
        certainty: Some(100),
        reasons: vec!["because".into()],
        sort: Sort::Found as i32,
        count: 1,
        at_time: Some(stamp(0)),
    }
}

#[test]
fn bounds_of_lists_hold() {
    let request = ListSpecimensRequest { page_size: -1, as_of: "2025-6-1".into(), ..Default::default() };
    assert_eq!(
        wrong(&request),
        ["page_size: must be at least 0; it is -1", "as_of: must be a day that exists, written YYYY-MM-DD"]
    );
}

#[test]
fn only_requests_are_checked_on_arrival() {
    const { assert!(LabelSpecimenRequest::IS_REQUEST) };
    const { assert!(!Specimen::IS_REQUEST) };
}

#[test]
fn what_only_the_server_sets_is_emptied_also_inside() {
    let seen = Row { year: 2000, seen_time: Some(stamp(1)) };
    let mut it = Specimen {
        overdue: true,
        create_time: Some(stamp(1)),
        rows: vec![seen],
        tables: BTreeMap::from([("a".into(), seen)]),
        place: Some(Place::Row(seen)),
        ..specimen()
    };
    it.clear_output_only();
    let bare = row(2000);
    assert!(!it.overdue && it.create_time.is_none());
    assert_eq!(it.rows, [bare]);
    assert_eq!(it.tables["a"], bare);
    assert_eq!(it.place, Some(Place::Row(bare)));
}
