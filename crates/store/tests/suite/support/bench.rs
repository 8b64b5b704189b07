//! A process with a store, and the calls that clients make.

use std::sync::Arc;
use std::time::Duration;

use api::registry::v1::{
    Country, CreateCountryRequest, GetCountryRequest, ListCountriesRequest, ListCountriesResponse,
    RetireCountryRequest, UpdateCountryRequest,
};
use api::shared::v1::{ListChangesRequest, ListChangesResponse, WatchChangesRequest};
use chassis::caller::{Caller, Role};
use chassis::clock::Clock;
use chassis::context::{Context, Facts};
use chassis::error::{Error, Result};
use chassis::host::Host;
use futures::FutureExt;
use prost_types::FieldMask;
use store::sea_orm::{ConnectionTrait, DbBackend, Statement};
use store::{Service, Store, WatchStream};
use tonic::Request;

use super::{Countries, Database};

/// A process with a store, and somebody who calls.
#[derive(Clone)]
pub struct Bench {
    pub host: Host,
    pub store: Store,
    caller: Arc<Caller>,
    key: Option<String>,
}

/// A service that has countries.
pub const SERVICE: Service = Service {
    name: "registry",
    migrations: super::countries,
    start: |_| async { Ok(tonic::service::Routes::default()) }.boxed(),
};

/// Another one, which follows it.
pub const FOLLOWER: Service = Service { name: "events", ..SERVICE };

impl Bench {
    /// Starts a process on a database. The caller is an officer of the ministry.
    pub async fn open(database: &Database) -> Bench {
        Bench::open_with(database, Clock::manual()).await
    }

    pub async fn open_with(database: &Database, clock: Clock) -> Bench {
        let host = Host::with_clock(database.config(), clock).unwrap();
        let store = Store::open(&host, &SERVICE).await.unwrap();
        let (caller, key) = (Bench::somebody(Role::MinistryOfficer, "agencies/g08"), None);
        Bench { host, store, caller, key }
    }

    fn somebody(role: Role, organization: &str) -> Arc<Caller> {
        let subject = format!("officer of {organization}");
        Arc::new(Caller { subject, organization: organization.to_owned(), roles: vec![role], ..Caller::default() })
    }

    /// The same process, called by somebody else.
    pub fn as_(&self, role: Role, organization: &str) -> Bench {
        Bench { caller: Bench::somebody(role, organization), ..self.clone() }
    }

    /// The same process, called by nobody known.
    pub fn as_anonymous(&self) -> Bench {
        Bench { caller: Caller::anonymous(), ..self.clone() }
    }

    /// The same caller, with an idempotency key.
    pub fn with_key(&self, key: &str) -> Bench {
        Bench { key: Some(key.to_owned()), ..self.clone() }
    }

    /// A request as the server stack hands it to a handler.
    pub fn request<M>(&self, method: &str, message: M) -> Request<M> {
        let path = format!("/ngkt.registry.v1.{method}");
        let mut request = Request::new(message);
        request.extensions_mut().insert(Context::new(Facts {
            caller: self.caller.clone(),
            method: api::contract().method(&path).unwrap(),
            idempotency_key: self.key.clone(),
            trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
            deadline: None,
        }));
        request
    }

    pub async fn create(&self, id: &str, country: Country) -> Result<Country> {
        let message = CreateCountryRequest { country: Some(country), country_id: id.to_owned() };
        let request = self.request("CountryService/CreateCountry", message);
        Ok(store::create::<Countries>(&self.store, request).await?.into_inner())
    }

    pub async fn get(&self, id: &str) -> Result<Country> {
        let message = GetCountryRequest { name: format!("countries/{id}") };
        let request = self.request("CountryService/GetCountry", message);
        Ok(store::get::<Countries>(&self.store, request).await?.into_inner())
    }

    pub async fn list(&self, list: ListCountriesRequest) -> Result<ListCountriesResponse> {
        let request = self.request("CountryService/ListCountries", list);
        Ok(store::list::<Countries>(&self.store, request).await?.into_inner())
    }

    /// Changes the fields that `mask` names, separated by commas; all that are set if it is empty.
    pub async fn update(&self, country: Country, mask: &str) -> Result<Country> {
        let paths: Vec<String> = mask.split(',').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        let message = UpdateCountryRequest { country: Some(country), update_mask: Some(FieldMask { paths }) };
        let request = self.request("CountryService/UpdateCountry", message);
        Ok(store::update::<Countries>(&self.store, request).await?.into_inner())
    }

    pub async fn retire(&self, id: &str, etag: &str) -> Result<Country> {
        let message = RetireCountryRequest { name: format!("countries/{id}"), etag: etag.to_owned() };
        let request = self.request("CountryService/RetireCountry", message);
        Ok(store::retire::<Countries>(&self.store, request).await?.into_inner())
    }

    pub async fn changes(&self, list: ListChangesRequest) -> Result<ListChangesResponse> {
        self.settled().await;
        self.changes_now(list).await
    }

    /// Waits until everything that was committed can be read from the log. On PostgreSQL the transactions of other
    /// tests hold it up: they are in the same cluster.
    pub async fn settled(&self) {
        let db = self.store.read();
        if db.get_database_backend() != DbBackend::Postgres {
            return;
        }
        let number = async |select: &str| -> i64 {
            let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, select)).await.unwrap();
            row.unwrap().try_get_by(0).unwrap()
        };
        let next = number("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").await;
        eventually("older transactions have ended", async || {
            number("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").await >= next
        })
        .await;
    }

    pub async fn changes_now(&self, list: ListChangesRequest) -> Result<ListChangesResponse> {
        let request = self.request("ChangeService/ListChanges", list);
        Ok(store::Changes::of(&self.store).list(request).await?.into_inner())
    }

    pub async fn watch(&self, watch: WatchChangesRequest) -> Result<WatchStream> {
        let request = self.request("ChangeService/WatchChanges", watch);
        let answer = store::Changes::of(&self.store).watch(request).await.map_err(Error::from)?;
        Ok(answer.into_inner())
    }

    /// Stops the process.
    pub async fn stop(self) {
        self.host.stop().await;
    }
}

/// Waits until something is so; fails if it is not within ten seconds.
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within ten seconds: {what}");
}
