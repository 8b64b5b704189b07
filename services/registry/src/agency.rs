//! Ministries, agencies and provincial People's Committees under their identification codes.

mod hand_over;

use api::registry::v1::agency_service_server::AgencyService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::Result;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Reply, Store, Tx, View};
use tonic::Request;

use crate::locality::Localities;
use crate::naming::agency_code;
use crate::period::Span;
use crate::reference;

pub use hand_over::hand_over;

store::entity!(row, "agency", { code: String, valid_from: String, valid_to: String });

/// The agencies.
pub struct Agencies {
    store: Store,
}

impl Agencies {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Agencies {
    type Message = Agency;
    type List = ListAgenciesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(agency: &Agency, row: &mut row::ActiveModel) {
        let life = Span::of(&agency.valid_from, &agency.valid_to);
        row.code = Set(agency_code(&agency.code));
        row.valid_from = Set(life.from);
        row.valid_to = Set(life.to);
    }

    fn filter(list: &ListAgenciesRequest, view: &View) -> Condition {
        let day = view.as_of.to_string();
        let mut wanted =
            Condition::all().add(row::Column::ValidFrom.lte(day.as_str())).add(row::Column::ValidTo.gte(day.as_str()));
        if !list.code.is_empty() {
            wanted = wanted.add(row::Column::Code.eq(agency_code(&list.code)));
        }
        wanted
    }

    fn search_words(agency: &Agency) -> Vec<&str> {
        vec![&agency.display_name, &agency.english_name, &agency.code, &agency.legacy_code]
    }

    async fn prepare(tx: &Tx, before: Option<&Agency>, after: &mut Agency) -> Result<()> {
        let parents = reference::new([&after.parent], before.map(|agency| &agency.parent));
        reference::check::<Self>(tx, "agency.parent", parents).await?;
        let successors = reference::new([&after.successor], before.map(|agency| &agency.successor));
        reference::check::<Self>(tx, "agency.successor", successors).await?;
        let localities = reference::new([&after.locality], before.map(|agency| &agency.locality));
        reference::check::<Localities>(tx, "agency.locality", localities).await
    }
}

/// The name of an agency that is asked for by its code, in either form: `agencies/000.00.00.G08` is `agencies/g08`.
fn canonical(name: &str) -> String {
    let Some(code) = name.strip_prefix("agencies/") else { return name.to_owned() };
    format!("agencies/{}", agency_code(code).to_lowercase().replace('.', "-"))
}

#[tonic::async_trait]
impl AgencyService for Agencies {
    async fn get_agency(&self, mut request: Request<GetAgencyRequest>) -> Reply<Agency> {
        let name = canonical(&request.get_ref().name);
        request.get_mut().name = name;
        store::get::<Self>(&self.store, request).await
    }

    async fn list_agencies(&self, request: Request<ListAgenciesRequest>) -> Reply<ListAgenciesResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn create_agency(&self, request: Request<CreateAgencyRequest>) -> Reply<Agency> {
        store::create::<Self>(&self.store, request).await
    }

    async fn update_agency(&self, request: Request<UpdateAgencyRequest>) -> Reply<Agency> {
        store::update::<Self>(&self.store, request).await
    }

    async fn retire_agency(&self, request: Request<RetireAgencyRequest>) -> Reply<Agency> {
        store::retire::<Self>(&self.store, request).await
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn an_agency_is_asked_for_by_its_code_in_either_form() {
        for (asked, name) in [
            ("agencies/g08", "agencies/g08"),
            ("agencies/G08", "agencies/g08"),
            ("agencies/000.00.00.G08", "agencies/g08"),
            ("agencies/000.00.18.g12", "agencies/g12-18"),
            ("agencies/G12.18", "agencies/g12-18"),
            ("agencies/bo-cu", "agencies/bo-cu"),
        ] {
            assert_eq!(canonical(asked), name);
        }
    }
}
