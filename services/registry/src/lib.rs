//! The registry: who and where, dated. Countries, regions and localities; missions, agencies and organizations; trade
//! agreements. Every other service refers to these records and follows this service's change log.

mod accreditation;
mod agency;
mod agreement;
mod child;
mod country;
mod data;
mod locality;
mod migration;
mod mission;
mod naming;
mod organization;
mod period;
mod reference;
mod region;
mod resolution;
mod seed;
mod succession;
mod trade_agreement;
mod visible;

use api::registry::v1::agency_service_server::AgencyServiceServer;
use api::registry::v1::country_service_server::CountryServiceServer;
use api::registry::v1::locality_service_server::LocalityServiceServer;
use api::registry::v1::mission_service_server::MissionServiceServer;
use api::registry::v1::organization_service_server::OrganizationServiceServer;
use api::registry::v1::region_service_server::RegionServiceServer;
use api::registry::v1::trade_agreement_service_server::TradeAgreementServiceServer;
use chassis::error::Result;
use futures::future::{BoxFuture, FutureExt};
use store::{Service, Start};
use tonic::service::Routes;

/// The registry.
pub const SERVICE: Service = Service {
    name: "registry",
    migrations: migration::all,
    start: |start| -> BoxFuture<'static, _> { serve(start).boxed() },
};

store::change_service!(api::registry::v1);

async fn serve(Start { host: _, store }: Start) -> Result<Routes> {
    seed::load(&store).await?;
    let mut routes = Routes::builder();
    routes
        .add_service(CountryServiceServer::new(country::Countries::new(store.clone())))
        .add_service(LocalityServiceServer::new(locality::Localities::new(store.clone())))
        .add_service(RegionServiceServer::new(region::Regions::new(store.clone())))
        .add_service(MissionServiceServer::new(mission::Missions::new(store.clone())))
        .add_service(TradeAgreementServiceServer::new(trade_agreement::TradeAgreements::new(store.clone())))
        .add_service(AgencyServiceServer::new(agency::Agencies::new(store.clone())))
        .add_service(OrganizationServiceServer::new(organization::Organizations::new(store.clone())))
        .add_service(Changes::server(&store));
    Ok(routes.routes())
}
