//! Trade agreements, and from when they hold for whom.

mod between;

use api::registry::v1::trade_agreement_service_server::TradeAgreementService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Reply, Store, Tx, View};
use tonic::{Request, Response};

use crate::agreement::{self, VIET_NAM, applied, check_parties, to};
use crate::child::{self, child, position};
use crate::country::Countries;
use crate::naming::named;
use crate::period::Span;
use crate::{reference, visible};

store::entity!(row, "trade_agreement", { status: i32 });
child!(party_row, "agreement_party", { country: String, applied_from: String, applied_to: String });

/// The trade agreements.
pub struct TradeAgreements {
    store: Store,
}

impl TradeAgreements {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for TradeAgreements {
    type Message = TradeAgreement;
    type List = ListTradeAgreementsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(agreement: &TradeAgreement, row: &mut row::ActiveModel) {
        row.status = Set(agreement.status);
    }

    fn filter(list: &ListTradeAgreementsRequest, view: &View) -> Condition {
        let day = view.as_of.to_string();
        let mut wanted = Condition::all();
        if !list.country.is_empty() {
            wanted = wanted.add(applied_to(&named("countries", &list.country), &day));
        }
        if !list.country.is_empty() || !list.as_of.is_empty() {
            wanted = wanted.add(applied_to(VIET_NAM, &day));
        }
        if list.status != trade_agreement::Status::Unspecified as i32 {
            wanted = wanted.add(row::Column::Status.eq(list.status));
        }
        wanted
    }

    fn search_words(agreement: &TradeAgreement) -> Vec<&str> {
        vec![&agreement.display_name, &agreement.english_name, &agreement.short_name]
    }

    async fn prepare(tx: &Tx, before: Option<&TradeAgreement>, after: &mut TradeAgreement) -> Result<()> {
        if let Err(why) = check_parties(&after.parties) {
            return Err(Error::of(TradeAgreementFailure::AgreementDatesBroken).with("why", why));
        }
        let known = before.into_iter().flat_map(|agreement| &agreement.parties).map(|party| &party.country);
        let countries = reference::new(after.parties.iter().map(|party| &party.country), known);
        reference::check::<Countries>(tx, "trade_agreement.parties.country", countries).await
    }

    async fn index(tx: &Tx, agreement: &TradeAgreement) -> Result<()> {
        let id = api::Resource::id(agreement);
        let parts: Vec<_> = agreement.parties.iter().enumerate().filter_map(|(at, it)| part(id, at, it)).collect();
        child::replace::<party_row::Entity>(tx, id, parts).await.map_err(store::database)
    }

    fn view(agreement: &mut TradeAgreement, view: &View) {
        agreement.application = to(&agreement.parties, VIET_NAM, &view.as_of.to_string()) as i32;
    }
}

/// A party as it is searched: from the first day of its applying the agreement in whatever way. None if it never does.
fn part(id: &str, at: usize, party: &AgreementParty) -> Option<party_row::Model> {
    let dates = applied(party);
    let spans: Vec<Span> = dates.provisional.into_iter().chain(dates.in_force).collect();
    Some(party_row::Model {
        parent: id.to_owned(),
        position: position(at),
        country: party.country.clone(),
        applied_from: spans.iter().map(|span| span.from.clone()).min()?,
        applied_to: spans.iter().map(|span| span.to.clone()).max()?,
    })
}

/// The agreements that apply to a country at some time.
fn binding(country: &str) -> Condition {
    use party_row::Column;
    let parties = party_row::Entity::find().select_only().column(Column::Parent).filter(Column::Country.eq(country));
    Condition::all().add(row::Column::Id.in_subquery(parties.into_query()))
}

fn applied_to(country: &str, day: &str) -> Condition {
    use party_row::Column;
    let parties = party_row::Entity::find()
        .select_only()
        .column(Column::Parent)
        .filter(Column::Country.eq(country))
        .filter(Column::AppliedFrom.lte(day))
        .filter(Column::AppliedTo.gte(day));
    Condition::all().add(row::Column::Id.in_subquery(parties.into_query()))
}

#[tonic::async_trait]
impl TradeAgreementService for TradeAgreements {
    async fn find_agreements_between(
        &self,
        request: Request<FindAgreementsBetweenRequest>,
    ) -> Reply<FindAgreementsBetweenResponse> {
        let scope = visible::scope(&request);
        Ok(Response::new(between::find(&self.store, &scope, request.into_inner()).await?))
    }

    async fn get_trade_agreement(&self, request: Request<GetTradeAgreementRequest>) -> Reply<TradeAgreement> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_trade_agreements(
        &self,
        request: Request<ListTradeAgreementsRequest>,
    ) -> Reply<ListTradeAgreementsResponse> {
        let country = request.get_ref().country.clone();
        let day = visible::view(&self.store, &request.get_ref().as_of)?.as_of.to_string();
        let mut answer = store::list::<Self>(&self.store, request).await?;
        if !country.is_empty() {
            let country = named("countries", &country);
            for agreement in &mut answer.get_mut().trade_agreements {
                agreement.application = agreement::between(&agreement.parties, &country, &day) as i32;
            }
        }
        Ok(answer)
    }

    async fn create_trade_agreement(&self, request: Request<CreateTradeAgreementRequest>) -> Reply<TradeAgreement> {
        store::create::<Self>(&self.store, request).await
    }

    async fn update_trade_agreement(&self, request: Request<UpdateTradeAgreementRequest>) -> Reply<TradeAgreement> {
        store::update::<Self>(&self.store, request).await
    }

    async fn retire_trade_agreement(&self, request: Request<RetireTradeAgreementRequest>) -> Reply<TradeAgreement> {
        store::retire::<Self>(&self.store, request).await
    }
}
