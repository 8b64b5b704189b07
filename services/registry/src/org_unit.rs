//! The desks of the ministry and of other bodies: what each covers, and which one answers.

use api::Resource as _;
use api::registry::v1::country::WorldRegion;
use api::registry::v1::org_unit_service_server::OrgUnitService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter};
use store::{Reply, Scope, Store, Tx, View};
use tonic::{Request, Response};

use crate::agency::Agencies;
use crate::child::{self, child, position};
use crate::country::Countries;
use crate::desk::{self, Rank};
use crate::naming::named;
use crate::theme::Themes;
use crate::work_area::WorkAreas;
use crate::{reference, visible};

store::entity!(row, "org_unit", { agency: String, parent: String, kind: i32, valid_from: String, valid_to: String });
child!(coverage_row, "org_unit_coverage", {
    country: String,
    world_region: i32,
    topic: String,
    valid_from: String,
    valid_to: String,
});

/// How many desks an answer names after the one that answers.
const OTHERS_MAX: usize = 10;

/// The units.
pub struct OrgUnits {
    store: Store,
}

impl OrgUnits {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for OrgUnits {
    type Message = OrgUnit;
    type List = ListOrgUnitsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(unit: &OrgUnit, row: &mut row::ActiveModel) {
        let life = desk::life(unit);
        row.agency = Set(unit.agency.clone());
        row.parent = Set(unit.parent.clone());
        row.kind = Set(unit.kind);
        row.valid_from = Set(life.from);
        row.valid_to = Set(life.to);
    }

    fn filter(list: &ListOrgUnitsRequest, view: &View) -> Condition {
        use row::Column;
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        let day = view.as_of.to_string();
        Condition::all()
            .add(Column::ValidFrom.lte(day.as_str()))
            .add(Column::ValidTo.gte(day.as_str()))
            .add_option(text(Column::Agency, &list.agency))
            .add_option(text(Column::Parent, &list.parent))
            .add_option((list.kind != 0).then(|| Column::Kind.eq(list.kind)))
    }

    fn search_words(unit: &OrgUnit) -> Vec<&str> {
        let names = [&unit.display_name, &unit.english_name, &unit.short_name];
        names.into_iter().chain(&unit.other_names).map(String::as_str).collect()
    }

    async fn prepare(tx: &Tx, before: Option<&OrgUnit>, after: &mut OrgUnit) -> Result<()> {
        if let Err((field, why)) = desk::check(after) {
            return Err(Error::invalid(format!("org_unit.{field}"), why));
        }
        let agencies = reference::new([&after.agency], before.map(|unit| &unit.agency));
        reference::check::<Agencies>(tx, "org_unit.agency", agencies).await?;
        let units = reference::new([&after.parent], before.map(|unit| &unit.parent));
        reference::check::<Self>(tx, "org_unit.parent", units).await?;
        let covered = |unit: &OrgUnit, of: fn(&OrgUnitCoverage) -> &String| -> Vec<String> {
            unit.coverages.iter().map(|it| of(it).clone()).collect()
        };
        let newly = |of: fn(&OrgUnitCoverage) -> &String| {
            let known: Vec<String> = before.map(|unit| covered(unit, of)).unwrap_or_default();
            reference::new(&covered(after, of), &known)
        };
        reference::check::<Countries>(tx, "org_unit.coverages.country", newly(|it| &it.country)).await?;
        let topics =
            |collection: &str| newly(|it| &it.topic).into_iter().filter(|it| it.starts_with(collection)).collect();
        reference::check::<Themes>(tx, "org_unit.coverages.topic", topics("themes/")).await?;
        reference::check::<WorkAreas>(tx, "org_unit.coverages.topic", topics("workAreas/")).await?;
        check_above(tx, after).await
    }

    async fn index(tx: &Tx, unit: &OrgUnit) -> Result<()> {
        let life = desk::life(unit);
        let part = |(at, it): (usize, &OrgUnitCoverage)| {
            let held = desk::span(it, &life);
            coverage_row::Model {
                parent: unit.id().to_owned(),
                position: position(at),
                country: it.country.clone(),
                world_region: it.world_region,
                topic: it.topic.clone(),
                valid_from: held.from,
                valid_to: held.to,
            }
        };
        let parts = unit.coverages.iter().enumerate().map(part).collect();
        child::replace::<coverage_row::Entity>(tx, unit.id(), parts).await.map_err(store::database)
    }
}

/// Refuses a unit above which it stands itself.
async fn check_above(tx: &Tx, unit: &OrgUnit) -> Result<()> {
    match reference::leads_to::<OrgUnits>(tx, &unit.parent, &unit.name).await? {
        true => Err(Error::of(OrgUnitFailure::OrgUnitCycle).with("name", &unit.name).with("parent", &unit.parent)),
        false => Ok(()),
    }
}

/// For what a desk is wanted.
struct Wanted {
    /// The country's name; empty if it does not matter.
    country: String,
    region: WorldRegion,
    /// The names under which the topic may stand; empty if it does not matter.
    topics: Vec<String>,
}

/// The desks that answer, the closest first, each once: rank, and the position of its coverage.
async fn answering(store: &Store, scope: &Scope, wanted: &Wanted, view: &View) -> Result<Vec<(Rank, usize)>> {
    use coverage_row::Column;
    let day = view.as_of.to_string();
    let texts = |given: &[String]| -> Vec<String> { given.iter().cloned().chain([String::new()]).collect() };
    let found = coverage_row::Entity::find()
        .filter(Column::Country.is_in(texts(std::slice::from_ref(&wanted.country))))
        .filter(Column::WorldRegion.is_in([wanted.region as i32, 0]))
        .filter(Column::Topic.is_in(texts(&wanted.topics)))
        .filter(Column::ValidFrom.lte(day.as_str()))
        .filter(Column::ValidTo.gte(day.as_str()))
        .filter(Column::Parent.in_subquery(visible::ids::<row::Entity>(scope)))
        .all(store.read())
        .await
        .map_err(store::database)?;
    let ranked = found.into_iter().map(|it| {
        let at = usize::try_from(it.position).unwrap_or_default();
        let reason = desk::reason(!it.country.is_empty(), it.world_region != 0, !it.topic.is_empty());
        (Rank::of(reason, &it.valid_from, &it.parent), at)
    });
    let mut ranked: Vec<(Rank, usize)> = ranked.collect();
    ranked.sort();
    let mut seen = std::collections::HashSet::new();
    ranked.retain(|(rank, _)| seen.insert(rank.unit.clone()));
    Ok(ranked)
}

impl OrgUnits {
    async fn wanted(&self, scope: &Scope, request: &ResolveDeskRequest) -> Result<Wanted> {
        if request.country.is_empty() && request.topic.is_empty() {
            return Err(Error::invalid("country", "give a country, a topic or both"));
        }
        let mut wanted =
            Wanted { country: String::new(), region: WorldRegion::Unspecified, topics: desk::topics(&request.topic) };
        if !request.country.is_empty() {
            wanted.country = named("countries", &request.country);
            let country = store::load::<Countries>(self.store.read(), scope, &wanted.country).await?;
            wanted.region = country.world_region();
        }
        Ok(wanted)
    }
}

store::serve!(OrgUnitService for OrgUnits, org_unit, org_units, {
    async fn resolve_desk(&self, request: Request<ResolveDeskRequest>) -> Reply<ResolveDeskResponse> {
        let scope = visible::scope(&request);
        let request = request.into_inner();
        let view = visible::view(&self.store, &request.as_of)?;
        let wanted = self.wanted(&scope, &request).await?;
        let mut ranked = answering(&self.store, &scope, &wanted, &view).await?.into_iter();
        let as_of = view.as_of.to_string();
        let Some((first, at)) = ranked.next() else {
            let what = [wanted.country, request.topic].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>();
            let failure = Error::of(OrgUnitFailure::DeskUnknown).with("wanted", what.join(", "));
            return Err(failure.with("as_of", as_of).into());
        };
        let name = |rank: &Rank| format!("{}/{}", OrgUnit::COLLECTION, rank.unit);
        let details = visible::get::<Self>(&self.store, &scope, &name(&first), &view).await?;
        Ok(Response::new(ResolveDeskResponse {
            org_unit: details.name.clone(),
            reason: first.reason as i32,
            coverage: details.coverages.get(at).cloned(),
            details: Some(details),
            others: ranked.take(OTHERS_MAX).map(|(rank, _)| name(&rank)).collect(),
            as_of,
        }))
    }
});
