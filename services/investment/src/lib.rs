//! Investment: published figures of foreign direct investment, what localities offer, and investors' interest.

mod day;
mod fdi_flow;
mod fdi_import;
mod fdi_rollup;
mod fdi_rule;
mod fdi_seed;
mod fdi_summary;
mod figures;
mod lead;
mod migration;
mod money;
mod number;
mod opportunity;
mod stage;
mod unit;

use api::investment::v1::servers::*;
use chassis::error::Result;
use futures::FutureExt;
use store::register::Register;
use store::{Service, Start};
use tonic::service::Routes;

use fdi_flow::FdiFlows;
use lead::Leads;
use opportunity::Opportunities;

store::change_service!(api::investment::v1);

/// The service as the platform starts it.
pub const SERVICE: Service =
    Service { name: "investment", migrations: migration::all, start: |start| serve(start).boxed() };

async fn serve(Start { host, store }: Start) -> Result<Routes> {
    let register = Register::follow(&host, &store).await?;
    fdi_seed::start(&host, &store, &register);
    let mut routes = Routes::builder();
    routes
        .add_service(FdiFlowServiceServer::new(FdiFlows { store: store.clone(), register }))
        .add_service(OpportunityServiceServer::new(Opportunities { store: store.clone() }))
        .add_service(LeadServiceServer::new(Leads { store: store.clone() }))
        .add_service(Changes::server(&store));
    Ok(routes.routes())
}
