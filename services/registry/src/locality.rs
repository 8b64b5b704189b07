//! Provinces and centrally run cities, as legal units over time.

pub mod holder;
pub mod lineage;
mod look_up;
mod standing;

use api::registry::v1::locality_service_server::LocalityService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::sea_query::SelectStatement;
use store::sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Reply, Scope, Store, Tx, View};
use tonic::{Request, Response};

use crate::child::{self, child, position};
use crate::country::Countries;
use crate::naming::{agency_code, named};
use crate::period::Span;
use crate::region::{self, Regions};
use crate::{descent, reference, resolution, visible};

pub use standing::{Ended, Units, ended, life_of};

store::entity!(row, "locality", {});
child!(period_row, "locality_period", {
    valid_from: String,
    valid_to: String,
    r#type: i32,
    code: String,
    slug: String,
    agency_code: String,
    borders: String,
    names: String,
});
child!(succession_row, "locality_succession", {
    predecessor: String,
    effective_date: String,
    kind: i32,
    legal_basis: String,
    citation: String,
    confidence: String,
});

/// The localities.
pub struct Localities {
    store: Store,
}

impl Localities {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Fills in what other records say of a locality: its successors, and its region on the view's day.
    async fn complete(&self, scope: &Scope, view: &View, localities: &mut [Locality]) -> Result<()> {
        let names: Vec<String> = localities.iter().map(|locality| locality.name.clone()).collect();
        let mut successors = lineage::successors(&self.store, scope, &names).await?;
        let mut regions = region::of_localities(&self.store, scope, &names, &view.as_of.to_string()).await?;
        for locality in localities {
            locality.successors = successors.remove(&locality.name).unwrap_or_default();
            locality.region = regions.remove(&locality.name).unwrap_or_default();
        }
        Ok(())
    }

    async fn completed(&self, scope: &Scope, view: &View, locality: Locality) -> Reply<Locality> {
        let mut one = [locality];
        self.complete(scope, view, &mut one).await?;
        let [locality] = one;
        Ok(Response::new(locality))
    }

    async fn on(&self, scope: &Scope, view: &View, name: &str) -> Reply<Locality> {
        let locality = visible::get::<Self>(&self.store, scope, name, view).await?;
        self.completed(scope, view, locality).await
    }
}

/// The whole life of a unit.
fn life(locality: &Locality) -> Span {
    let first = locality.periods.first().map_or("", |period| &period.valid_from);
    let last = locality.periods.last().map_or("", |period| &period.valid_to);
    Span::of(first, last)
}

/// Sets the fields that are those of the period on a day.
pub fn show(locality: &mut Locality, day: &str) {
    locality.valid_from = locality.periods.first().map(|it| it.valid_from.clone()).unwrap_or_default();
    locality.valid_to = locality.periods.last().map(|it| it.valid_to.clone()).unwrap_or_default();
    let Some(period) = descent::on(&locality.periods, day).cloned() else { return };
    locality.display_name = period.display_name;
    locality.english_name = period.english_name;
    locality.r#type = period.r#type;
    locality.code = period.code;
    locality.slug = period.slug;
    locality.agency_code = period.agency_code;
    locality.border_countries = period.border_countries;
}

impl store::Resource for Localities {
    type Message = Locality;
    type List = ListLocalitiesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(_: &Locality, _: &mut row::ActiveModel) {}

    fn filter(list: &ListLocalitiesRequest, view: &View) -> Condition {
        let day = view.as_of.to_string();
        let mut wanted = Condition::all().add(row::Column::Id.in_subquery(fitting(list, &day)));
        if !list.region.is_empty() {
            let region = named("regions", &list.region);
            wanted = wanted.add(row::Column::Id.in_subquery(region::members(&region, &day)));
        }
        wanted
    }

    fn search_words(locality: &Locality) -> Vec<&str> {
        let mut words = Vec::new();
        for period in &locality.periods {
            words.extend_from_slice(match period.r#type() {
                locality::Type::City => &["thành phố", "TP."],
                locality::Type::Province => &["tỉnh"],
                locality::Type::Unspecified => &[] as &[&str],
            });
            words.extend([period.display_name.as_str(), &period.english_name]);
            words.extend(period.other_names.iter().map(String::as_str));
        }
        words.sort_unstable();
        words.dedup();
        words
    }

    async fn prepare(tx: &Tx, before: Option<&Locality>, after: &mut Locality) -> Result<()> {
        if let Err(why) = descent::check_periods(&after.periods) {
            return Err(Error::of(LocalityFailure::LocalityPeriodsBroken).with("why", why));
        }
        let borders = reference::new(borders(after), before.into_iter().flat_map(borders));
        reference::check::<Countries>(tx, "locality.periods.border_countries", borders).await?;
        if before.is_none_or(|unit| unit.predecessors != after.predecessors || unit.periods != after.periods) {
            check_descent(tx, after).await?;
        }
        if before.is_none_or(|unit| unit.periods != after.periods) {
            check_codes(tx, after).await?;
        }
        // What follows the change log shows the unit as it was last.
        show(after, &life(after).to);
        Ok(())
    }

    async fn index(tx: &Tx, locality: &Locality) -> Result<()> {
        let id = api::Resource::id(locality);
        let periods = locality.periods.iter().enumerate().map(|(at, it)| period_part(id, at, it)).collect();
        child::replace::<period_row::Entity>(tx, id, periods).await.map_err(store::database)?;
        let steps = locality.predecessors.iter().enumerate().map(|(at, it)| succession_part(id, at, it)).collect();
        child::replace::<succession_row::Entity>(tx, id, steps).await.map_err(store::database)
    }

    fn view(locality: &mut Locality, view: &View) {
        show(locality, &view.as_of.to_string());
    }
}

/// The units that have a period as the request wants it. A search for a name finds it at any time, unless a day is asked for.
fn fitting(list: &ListLocalitiesRequest, day: &str) -> SelectStatement {
    use period_row::Column;
    let mut wanted = Condition::all();
    if !list.as_of.is_empty() || list.q.is_empty() {
        wanted = wanted.add(Column::ValidFrom.lte(day)).add(Column::ValidTo.gte(day));
    }
    if list.r#type != locality::Type::Unspecified as i32 {
        wanted = wanted.add(Column::Type.eq(list.r#type));
    }
    if !list.code.is_empty() {
        wanted = wanted.add(Column::Code.eq(list.code.as_str()));
    }
    if !list.border_country.is_empty() {
        let country = named("countries", &list.border_country);
        wanted = wanted.add(Column::Borders.contains(format!("|{country}|")));
    }
    period_row::Entity::find().select_only().column(Column::Parent).filter(wanted).into_query()
}

fn borders(locality: &Locality) -> impl Iterator<Item = &String> {
    locality.periods.iter().flat_map(|period| &period.border_countries)
}

/// Each predecessor exists, is not the unit itself, and ended as the unit began.
async fn check_descent(tx: &Tx, unit: &Locality) -> Result<()> {
    let own = life(unit);
    for step in &unit.predecessors {
        let broken = |why: String| {
            Error::of(LocalityFailure::LocalitySuccessionBroken).with("locality", &step.locality).with("why", why)
        };
        if step.locality == unit.name {
            return Err(broken("it is the unit itself".to_owned()));
        }
        store::require::<Localities>(tx, "locality.predecessors.locality", &step.locality).await?;
        let predecessor = store::load::<Localities>(tx, &tx.scope(), &step.locality).await?;
        descent::check_descent(step, &own, &life(&predecessor)).map_err(broken)?;
    }
    Ok(())
}

/// No other unit bears one of its codes on one of its days.
async fn check_codes(tx: &Tx, unit: &Locality) -> Result<()> {
    use period_row::Column;
    let id = api::Resource::id(unit);
    for period in unit.periods.iter().filter(|period| !period.code.is_empty()) {
        let span = descent::span(period);
        let standing =
            row::Entity::find().select_only().column(row::Column::Id).filter(row::Column::RetiredAt.is_null());
        let other = period_row::Entity::find()
            .filter(Column::Code.eq(period.code.as_str()))
            .filter(Column::Parent.ne(id))
            .filter(Column::ValidFrom.lte(span.to.as_str()))
            .filter(Column::ValidTo.gte(span.from.as_str()))
            .filter(Column::Parent.in_subquery(standing.into_query()))
            .one(tx)
            .await
            .map_err(store::database)?;
        if let Some(other) = other {
            let failure = Error::of(LocalityFailure::LocalityCodeTaken).with("code", &period.code);
            let day = other.valid_from.max(span.from);
            return Err(failure.with("locality", format!("localities/{}", other.parent)).with("day", day));
        }
    }
    Ok(())
}

/// Whether a unit of this name was ever recorded, also if it is retired.
pub async fn known(tx: &Tx, name: &str) -> Result<bool> {
    let id = name.trim_start_matches("localities/");
    let found = row::Entity::find_by_id(id).one(tx).await.map_err(store::database)?;
    Ok(found.is_some())
}

fn period_part(id: &str, at: usize, period: &LocalityPeriod) -> period_row::Model {
    let bearer = resolution::Bearer::of(id, period);
    period_row::Model {
        parent: id.to_owned(),
        position: position(at),
        valid_from: bearer.span.from,
        valid_to: bearer.span.to,
        r#type: period.r#type,
        code: period.code.clone(),
        slug: period.slug.clone(),
        agency_code: agency_code(&period.agency_code),
        borders: listed(&period.border_countries),
        names: listed(&bearer.names),
    }
}

/// Several in one column: `|a|b|`.
fn listed(parts: &[String]) -> String {
    if parts.is_empty() { String::new() } else { format!("|{}|", parts.join("|")) }
}

fn succession_part(id: &str, at: usize, step: &LocalitySuccession) -> succession_row::Model {
    let source = step.source.clone().unwrap_or_default();
    succession_row::Model {
        parent: id.to_owned(),
        position: position(at),
        predecessor: step.locality.clone(),
        effective_date: step.effective_date.clone(),
        kind: step.kind,
        legal_basis: step.legal_basis.clone(),
        citation: source.citation,
        confidence: source.confidence,
    }
}

#[tonic::async_trait]
impl LocalityService for Localities {
    async fn get_locality(&self, request: Request<GetLocalityRequest>) -> Reply<Locality> {
        let scope = visible::scope(&request);
        let view = visible::view(&self.store, &request.get_ref().as_of)?;
        self.on(&scope, &view, &request.get_ref().name).await
    }

    async fn list_localities(&self, request: Request<ListLocalitiesRequest>) -> Reply<ListLocalitiesResponse> {
        let scope = visible::scope(&request);
        let list = request.get_ref();
        let view = visible::view(&self.store, &list.as_of)?;
        let region = named("regions", &list.region);
        if !list.region.is_empty() && !store::exists::<Regions>(self.store.read(), &scope, &region).await? {
            return Ok(Response::new(ListLocalitiesResponse::default()));
        }
        let mut answer = store::list::<Self>(&self.store, request).await?;
        self.complete(&scope, &view, &mut answer.get_mut().localities).await?;
        Ok(answer)
    }

    async fn create_locality(&self, request: Request<CreateLocalityRequest>) -> Reply<Locality> {
        let (scope, view) = (visible::scope(&request), visible::view(&self.store, "")?);
        let locality = store::create::<Self>(&self.store, request).await?.into_inner();
        self.completed(&scope, &view, locality).await
    }

    async fn update_locality(&self, request: Request<UpdateLocalityRequest>) -> Reply<Locality> {
        let (scope, view) = (visible::scope(&request), visible::view(&self.store, "")?);
        let locality = store::update::<Self>(&self.store, request).await?.into_inner();
        self.completed(&scope, &view, locality).await
    }

    async fn retire_locality(&self, request: Request<RetireLocalityRequest>) -> Reply<Locality> {
        let (scope, view) = (visible::scope(&request), visible::view(&self.store, "")?);
        let locality = store::retire::<Self>(&self.store, request).await?.into_inner();
        self.completed(&scope, &view, locality).await
    }

    async fn resolve_locality(&self, request: Request<ResolveLocalityRequest>) -> Reply<Locality> {
        let scope = visible::scope(&request);
        let (name, view) = look_up::find(&self.store, &scope, request.get_ref()).await?;
        self.on(&scope, &view, &name).await
    }

    async fn trace_lineage(&self, request: Request<TraceLineageRequest>) -> Reply<Lineage> {
        let scope = visible::scope(&request);
        let lineage = lineage::trace(&self.store, &scope, &request.get_ref().name).await?;
        Ok(Response::new(lineage))
    }
}
