use std::collections::HashSet;

use prost_reflect::DescriptorPool;

use crate::contract::Contract;
use crate::{Body, Verb, comment_of_enum_value, comment_of_field, comment_of_message};

fn sample() -> Contract {
    let bytes: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.sample.bin"));
    Contract::read(&DescriptorPool::decode(bytes).expect("a descriptor set"))
}

#[test]
fn an_rpc_tells_all_about_itself() {
    let contract = sample();
    let get = contract.method("/ngkt.sample.v1.SpecimenService/GetSpecimen").expect("it is there");
    assert_eq!((get.service.as_str(), get.role.as_str()), ("ngkt.sample.v1.SpecimenService", "sample"));
    assert_eq!((get.package.as_str(), get.name.as_str()), ("ngkt.sample.v1", "GetSpecimen"));
    assert!(get.access.public && get.change.is_none() && get.failures.is_empty());
    assert_eq!(get.routes[0].template.to_string(), "/v1/{name=specimens/*}");
    assert_eq!(get.resource.as_ref().expect("a resource").collection, "specimens");

    let label = contract.method("/ngkt.sample.v1.SpecimenService/LabelSpecimen").expect("it is there");
    assert_eq!((label.verb, label.change.as_deref()), (Verb::Custom, Some("specimen.labelled")));
    let reasons: Vec<(&str, tonic::Code)> = label.failures.iter().map(|it| (it.reason.as_str(), it.code)).collect();
    assert_eq!(reasons, [("LABEL_TAKEN", tonic::Code::AlreadyExists), ("RETIRED", tonic::Code::FailedPrecondition)]);
    assert_eq!(label.routes.len(), 2);
    assert_eq!((&label.routes[1].http, &label.routes[1].body), (&http::Method::PUT, &Body::Whole));
}

#[test]
fn standard_verbs_are_known_by_name_and_form() {
    let contract = sample();
    let of = |name: &str| {
        let method = contract.method(&format!("/ngkt.sample.v1.SpecimenService/{name}")).expect("it is there");
        (method.verb, method.change.clone().unwrap_or_default())
    };
    assert_eq!(of("GetSpecimen"), (Verb::Get, String::new()));
    assert_eq!(of("ListSpecimens"), (Verb::List, String::new()));
    assert_eq!(of("CreateSpecimen"), (Verb::Create, "specimen.created".to_owned()));
    assert_eq!(of("UpdateSpecimen"), (Verb::Update, "specimen.updated".to_owned()));
    assert_eq!(of("RetireSpecimen"), (Verb::Retire, "specimen.retired".to_owned()));
}

#[test]
fn the_contract_is_whole_and_every_part_of_it_is_readable() {
    let contract = crate::contract();
    assert!(contract.methods().count() > 10);
    assert!(contract.methods().all(|method| method.role != "sample" && !method.comment.is_empty()));
    let collections: HashSet<&str> = contract.resources().map(|resource| resource.collection.as_str()).collect();
    assert_eq!(collections.len(), contract.resources().count());
    let country = contract.resource_of_collection("countries").expect("the exemplar");
    assert_eq!(country.type_name, "ngkt.vn/Country");
    assert!(comment_of_message(&country.message).starts_with("A country"));
    let code = country.message.get_field_by_name("alpha3_code").expect("it has one");
    assert_eq!(comment_of_field(&code), "ISO 3166-1 alpha-3 code.");
    let circle = crate::pool().get_enum_by_name("ngkt.type.v1.Audience.Circle").expect("it is there");
    let public = circle.get_value_by_name("PUBLIC").expect("it is there");
    assert_eq!(comment_of_enum_value(&public), "Everybody, without a token.");
}

#[test]
fn details_of_errors_can_be_read_from_the_pool() {
    for name in ["Status", "BadRequest", "ErrorInfo", "RetryInfo"] {
        assert!(crate::pool().get_message_by_name(&format!("google.rpc.{name}")).is_some(), "{name}");
    }
}
