//! Ministries, agencies and provincial People's Committees under their identification codes.

use api::registry::v1::agency_service_server::AgencyService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::Result;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Store, Tx, View};

use crate::locality::Localities;
use crate::naming::agency_code;
use crate::period::Span;
use crate::reference;

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

store::serve!(AgencyService for Agencies, agency, agencies);
