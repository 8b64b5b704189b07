//! A tonic server with nothing on: one record from memory, or by a bare statement from PostgreSQL.

use std::path::PathBuf;
use std::sync::Mutex;

use api::investment::v1::opportunity_service_server::{OpportunityService, OpportunityServiceServer};
use api::investment::v1::*;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use prost::Message;
use sea_orm::sqlx::postgres::{PgPool, PgPoolOptions};
use sea_orm::sqlx::{self, Row};
use tonic::{Request, Response, Status};

use crate::{Arguments, Outcome};

/// How many records a page has.
const PAGE: usize = 20;
/// As many as a service of ours has.
const CONNECTIONS: u32 = 16;

/// Serves `--file` at `--listen` until it is killed; `--database` makes it read from there, `--seen` is where it notes who
/// called last, which for a call that came through a gateway of ours is a token that services take.
pub async fn run(arguments: &Arguments) -> Outcome {
    let record = Opportunity::decode(std::fs::read(arguments.text("file")?)?.as_slice())?;
    let pool = match arguments.get("database") {
        Some(url) => Some(PgPoolOptions::new().max_connections(CONNECTIONS).connect(url).await?),
        None => None,
    };
    let seen = arguments.get("seen").map(PathBuf::from);
    let bare = Bare { record, pool, seen, last: Mutex::default() };
    let server = tonic::transport::Server::builder().tcp_nodelay(true);
    let mut server = server.initial_connection_window_size(8 << 20).initial_stream_window_size(1 << 20);
    server
        .add_service(OpportunityServiceServer::new(bare))
        .add_service(MetricsServiceServer::new(Sink))
        .serve(arguments.text("listen")?.parse()?)
        .await?;
    Ok(())
}

struct Bare {
    record: Opportunity,
    pool: Option<PgPool>,
    seen: Option<PathBuf>,
    last: Mutex<Vec<u8>>,
}

impl Bare {
    fn note(&self, caller: Option<&[u8]>) {
        let (Some(seen), Some(caller)) = (&self.seen, caller) else { return };
        let mut last = self.last.lock().expect("invariant: nobody panics with it");
        if *last != caller && std::fs::write(seen, caller).is_ok() {
            *last = caller.to_owned();
        }
    }
}

#[tonic::async_trait]
impl OpportunityService for Bare {
    async fn get_opportunity(&self, request: Request<GetOpportunityRequest>) -> Result<Response<Opportunity>, Status> {
        self.note(request.metadata().get("authorization").map(|value| value.as_bytes()));
        let Some(pool) = &self.pool else { return Ok(Response::new(self.record.clone())) };
        let name = request.into_inner().name;
        let id = name.split_once('/').map_or("", |(_, id)| id);
        let row = sqlx::query("SELECT content FROM opportunity WHERE id = $1").bind(id).fetch_one(pool).await;
        let content: Vec<u8> =
            row.and_then(|row| row.try_get(0)).map_err(|error| Status::internal(error.to_string()))?;
        let record = Opportunity::decode(content.as_slice()).map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(Opportunity { name, ..record }))
    }

    async fn list_opportunities(
        &self,
        _: Request<ListOpportunitiesRequest>,
    ) -> Result<Response<ListOpportunitiesResponse>, Status> {
        let opportunities = vec![self.record.clone(); PAGE];
        Ok(Response::new(ListOpportunitiesResponse { opportunities, next_page_token: String::new() }))
    }

    async fn create_opportunity(&self, _: Request<CreateOpportunityRequest>) -> Result<Response<Opportunity>, Status> {
        Err(Status::unimplemented("reads only"))
    }

    async fn update_opportunity(&self, _: Request<UpdateOpportunityRequest>) -> Result<Response<Opportunity>, Status> {
        Err(Status::unimplemented("reads only"))
    }

    async fn retire_opportunity(&self, _: Request<RetireOpportunityRequest>) -> Result<Response<Opportunity>, Status> {
        Err(Status::unimplemented("reads only"))
    }
}

/// Where ours sends its metrics.
struct Sink;

#[tonic::async_trait]
impl MetricsService for Sink {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
