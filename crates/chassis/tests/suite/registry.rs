//! A registry that does what the name of the agency says.

use std::sync::Arc;
use std::time::Duration;

use api::registry::v1::agency_service_server::{AgencyService, AgencyServiceServer};
use api::registry::v1::change_service_server::{ChangeService, ChangeServiceServer};
use api::registry::v1::*;
use api::shared::v1::{ListChangesRequest, ListChangesResponse, WatchChangesRequest, WatchChangesResponse};
use chassis::{Context, Error, Host};
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::time::Instant;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

type Reply<T> = Result<Response<T>, Status>;

pub fn routes(host: &Host) -> Routes {
    Routes::new(AgencyServiceServer::new(Agencies(host.clone()))).add_service(ChangeServiceServer::new(Changes))
}

struct Agencies(Host);

/// The agency, with what the handler was told about the request in its fields.
fn told(context: &Context) -> Agency {
    let time_left = context.time_left().unwrap_or_default().as_millis();
    Agency {
        name: "agencies/told".into(),
        display_name: context.caller.to_string(),
        english_name: context.method.name.clone(),
        code: context.trace_id.clone(),
        legacy_code: context.idempotency_key.clone().unwrap_or_default(),
        level: i32::try_from(time_left).unwrap_or(i32::MAX),
        ..Agency::default()
    }
}

#[tonic::async_trait]
impl AgencyService for Agencies {
    async fn get_agency(&self, request: Request<GetAgencyRequest>) -> Reply<Agency> {
        let context = Context::of(&request);
        match request.get_ref().name.trim_start_matches("agencies/") {
            "told" => Ok(Response::new(told(&context))),
            "panic" => panic!("an agency that does not exist was touched"),
            "slow" => {
                tokio::time::sleep(Duration::from_secs(20)).await;
                Ok(Response::new(told(&context)))
            }
            "broken" => Err(Error::internal(std::io::Error::other("the disk of host db7 is on fire")).into()),
            "nested" => {
                let peer = self.0.peers.client_as("registry", Arc::new(officer()));
                let mut client = agency_service_client::AgencyServiceClient::new(peer);
                client.get_agency(GetAgencyRequest { name: "agencies/told".into() }).await
            }
            name => Err(Error::not_found(format!("agencies/{name}")).into()),
        }
    }

    async fn list_agencies(&self, _: Request<ListAgenciesRequest>) -> Reply<ListAgenciesResponse> {
        let many = (0..200).map(|row| (format!("rows[{row}].tên"), "phải có ít nhất một ký tự".to_owned()));
        let error =
            many.fold(Error::invalid("q", "phải ngắn hơn"), |error, (field, text)| error.violation(field, text));
        Err(error.into())
    }

    async fn create_agency(&self, request: Request<CreateAgencyRequest>) -> Reply<Agency> {
        Ok(Response::new(told(&Context::of(&request))))
    }

    async fn update_agency(&self, request: Request<UpdateAgencyRequest>) -> Reply<Agency> {
        Ok(Response::new(told(&Context::of(&request))))
    }

    async fn retire_agency(&self, request: Request<RetireAgencyRequest>) -> Reply<Agency> {
        Ok(Response::new(told(&Context::of(&request))))
    }
}

fn officer() -> chassis::Caller {
    crate::world::officer(chassis::Role::MissionOfficer)
}

struct Changes;

#[tonic::async_trait]
impl ChangeService for Changes {
    async fn list_changes(&self, _: Request<ListChangesRequest>) -> Reply<ListChangesResponse> {
        Ok(Response::new(ListChangesResponse::default()))
    }

    type WatchChangesStream = BoxStream<'static, Result<WatchChangesResponse, Status>>;

    /// One answer at once, and then one every 50 ms without end.
    async fn watch_changes(&self, _: Request<WatchChangesRequest>) -> Reply<Self::WatchChangesStream> {
        let begin = Instant::now();
        let steps = stream::iter(0u32..).then(move |step| async move {
            tokio::time::sleep_until(begin + Duration::from_millis(50) * step).await;
            Ok(WatchChangesResponse { next_cursor: step.to_string(), ..Default::default() })
        });
        Ok(Response::new(steps.boxed()))
    }
}
