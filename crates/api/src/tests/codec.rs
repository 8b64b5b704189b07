use prost::Message;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;

use super::specimen;
use crate::codec::{invalid, read};
use crate::sample::v1::specimen_service_client::SpecimenServiceClient;
use crate::sample::v1::specimen_service_server::{SpecimenService, SpecimenServiceServer};
use crate::sample::v1::{
    CreateSpecimenRequest, GetSpecimenRequest, LabelSpecimenRequest, ListSpecimensRequest, ListSpecimensResponse,
    RetireSpecimenRequest, Specimen, UpdateSpecimenRequest, specimen::Row,
};
use crate::{Validate, Violation};

fn refused<D: Message + Default + Validate + std::fmt::Debug>(bytes: &[u8]) -> (String, String) {
    let status = read::<D>(bytes).expect_err("it is broken");
    assert_eq!(status.code(), Code::InvalidArgument);
    let fields = status.get_error_details().bad_request().expect("names fields").field_violations.clone();
    assert_eq!(fields.len(), 1, "{fields:?}");
    (fields[0].field.clone(), fields[0].description.clone())
}

fn pair(field: &str, description: &str) -> (String, String) {
    (field.to_owned(), description.to_owned())
}

#[test]
fn what_cannot_be_read_is_the_callers_fault_and_names_the_field() {
    // name = 0xFF 0xFE: no text in UTF-8.
    assert_eq!(refused::<GetSpecimenRequest>(&[0x0A, 2, 0xFF, 0xFE]), pair("name", "must be valid UTF-8"));
    // specimen { title = … }, the same one level down.
    let inside = [0x0A, 4, 0x12, 2, 0xFF, 0xFE];
    assert_eq!(refused::<CreateSpecimenRequest>(&inside), pair("specimen.title", "must be valid UTF-8"));
    // A number where a text belongs.
    let (field, description) = refused::<GetSpecimenRequest>(&[0x08, 1]);
    assert_eq!(field, "name");
    assert!(description.contains("wire type"), "{description}");
    // Five bytes are announced, one comes.
    assert_eq!(refused::<GetSpecimenRequest>(&[0x0A, 5, b'a']).0, "name");
    // A tag that does not end.
    assert_eq!(refused::<GetSpecimenRequest>(&[0xFF]).0, "");
}

#[test]
fn deep_nesting_is_refused() {
    let mut node = Vec::new();
    for _ in 0..200 {
        // Field 3, next.
        let mut outer = vec![0x1A];
        prost::encoding::encode_varint(node.len() as u64, &mut outer);
        outer.extend(node);
        node = outer;
    }
    // specimen { node = 22 { … } }
    let mut specimen = vec![0xB2, 0x01];
    prost::encoding::encode_varint(node.len() as u64, &mut specimen);
    specimen.extend(node);
    let mut request = vec![0x0A];
    prost::encoding::encode_varint(specimen.len() as u64, &mut request);
    request.extend(specimen);
    let (field, description) = refused::<CreateSpecimenRequest>(&request);
    assert_eq!(field, "specimen.place.next.next.next.next.next.next");
    assert_eq!(description, "is nested too deeply");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let broken =
        Specimen { title: "x".into(), owner: "VN".into(), rows: vec![Row::default(); 2], ..Default::default() };
    let request = CreateSpecimenRequest { specimen: Some(broken), specimen_id: "A b".into() };
    let status = read::<CreateSpecimenRequest>(request.encode_to_vec().as_slice()).expect_err("it is broken");
    let details = status.get_error_details();
    let fields: Vec<String> =
        details.bad_request().expect("fields").field_violations.iter().map(|it| it.field.clone()).collect();
    assert_eq!(
        fields,
        ["specimen.title", "specimen.rows[0].year", "specimen.rows[1].year", "specimen.owner", "specimen_id"]
    );
    let info = details.error_info().expect("a reason");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("INVALID_ARGUMENT", "ngkt.vn"));
    assert!(
        status.message().starts_with("The request is not valid: specimen.title must have at least 3"),
        "{}",
        status.message()
    );
}

#[test]
fn the_answer_to_a_hostile_request_fits_in_a_header() {
    let many: Vec<Violation> = (0..5_000)
        .map(|index| Violation {
            field: format!("rows[{index}].{}", "ữ".repeat(900)), description: "x".repeat(3_000)
        })
        .collect();
    let status = invalid(many);
    assert!(status.message().len() < 900, "{}", status.message().len());
    assert!(status.details().len() < 4_500, "{}", status.details().len());
    let fields = status.get_error_details().bad_request().expect("fields").field_violations.clone();
    assert!(fields.last().expect("some").description.starts_with("and 49"), "{fields:?}");
}

/// Gives every request back as what it asked for.
struct Mirror;

#[tonic::async_trait]
impl SpecimenService for Mirror {
    async fn get_specimen(&self, request: Request<GetSpecimenRequest>) -> Result<Response<Specimen>, Status> {
        Ok(Response::new(Specimen { name: request.into_inner().name, ..specimen() }))
    }
    async fn list_specimens(
        &self,
        _: Request<ListSpecimensRequest>,
    ) -> Result<Response<ListSpecimensResponse>, Status> {
        // An answer that breaks the rules for input: the server may say what it likes.
        let specimens = vec![Specimen { title: String::new(), overdue: true, ..specimen() }];
        Ok(Response::new(ListSpecimensResponse { specimens, next_page_token: String::new() }))
    }
    async fn create_specimen(&self, request: Request<CreateSpecimenRequest>) -> Result<Response<Specimen>, Status> {
        Ok(Response::new(request.into_inner().specimen.unwrap_or_default()))
    }
    async fn update_specimen(&self, request: Request<UpdateSpecimenRequest>) -> Result<Response<Specimen>, Status> {
        Ok(Response::new(request.into_inner().specimen.unwrap_or_default()))
    }
    async fn retire_specimen(&self, _: Request<RetireSpecimenRequest>) -> Result<Response<Specimen>, Status> {
        Ok(Response::new(specimen()))
    }
    async fn label_specimen(&self, _: Request<LabelSpecimenRequest>) -> Result<Response<Specimen>, Status> {
        Ok(Response::new(specimen()))
    }
}

fn client() -> SpecimenServiceClient<SpecimenServiceServer<Mirror>> {
    SpecimenServiceClient::new(SpecimenServiceServer::new(Mirror))
}

#[tokio::test]
async fn a_server_checks_what_comes_in_and_a_client_takes_what_comes_back() {
    let got = client().get_specimen(GetSpecimenRequest { name: "specimens/a".into() }).await.expect("it is valid");
    assert_eq!(got.into_inner().name, "specimens/a");
    let refused =
        client().get_specimen(GetSpecimenRequest { name: "countries/LB".into() }).await.expect_err("it is not");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.get_error_details().bad_request().expect("fields").field_violations[0].field, "name");
    let sent = Specimen { overdue: true, ..specimen() };
    let request = CreateSpecimenRequest { specimen: Some(sent), ..Default::default() };
    assert_eq!(client().create_specimen(request).await.expect("it is valid").into_inner(), specimen());
    let page = client().list_specimens(ListSpecimensRequest::default()).await.expect("it is valid").into_inner();
    assert!(page.specimens[0].overdue && page.specimens[0].title.is_empty());
}
