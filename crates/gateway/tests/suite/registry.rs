//! A registry that keeps agencies in memory, and does what some names say.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use api::options::v1::Failure;
use api::registry::v1::agency_service_server::{AgencyService, AgencyServiceServer};
use api::registry::v1::change_service_server::{ChangeService, ChangeServiceServer};
use api::registry::v1::*;
use api::shared::v1::{Change, ListChangesRequest, ListChangesResponse, WatchChangesRequest, WatchChangesResponse};
use chassis::{Context, Error};
use futures::stream::{self, BoxStream, StreamExt as _};
use prost::Message as _;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

type Reply<T> = Result<Response<T>, Status>;

pub fn routes() -> Routes {
    Routes::new(AgencyServiceServer::new(Agencies::default())).add_service(ChangeServiceServer::new(Changes))
}

#[derive(Default)]
struct Agencies(Mutex<BTreeMap<String, Agency>>);

/// What the handler was told about the request, in the fields of an agency.
fn told(context: &Context) -> Agency {
    Agency {
        name: "agencies/told".into(),
        display_name: context.caller.to_string(),
        english_name: context.method.name.clone(),
        code: context.trace_id.clone(),
        legacy_code: context.idempotency_key.clone().unwrap_or_default(),
        level: context.time_left().unwrap_or_default().as_millis() as i32,
        ..Agency::default()
    }
}

#[tonic::async_trait]
impl AgencyService for Agencies {
    async fn get_agency(&self, request: Request<GetAgencyRequest>) -> Reply<Agency> {
        let context = Context::of(&request);
        match request.into_inner().name.as_str() {
            "agencies/told" => Ok(Response::new(told(&context))),
            "agencies/panic" => panic!("an agency that does not exist was touched"),
            "agencies/broken" => Err(Error::internal(std::io::Error::other("the disk of host db7 is on fire")).into()),
            "agencies/away" => Err(Error::unavailable("registry").into()),
            "agencies/slow" => {
                tokio::time::sleep(Duration::from_secs(20)).await;
                Ok(Response::new(told(&context)))
            }
            name => {
                let agency = self.0.lock().unwrap().get(name).cloned();
                agency.map(Response::new).ok_or_else(|| Error::not_found(name).into())
            }
        }
    }

    /// The list, where the token of the next page says what was asked.
    async fn list_agencies(&self, request: Request<ListAgenciesRequest>) -> Reply<ListAgenciesResponse> {
        let asked = request.into_inner();
        let next_page_token = format!("{} {} {} {}", asked.page_size, asked.q, asked.show_retired, asked.as_of);
        let agencies = self.0.lock().unwrap().values().cloned().collect();
        Ok(Response::new(ListAgenciesResponse { agencies, next_page_token }))
    }

    async fn create_agency(&self, request: Request<CreateAgencyRequest>) -> Reply<Agency> {
        let CreateAgencyRequest { agency, agency_id } = request.into_inner();
        let name = format!("agencies/{agency_id}");
        let agency = Agency { name: name.clone(), etag: "1".into(), ..agency.unwrap() };
        let mut agencies = self.0.lock().unwrap();
        if agencies.contains_key(&name) {
            return Err(Error::already_exists(name).into());
        }
        agencies.insert(name, agency.clone());
        Ok(Response::new(agency))
    }

    /// Puts what the update mask says into the note.
    async fn update_agency(&self, request: Request<UpdateAgencyRequest>) -> Reply<Agency> {
        let UpdateAgencyRequest { agency, update_mask } = request.into_inner();
        let agency = agency.unwrap();
        let mut agencies = self.0.lock().unwrap();
        let before = agencies.get(&agency.name).cloned().ok_or_else(|| Error::not_found(&agency.name))?;
        if !agency.etag.is_empty() && agency.etag != before.etag {
            return Err(Error::of(Failure::EtagMismatch).with("name", &agency.name).into());
        }
        let version: u32 = before.etag.parse().unwrap();
        let note = update_mask.map(|mask| mask.paths.join(",")).unwrap_or_default();
        let after = Agency { note, etag: (version + 1).to_string(), ..agency };
        agencies.insert(after.name.clone(), after.clone());
        Ok(Response::new(after))
    }

    async fn retire_agency(&self, request: Request<RetireAgencyRequest>) -> Reply<Agency> {
        let RetireAgencyRequest { name, etag } = request.into_inner();
        Ok(Response::new(Agency { name, etag, ..Agency::default() }))
    }
}

struct Changes;

#[tonic::async_trait]
impl ChangeService for Changes {
    async fn list_changes(&self, _: Request<ListChangesRequest>) -> Reply<ListChangesResponse> {
        Ok(Response::new(ListChangesResponse::default()))
    }

    type WatchChangesStream = BoxStream<'static, Result<WatchChangesResponse, Status>>;

    /// Three changes after the cursor, then it breaks; without end for the types `forever.*`.
    async fn watch_changes(&self, request: Request<WatchChangesRequest>) -> Reply<Self::WatchChangesStream> {
        let WatchChangesRequest { cursor, types } = request.into_inner();
        let from: u32 = match cursor.as_str() {
            "" => 0,
            cursor => cursor.parse().map_err(|_| Error::of(Failure::PageTokenInvalid))?,
        };
        if types.iter().any(|one| one == "forever.*") {
            return Ok(Response::new(stream::pending().boxed()));
        }
        let changes = stream::iter(from + 1..=from + 3).map(|step| Ok(response(step)));
        let end = stream::once(async { Err(Error::unavailable("registry").into()) });
        Ok(Response::new(changes.chain(end).boxed()))
    }
}

fn response(step: u32) -> WatchChangesResponse {
    let agency =
        Agency { name: format!("agencies/{step}"), display_name: "Bộ Ngoại giao".into(), ..Agency::default() };
    let after = prost_types::Any {
        type_url: "type.googleapis.com/ngkt.registry.v1.Agency".into(),
        value: agency.encode_to_vec(),
    };
    let change = Change { cursor: step.to_string(), sequence: step.into(), after: Some(after), ..Change::default() };
    WatchChangesResponse { changes: vec![change], next_cursor: step.to_string() }
}
