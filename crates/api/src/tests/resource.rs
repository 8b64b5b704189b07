use prost_types::FieldMask;

use super::specimen;
use crate::sample::v1::{CreateSpecimenRequest, ListSpecimensRequest, Specimen, UpdateSpecimenRequest};
use crate::sample::v1::{ListSpecimensResponse, SpecimenFailure, specimen::Place};
use crate::{CreateRequest, Failure, ListRequest, Resource, UnknownField, UpdateRequest, Validate};

#[test]
fn a_resource_knows_its_names() {
    assert_eq!(Specimen::SINGULAR, "specimen");
    assert_eq!(Specimen::COLLECTION, "specimens");
    assert_eq!(Specimen::TYPE, "ngkt.vn/Specimen");
    assert_eq!(Specimen::IMMUTABLE, ["sort"]);
    assert!(!Specimen::WRITABLE.contains(&"overdue") && Specimen::WRITABLE.contains(&"owner"));
    let mut it = specimen();
    assert_eq!(it.id(), "");
    it.set_name("specimens/a-1".into());
    assert_eq!(it.id(), "a-1");
    assert_eq!(<Specimen as prost::Name>::type_url(), "type.googleapis.com/ngkt.sample.v1.Specimen");
}

#[test]
fn fields_are_copied_and_compared_by_their_proto_names() {
    let before = specimen();
    let mut after = before.clone();
    after.share = Some(0.0);
    after.r#type = "stone".into();
    after.place = Some(Place::Shelf(0));
    assert_eq!(before.fields_set(), ["title", "owner"]);
    assert_eq!(after.fields_changed(&before), ["share", "shelf", "type"]);
    assert_eq!(after.fields_set(), ["title", "share", "shelf", "type", "owner"]);
    let mut copy = before.clone();
    for path in ["share", "type", "shelf"] {
        copy.copy_field(path, &after).expect("it has the field");
    }
    assert_eq!(copy, after);
    for path in ["create_time", "etag", "name", "nothing", "title.length"] {
        assert_eq!(copy.copy_field(path, &after), Err(UnknownField(path.to_owned())));
    }
}

#[test]
fn the_requests_of_standard_verbs_give_what_they_hold() {
    let list = ListSpecimensRequest { page_size: 3, as_of: "2025-07-01".into(), ..Default::default() };
    assert_eq!((list.page_size(), list.q(), list.show_retired(), list.as_of()), (3, "", false, "2025-07-01"));
    let page: ListSpecimensResponse = ListSpecimensRequest::respond(vec![specimen()], "next".into());
    assert_eq!((page.specimens.len(), page.next_page_token.as_str()), (1, "next"));
    let create = CreateSpecimenRequest { specimen: Some(specimen()), specimen_id: "a".into() };
    assert_eq!(create.take(), (specimen(), "a".to_owned()));
    assert_eq!(update(specimen(), &["title"]).take().1, ["title"]);
}

fn update(specimen: Specimen, paths: &[&str]) -> UpdateSpecimenRequest {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    UpdateSpecimenRequest { specimen: Some(specimen), update_mask: Some(FieldMask { paths }) }
}

fn fields(request: &UpdateSpecimenRequest) -> Vec<String> {
    request.violations().into_iter().map(|violation| violation.field).collect()
}

#[test]
fn an_update_is_held_to_the_rules_of_what_it_changes() {
    let named = Specimen { name: "specimens/a".into(), ..Default::default() };
    assert_eq!(fields(&update(named.clone(), &["code"])), [""; 0]);
    assert_eq!(fields(&update(named.clone(), &["title"])), ["specimen.title"]);
    assert_eq!(fields(&update(named.clone(), &[])), [""; 0]);
    let broken = Specimen { code: "abc".into(), tags: vec![String::new()], ..named.clone() };
    assert_eq!(fields(&update(broken.clone(), &[])), ["specimen.code", "specimen.tags[0]"]);
    assert_eq!(fields(&update(broken, &["tags"])), ["specimen.tags[0]"]);
    assert_eq!(fields(&update(Specimen { name: "a".into(), ..named.clone() }, &["code"])), ["specimen.name"]);
    assert_eq!(fields(&update(specimen(), &["code"])), ["specimen.name"]);
    assert_eq!(fields(&UpdateSpecimenRequest::default()), ["specimen"]);
}

#[test]
fn a_mask_names_fields_that_can_be_changed() {
    let named = Specimen { name: "specimens/a".into(), ..specimen() };
    let request = update(named, &["title", "audience.circle", "overdue", "*"]);
    assert_eq!(fields(&request), ["update_mask.paths[1]", "update_mask.paths[2]", "update_mask.paths[3]"]);
    let told = &request.violations()[0].description;
    assert_eq!(told, "audience.circle is inside audience, which can only be changed as a whole");
}

#[test]
fn a_name_that_comes_with_a_new_record_means_nothing() {
    let named = Specimen { name: "no name".into(), ..specimen() };
    let mut request = CreateSpecimenRequest { specimen: Some(named), ..Default::default() };
    request.clear_output_only();
    assert_eq!(request.violations(), []);
    assert_eq!(request.take().0.name, "");
}

#[test]
fn failures_tell_their_sentence() {
    let rule = SpecimenFailure::LabelTaken.rule();
    assert_eq!((rule.reason, rule.code), ("LABEL_TAKEN", tonic::Code::AlreadyExists));
    let filled = rule.sentence(|word| (word == "label").then_some("red"));
    assert_eq!(filled, "red is the label of {name}");
    assert_eq!(SpecimenFailure::Unspecified.rule(), crate::Rule::INTERNAL);
}
