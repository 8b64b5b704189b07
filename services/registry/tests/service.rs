//! The registry alone, on SQLite, asked by generated clients through the server stack: what its own code has to get right.
//! What everybody sees of it through the gateway is told by the stories in `/tests`.

#[path = "service/answers.rs"]
mod answers;
#[path = "service/writes.rs"]
mod writes;

use std::sync::Arc;

use api::registry::v1::country_service_client::CountryServiceClient;
use api::registry::v1::locality_service_client::LocalityServiceClient;
use api::registry::v1::mission_service_client::MissionServiceClient;
use api::registry::v1::organization_service_client::OrganizationServiceClient;
use api::registry::v1::region_service_client::RegionServiceClient;
use api::registry::v1::trade_agreement_service_client::TradeAgreementServiceClient;
use chassis::channel::CallAs;
use chassis::{Caller, Config, Error, Host, Role, server};
use store::{Start, Store};
use tempfile::TempDir;

/// A running registry with the reference data.
struct Registry {
    host: Host,
    folder: TempDir,
}

impl Registry {
    async fn start() -> Registry {
        Registry::over(tempfile::tempdir().expect("a temporary folder")).await
    }

    async fn over(folder: TempDir) -> Registry {
        let path = folder.path().to_str().expect("a path in UTF-8").to_owned();
        let config = Config::load(None, &[("data_dir", path)]).expect("the defaults are good");
        let host = Host::new(config).expect("the host starts");
        let store = Store::open(&host, &registry::SERVICE).await.expect("the database opens");
        let routes = (registry::SERVICE.start)(Start { host: host.clone(), store }).await.expect("the service starts");
        let stack = server::stack(routes, &host, &["registry"]);
        host.peers.register("registry", stack);
        Registry { host, folder }
    }

    /// Stops it and starts it over the same folder.
    async fn restart(self) -> Registry {
        self.host.stop().await;
        Registry::over(self.folder).await
    }

    fn call_as(&self, organization: &str, roles: &[Role]) -> CallAs {
        let caller = Caller {
            subject: "test".into(),
            organization: organization.into(),
            roles: roles.into(),
            ..Caller::default()
        };
        self.host.peers.client_as("registry", Arc::new(caller))
    }

    fn nobody(&self) -> CallAs {
        self.host.peers.client_as("registry", Caller::anonymous())
    }

    fn ministry(&self) -> CallAs {
        self.call_as("agencies/g08", &[Role::MinistryOfficer])
    }

    fn countries(&self) -> CountryServiceClient<CallAs> {
        CountryServiceClient::new(self.nobody())
    }

    fn localities(&self) -> LocalityServiceClient<CallAs> {
        LocalityServiceClient::new(self.nobody())
    }

    fn regions(&self) -> RegionServiceClient<CallAs> {
        RegionServiceClient::new(self.nobody())
    }

    fn missions(&self) -> MissionServiceClient<CallAs> {
        MissionServiceClient::new(self.nobody())
    }

    fn agreements(&self) -> TradeAgreementServiceClient<CallAs> {
        TradeAgreementServiceClient::new(self.nobody())
    }

    fn organizations(&self, caller: CallAs) -> OrganizationServiceClient<CallAs> {
        OrganizationServiceClient::new(caller)
    }
}

/// The reason of a refusal.
fn reason<T: std::fmt::Debug>(answer: Result<tonic::Response<T>, tonic::Status>) -> String {
    Error::from(answer.expect_err("it should be refused")).reason().to_owned()
}
