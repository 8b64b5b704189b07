//! Countries and territories, and which mission answers for them.

mod anniversary;

use api::registry::v1::country_service_server::CountryService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::Error;
use store::sea_orm::{ActiveValue::Set, Condition};
use store::{Reply, Store, View};
use tonic::{Request, Response};

use crate::{mission, visible};

store::entity!(row, "country", { relations_since: String });

/// The countries.
pub struct Countries {
    store: Store,
}

impl Countries {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Countries {
    type Message = Country;
    type List = ListCountriesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(country: &Country, row: &mut row::ActiveModel) {
        row.relations_since = Set(country.relations_since.clone());
    }

    fn filter(_: &ListCountriesRequest, _: &View) -> Condition {
        Condition::all()
    }

    fn search_words(country: &Country) -> Vec<&str> {
        let written = [&country.display_name, &country.english_name, &country.alpha3_code];
        let (_, code) = country.name.split_once('/').unwrap_or_default();
        written.into_iter().chain(&country.other_names).map(String::as_str).chain([code]).collect()
    }
}

store::serve!(CountryService for Countries, country, countries, {
    async fn resolve_mission(&self, request: Request<ResolveMissionRequest>) -> Reply<ResolveMissionResponse> {
        let scope = visible::scope(&request);
        let ResolveMissionRequest { name, as_of } = request.into_inner();
        let view = visible::view(&self.store, &as_of)?;
        // A country that does not exist is another answer than one that nobody covers.
        store::load::<Self>(self.store.read(), &scope, &name).await?;
        let day = view.as_of.to_string();
        let Some((mission, accreditation)) = mission::answering(self.store.read(), &scope, &name, &view).await? else {
            let failure = Error::of(CountryFailure::CountryNotCovered);
            return Err(failure.with("country", name).with("as_of", day).into());
        };
        Ok(Response::new(ResolveMissionResponse {
            mission: mission.name.clone(),
            kind: accreditation.kind,
            accreditation: Some(accreditation),
            details: Some(mission),
            as_of: day,
        }))
    }

    async fn find_anniversaries(&self, request: Request<FindAnniversariesRequest>) -> Reply<FindAnniversariesResponse> {
        let scope = visible::scope(&request);
        Ok(Response::new(anniversary::find(&self.store, &scope, request.into_inner()).await?))
    }
});
