//! Published figures of foreign direct investment.

use api::Resource as _;
use api::investment::v1::fdi_flow_service_server::FdiFlowService;
use api::investment::v1::*;
use api::shared::v1::Audience;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Condition, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait};
use store::register::{References, Register, Within};
use store::{Asc, Order, Reply, Store, Tx, View, database};
use tonic::{Request, Response};

use crate::money::dollars;
use crate::{fdi_import, fdi_rollup, fdi_rule, fdi_summary};

store::entity!(row, "fdi_flow", {
    series: String,
    dimension: i32,
    subject: String,
    year: i32,
    period_from: String,
    period_to: String,
    locality: String,
    country: String,
    sector: String,
    projects_new: Option<i32>,
    adjustments: Option<i32>,
    ma_deals: Option<i32>,
    capital_new: Option<i64>,
    capital_adjusted: Option<i64>,
    ma_capital: Option<i64>,
    capital_total: Option<i64>,
    capital_realised: Option<i64>,
    projects_stock: Option<i32>,
    capital_stock: Option<i64>,
});

use row::Column;

/// Serves them.
pub struct FdiFlows {
    pub store: Store,
    pub register: Register,
}

impl store::Resource for FdiFlows {
    type Message = FdiFlow;
    type List = ListFdiFlowsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(message: &FdiFlow, row: &mut row::ActiveModel) {
        let amount = |amount: Option<f64>| Set(amount.and_then(dollars));
        row.series = Set(message.series.clone());
        row.dimension = Set(message.dimension);
        row.subject = Set(fdi_rule::identity(message));
        row.year = Set(fdi_rule::year(message));
        row.period_from = Set(message.period_from.clone());
        row.period_to = Set(message.period_to.clone());
        row.locality = Set(message.locality.clone());
        row.country = Set(message.country.clone());
        row.sector = Set(message.sector.clone());
        row.projects_new = Set(message.projects_new);
        row.adjustments = Set(message.adjustments);
        row.ma_deals = Set(message.ma_deals);
        row.capital_new = amount(message.capital_new_musd);
        row.capital_adjusted = amount(message.capital_adjusted_musd);
        row.ma_capital = amount(message.ma_capital_musd);
        row.capital_total = amount(message.capital_total_musd);
        row.capital_realised = amount(message.capital_realised_musd);
        row.projects_stock = Set(message.projects_stock);
        row.capital_stock = amount(message.capital_stock_musd);
    }

    fn filter(list: &ListFdiFlowsRequest, _view: &View) -> Condition {
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        let year = |year: i32, condition: fn(Column, i32) -> sea_orm::sea_query::Expr| {
            (year != 0).then(|| condition(Column::Year, year))
        };
        Condition::all()
            .add_option((list.dimension != 0).then(|| Column::Dimension.eq(list.dimension)))
            .add_option(text(Column::Locality, &list.locality))
            .add_option(text(Column::Country, &list.country))
            .add_option(text(Column::Sector, &list.sector))
            .add_option(text(Column::Series, &list.series))
            .add_option(year(list.from_year, |column, year| column.gte(year)))
            .add_option(year(list.to_year, |column, year| column.lte(year)))
    }

    fn search_words(message: &FdiFlow) -> Vec<&str> {
        vec![&message.published_name]
    }

    fn order() -> Order {
        Order::by(Column::PeriodTo, Asc)
    }

    async fn prepare(tx: &Tx, before: Option<&FdiFlow>, after: &mut FdiFlow) -> Result<()> {
        settle(before, after)?;
        references(before, after).check(tx).await
    }

    async fn follow(tx: &Tx, before: Option<&FdiFlow>, after: &FdiFlow) -> Result<()> {
        // This locks the sum's row, so that of two figures whose periods overlap the later sees the earlier.
        let flows = fdi_rollup::keep(tx, before, after).await?;
        match before {
            None if flows > 1 => no_overlap(tx, after).await,
            _ => Ok(()),
        }
    }

    fn new_id(message: &FdiFlow) -> Result<String> {
        Ok(fdi_rule::id(message))
    }
}

/// The same figures, where their subjects were just read from the register: a file's rows are not each looked up again.
pub struct Resolved;

impl store::Resource for Resolved {
    type Message = FdiFlow;
    type List = ListFdiFlowsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = FdiFlows::AUDIENCE;

    fn columns(message: &FdiFlow, row: &mut row::ActiveModel) {
        FdiFlows::columns(message, row);
    }

    fn filter(list: &ListFdiFlowsRequest, view: &View) -> Condition {
        FdiFlows::filter(list, view)
    }

    fn search_words(message: &FdiFlow) -> Vec<&str> {
        FdiFlows::search_words(message)
    }

    async fn prepare(_tx: &Tx, before: Option<&FdiFlow>, after: &mut FdiFlow) -> Result<()> {
        settle(before, after)
    }

    async fn follow(tx: &Tx, before: Option<&FdiFlow>, after: &FdiFlow) -> Result<()> {
        FdiFlows::follow(tx, before, after).await
    }

    fn new_id(message: &FdiFlow) -> Result<String> {
        FdiFlows::new_id(message)
    }
}

/// What a figure is taken as, and whether it can be.
fn settle(before: Option<&FdiFlow>, after: &mut FdiFlow) -> Result<()> {
    // What was published is public, whatever is said of it here.
    after.audience = Some(Audience { circle: Circle::Public.into(), organizations: Vec::new() });
    refuse(fdi_rule::faults(after))?;
    if before.is_some_and(|before| fdi_rule::id(before) != fdi_rule::id(after)) {
        let why = "identifies a figure whose subject is in no register, and cannot be changed".into();
        return refuse(vec![("published_name", why)]);
    }
    Ok(())
}

/// The figure as it is in the database, without asking who may see it: figures are public.
pub async fn find(db: &impl ConnectionTrait, ids: &[String]) -> Result<Vec<row::Model>> {
    let found = sea_orm::QueryFilter::filter(row::Entity::find(), Column::Id.is_in(ids.iter().map(String::as_str)));
    found.all(db).await.map_err(database)
}

fn refuse(faults: Vec<fdi_rule::Fault>) -> Result<()> {
    let mut faults = faults.into_iter().map(|(field, why)| (format!("fdi_flow.{field}"), why));
    let Some((first, why)) = faults.next() else { return Ok(()) };
    Err(faults.fold(Error::invalid(first, why), |error, (field, why)| error.violation(field, why)))
}

/// What a figure newly refers to must have been there at the end of its period.
fn references(before: Option<&FdiFlow>, after: &FdiFlow) -> References {
    let at_the_end = Within::date(&after.period_to);
    let mut references = References::default();
    if before.map(|flow| &flow.locality) != Some(&after.locality) {
        references.add("fdi_flow.locality", &after.locality, at_the_end);
    }
    if before.map(|flow| &flow.country) != Some(&after.country) {
        references.add("fdi_flow.country", &after.country, at_the_end);
    }
    references
}

/// Refuses a figure whose period overlaps that of another one of its subject: their sum would count something twice.
async fn no_overlap(tx: &Tx, flow: &FdiFlow) -> Result<()> {
    let mut select = Query::select();
    select
        .columns([Column::Id, Column::PeriodFrom, Column::PeriodTo])
        .from(row::Entity)
        .and_where(Column::Series.eq(flow.series.as_str()))
        .and_where(Column::Dimension.eq(flow.dimension))
        .and_where(Column::Subject.eq(fdi_rule::identity(flow)))
        .and_where(Column::PeriodFrom.lte(flow.period_to.as_str()))
        .and_where(Column::PeriodTo.gte(flow.period_from.as_str()))
        .and_where(Column::RetiredAt.is_null().and(Column::Id.ne(flow.id())))
        .limit(1);
    let Some(found) = tx.query_one(&select).await.map_err(database)? else { return Ok(()) };
    let text = |column: Column| found.try_get::<String>("", sea_orm::IdenStatic::as_str(&column)).map_err(database);
    let other = format!("{}/{}", FdiFlow::COLLECTION, text(Column::Id)?);
    let error = Error::of(FdiFlowFailure::PeriodOverlaps).with("other", other);
    Err(error.with("period_from", text(Column::PeriodFrom)?).with("period_to", text(Column::PeriodTo)?))
}

store::serve!(FdiFlowService for FdiFlows, fdi_flow, fdi_flows, {
    async fn summarize_fdi_flows(
        &self,
        request: Request<SummarizeFdiFlowsRequest>,
    ) -> Reply<SummarizeFdiFlowsResponse> {
        let answer = fdi_summary::summarize(&self.store, &self.register, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    async fn import_fdi_flows(&self, request: Request<ImportFdiFlowsRequest>) -> Reply<ImportFdiFlowsResponse> {
        Ok(Response::new(fdi_import::import(&self.store, &self.register, request).await?))
    }
});
