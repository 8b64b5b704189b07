//! Tariff commitments of trade agreements.

mod rule;

use api::registry::v1::fta_commitment_service_server::FtaCommitmentService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Asc, Order, Reply, Store, Tx, View};
use tonic::{Request, Response};

pub use rule::digest;

use crate::agreement::{self, Application, VIET_NAM};
use crate::child::{self, child, position};
use crate::country::Countries;
use crate::naming::named;
use crate::trade_agreement::{TradeAgreements, party_row};
use crate::{hs, reference, visible};

store::entity!(row, "fta_commitment", { trade_agreement: String, hs_code: String, rank: String, first_date: String });
child!(trader_row, "fta_commitment_trader", { trade_agreement: String, country: String, exports: bool });

/// The tariff commitments.
pub struct FtaCommitments {
    store: Store,
}

impl FtaCommitments {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for FtaCommitments {
    type Message = FtaCommitment;
    type List = ListFtaCommitmentsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(commitment: &FtaCommitment, row: &mut row::ActiveModel) {
        row.trade_agreement = Set(agreement_id(&commitment.trade_agreement));
        row.hs_code = Set(commitment.hs_code.clone());
        row.rank = Set(hs::rank(&commitment.hs_code));
        row.first_date = Set(commitment.steps.first().map(|step| step.from_date.clone()).unwrap_or_default());
    }

    fn filter(list: &ListFtaCommitmentsRequest, view: &View) -> Condition {
        use row::Column;
        let day = view.as_of.to_string();
        let agreement = (!list.agreement.is_empty()).then(|| agreement_id(&named("tradeAgreements", &list.agreement)));
        let importer = (!list.country.is_empty()).then(|| named("countries", &list.country));
        let exporter = (!list.exporter.is_empty()).then(|| named("countries", &list.exporter));
        Condition::all()
            .add(Column::FirstDate.lte(day.as_str()))
            .add_option(agreement.map(|agreement| Column::TradeAgreement.eq(agreement)))
            .add_option(touching(&list.hs))
            .add(Column::Id.in_subquery(imported(importer.as_deref(), &day)))
            .add(Column::TradeAgreement.in_subquery(applied_to(VIET_NAM, &day)))
            .add_option(exporter.map(|exporter| exported(&exporter, &day)))
    }

    fn search_words(commitment: &FtaCommitment) -> Vec<&str> {
        vec![&commitment.hs_code, &commitment.description, &commitment.part, &commitment.category]
    }

    fn order() -> Order {
        Order::by(row::Column::Rank, Asc)
    }

    async fn prepare(tx: &Tx, before: Option<&FtaCommitment>, after: &mut FtaCommitment) -> Result<()> {
        let settled = rule::settle(after).err();
        refuse(settled.into_iter().chain(rule::faults(after)))?;
        let agreements = reference::new([&after.trade_agreement], before.map(|it| &it.trade_agreement));
        reference::check::<TradeAgreements>(tx, "fta_commitment.trade_agreement", agreements).await?;
        let known = before.into_iter().flat_map(|it| it.importers.iter().chain(&it.exporters));
        let countries = reference::new(after.importers.iter().chain(&after.exporters), known);
        reference::check::<Countries>(tx, "fta_commitment.importers", countries).await?;
        let agreement = store::load::<TradeAgreements>(tx, &tx.scope(), &after.trade_agreement).await?;
        let parties: Vec<&str> = agreement.parties.iter().map(|party| party.country.as_str()).collect();
        rule::contradiction(after, &parties)
            .map_err(|why| Error::of(FtaCommitmentFailure::CommitmentContradicts).with("why", why))
    }

    async fn index(tx: &Tx, commitment: &FtaCommitment) -> Result<()> {
        let id = api::Resource::id(commitment);
        let importers = commitment.importers.iter().map(|country| (country, false));
        let exporters = commitment.exporters.iter().map(|country| (country, true));
        let part = |(at, (country, exports)): (usize, (&String, bool))| trader_row::Model {
            parent: id.to_owned(),
            position: position(at),
            trade_agreement: agreement_id(&commitment.trade_agreement),
            country: country.clone(),
            exports,
        };
        let parts = importers.chain(exporters).enumerate().map(part).collect();
        child::replace::<trader_row::Entity>(tx, id, parts).await.map_err(store::database)
    }

    fn view(commitment: &mut FtaCommitment, view: &View) {
        let day = view.as_of.to_string();
        let (current, next) = rule::on(&commitment.steps, &day);
        let (current, next) = (current.cloned(), next.map(|step| step.from_date.clone()));
        commitment.current = current;
        commitment.next_date = next.unwrap_or_default();
    }

    fn new_id(commitment: &FtaCommitment) -> Result<String> {
        let mut settled = commitment.clone();
        refuse(rule::settle(&mut settled).err())?;
        Ok(rule::id(&settled))
    }
}

/// Refuses the record for its faults, all at once.
fn refuse(faults: impl IntoIterator<Item = rule::Fault>) -> Result<()> {
    let mut faults = faults.into_iter().map(|(field, why)| (format!("fta_commitment.{field}"), why));
    let Some((first, why)) = faults.next() else { return Ok(()) };
    Err(faults.fold(Error::invalid(first, why), |error, (field, why)| error.violation(field, why)))
}

fn agreement_id(name: &str) -> String {
    name.split_once('/').map_or(name, |(_, id)| id).to_owned()
}

/// Commitments on the code, below it, and above it. Nothing for what is no code: the rpc refuses it before.
fn touching(written: &str) -> Option<Condition> {
    let code = hs::digits(written).ok()?;
    let below = Condition::all()
        .add(row::Column::HsCode.gte(code.as_str()))
        .add(row::Column::HsCode.lte(hs::last_below(&code)));
    Some(Condition::any().add(below).add(row::Column::HsCode.is_in(hs::upwards(&code))))
}

/// The commitments of which this country, or any if none is given, is an importer to whom the agreement applies on the day.
fn imported(country: Option<&str>, day: &str) -> SelectStatement {
    let mut select = applied_traders(day);
    select.and_where(Expr::col((trader_row::Entity, trader_row::Column::Exports)).eq(false));
    if let Some(country) = country {
        select.and_where(Expr::col((trader_row::Entity, trader_row::Column::Country)).eq(country));
    }
    select
}

/// Commitments for goods of this country: those that name it, and those that name nobody in particular and are not its own
/// duties; in agreements that apply to it on the day.
fn exported(country: &str, day: &str) -> Condition {
    let mut named = applied_traders(day);
    named
        .and_where(Expr::col((trader_row::Entity, trader_row::Column::Exports)).eq(true))
        .and_where(Expr::col((trader_row::Entity, trader_row::Column::Country)).eq(country));
    let parents = || Query::select().column(trader_row::Column::Parent).from(trader_row::Entity).to_owned();
    let selective = parents().and_where(trader_row::Column::Exports.eq(true)).to_owned();
    let its_own = parents()
        .and_where(trader_row::Column::Exports.eq(false))
        .and_where(trader_row::Column::Country.eq(country))
        .to_owned();
    let others = Condition::all()
        .add(row::Column::Id.not_in_subquery(selective))
        .add(row::Column::Id.not_in_subquery(its_own))
        .add(row::Column::TradeAgreement.in_subquery(applied_to(country, day)));
    Condition::any().add(row::Column::Id.in_subquery(named)).add(others)
}

/// Ids of commitments with a trader to whom the agreement applies on the day.
fn applied_traders(day: &str) -> SelectStatement {
    use party_row::Column as Party;
    use trader_row::Column as Trader;
    let same =
        |trader: Trader, party: Party| Expr::col((trader_row::Entity, trader)).equals((party_row::Entity, party));
    Query::select()
        .column((trader_row::Entity, Trader::Parent))
        .from(trader_row::Entity)
        .inner_join(
            party_row::Entity,
            Condition::all()
                .add(same(Trader::TradeAgreement, Party::Parent))
                .add(same(Trader::Country, Party::Country)),
        )
        .and_where(Expr::col((party_row::Entity, Party::AppliedFrom)).lte(day))
        .and_where(Expr::col((party_row::Entity, Party::AppliedTo)).gte(day))
        .to_owned()
}

/// Ids of the agreements that apply to a country on the day.
fn applied_to(country: &str, day: &str) -> SelectStatement {
    use party_row::Column as Party;
    Query::select()
        .column(Party::Parent)
        .from(party_row::Entity)
        .and_where(Party::Country.eq(country))
        .and_where(Party::AppliedFrom.lte(day))
        .and_where(Party::AppliedTo.gte(day))
        .to_owned()
}

#[tonic::async_trait]
impl FtaCommitmentService for FtaCommitments {
    async fn get_fta_commitment(&self, request: Request<GetFtaCommitmentRequest>) -> Reply<FtaCommitment> {
        let scope = visible::scope(&request);
        let GetFtaCommitmentRequest { name, as_of } = request.into_inner();
        let view = visible::view(&self.store, &as_of)?;
        let mut commitment = visible::get::<Self>(&self.store, &scope, &name, &view).await?;
        let agreement = &commitment.trade_agreement;
        let agreement = store::load::<TradeAgreements>(self.store.read(), &scope, agreement).await?;
        let day = view.as_of.to_string();
        let applies = |country: &String| agreement::to(&agreement.parties, country, &day) != Application::NotApplied;
        if !applies(&VIET_NAM.to_owned()) || !commitment.importers.iter().any(applies) {
            commitment.current = None;
        }
        Ok(Response::new(commitment))
    }

    async fn list_fta_commitments(
        &self,
        request: Request<ListFtaCommitmentsRequest>,
    ) -> Reply<ListFtaCommitmentsResponse> {
        let code = &request.get_ref().hs;
        if !code.is_empty() {
            hs::digits(code).map_err(|why| Error::invalid("hs", why))?;
        }
        store::list::<Self>(&self.store, request).await
    }

    async fn create_fta_commitment(&self, request: Request<CreateFtaCommitmentRequest>) -> Reply<FtaCommitment> {
        store::create::<Self>(&self.store, request).await
    }

    async fn update_fta_commitment(&self, request: Request<UpdateFtaCommitmentRequest>) -> Reply<FtaCommitment> {
        store::update::<Self>(&self.store, request).await
    }

    async fn retire_fta_commitment(&self, request: Request<RetireFtaCommitmentRequest>) -> Reply<FtaCommitment> {
        store::retire::<Self>(&self.store, request).await
    }
}
