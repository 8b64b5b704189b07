//! Countries and territories, and which mission answers for them.

mod anniversary;

use api::registry::v1::country_service_server::CountryService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::Error;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Reply, Store, View};
use tonic::{Request, Response};

use crate::{mission, visible};

store::entity!(row, "country", { relations_since: String, world_region: i32 });

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
        row.world_region = Set(country.world_region);
    }

    fn filter(list: &ListCountriesRequest, _: &View) -> Condition {
        let region = (list.world_region != 0).then(|| row::Column::WorldRegion.eq(list.world_region));
        Condition::all().add_option(region)
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
