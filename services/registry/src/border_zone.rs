//! Zones of cooperation and development at the border.

mod life;
mod succession;

use api::registry::v1::border_zone_service_server::BorderZoneService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::caller::{Caller, Role};
use chassis::error::{Error, Result};
use store::sea_orm::sea_query::SelectStatement;
use store::sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use store::{Reply, Scope, Store, Tx, View};
use tonic::{Request, Response};

use crate::child::{self, child, position};
use crate::country::Countries;
use crate::foreign_locality::ForeignLocalities;
use crate::locality::Localities;
use crate::naming::named;
use crate::partnership::Partnerships;
use crate::period::Span;
use crate::{reference, visible};

store::entity!(row, "border_zone", { kind: i32, country: String, stage: i32, next_due: String });
child!(locality_row, "border_zone_locality", { locality: String, valid_from: String, valid_to: String });
child!(partnership_row, "border_zone_partnership", { partnership: String });

/// The border zones.
pub struct BorderZones {
    store: Store,
}

impl BorderZones {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for BorderZones {
    type Message = BorderZone;
    type List = ListBorderZonesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(zone: &BorderZone, row: &mut row::ActiveModel) {
        row.kind = Set(zone.kind);
        row.country = Set(zone.country.clone());
        row.stage = Set(life::stage(zone) as i32);
        row.next_due = Set(life::next_due(zone));
    }

    fn filter(list: &ListBorderZonesRequest, view: &View) -> Condition {
        use row::Column;
        let country = (!list.country.is_empty()).then(|| Column::Country.eq(named("countries", &list.country)));
        let day = view.as_of.to_string();
        Condition::all()
            .add_option(country)
            .add_option((list.kind != 0).then(|| Column::Kind.eq(list.kind)))
            .add_option((list.stage != 0).then(|| Column::Stage.eq(list.stage)))
            .add_option((!list.locality.is_empty()).then(|| Column::Id.in_subquery(lying_in(&list.locality, &day))))
            .add_option((!list.partnership.is_empty()).then(|| Column::Id.in_subquery(under(&[&list.partnership]))))
            .add_option(list.overdue.then(|| Column::NextDue.lt(view.today.to_string())))
    }

    fn search_words(zone: &BorderZone) -> Vec<&str> {
        vec![&zone.display_name, &zone.english_name, &zone.description]
    }

    async fn prepare(tx: &Tx, before: Option<&BorderZone>, after: &mut BorderZone) -> Result<()> {
        // Told on reading only: what is kept must not depend on the day on which it was written.
        after.set_stage(border_zone::Stage::Unspecified);
        after.overdue_milestone_count = 0;
        after.milestones.iter_mut().for_each(|milestone| milestone.overdue = false);
        let broken = |why| Error::of(BorderZoneFailure::BorderZoneDatesBroken).with("why", why);
        life::check(after, &tx.today().to_string()).map_err(broken)?;
        check_references(tx, before, after).await
    }

    async fn index(tx: &Tx, zone: &BorderZone) -> Result<()> {
        let id = api::Resource::id(zone);
        let locality = |(at, it): (usize, &BorderZoneLocality)| {
            let span = Span::of(&it.valid_from, &it.valid_to);
            let (parent, locality) = (id.to_owned(), it.locality.clone());
            locality_row::Model { parent, position: position(at), locality, valid_from: span.from, valid_to: span.to }
        };
        let localities = zone.localities.iter().enumerate().map(locality).collect();
        child::replace::<locality_row::Entity>(tx, id, localities).await.map_err(store::database)?;
        let partnership = |(at, partnership): (usize, &String)| partnership_row::Model {
            parent: id.to_owned(),
            position: position(at),
            partnership: partnership.clone(),
        };
        let partnerships = zone.partnerships.iter().enumerate().map(partnership).collect();
        child::replace::<partnership_row::Entity>(tx, id, partnerships).await.map_err(store::database)
    }

    /// The owner; the units in which it lies last, and those from which it came: a succession may be recorded before its day.
    fn may_own(caller: &Caller, zone: &BorderZone) -> bool {
        let own = |it: &BorderZoneLocality| {
            it.valid_to.is_empty() && [&it.locality, &it.predecessor].contains(&&caller.organization)
        };
        let own = zone.owner == caller.organization || zone.localities.iter().any(own);
        (own && !caller.organization.is_empty()) || caller.is(Role::Administrator) || caller.is(Role::Service)
    }

    fn view(zone: &mut BorderZone, view: &View) {
        let today = view.today.to_string();
        let stage = life::stage_on(zone, &view.as_of.to_string());
        zone.set_stage(stage);
        for milestone in &mut zone.milestones {
            milestone.overdue = life::is_overdue(milestone, &today);
        }
        let overdue = zone.milestones.iter().filter(|milestone| milestone.overdue).count();
        zone.overdue_milestone_count = position(overdue);
    }
}

async fn check_references(tx: &Tx, before: Option<&BorderZone>, after: &BorderZone) -> Result<()> {
    let countries = reference::new([&after.country], before.map(|zone| &zone.country));
    reference::check::<Countries>(tx, "border_zone.country", countries).await?;
    let units = reference::new(
        after.localities.iter().map(|it| &it.locality),
        before.into_iter().flat_map(|zone| &zone.localities).map(|it| &it.locality),
    );
    reference::check::<Localities>(tx, "border_zone.localities.locality", units).await?;
    let foreign = reference::new(&after.foreign_localities, before.into_iter().flat_map(|it| &it.foreign_localities));
    for name in foreign {
        let field = "border_zone.foreign_localities";
        store::require::<ForeignLocalities>(tx, field, &name).await?;
        if store::load::<ForeignLocalities>(tx, &tx.scope(), &name).await?.country != after.country {
            return Err(Error::invalid(field, format!("{name} does not lie in {}", after.country)));
        }
    }
    let partnerships = reference::new(&after.partnerships, before.into_iter().flat_map(|zone| &zone.partnerships));
    reference::check::<Partnerships>(tx, "border_zone.partnerships", partnerships).await
}

fn lying_in(locality: &str, day: &str) -> SelectStatement {
    use locality_row::Column;
    locality_row::Entity::find()
        .select_only()
        .column(Column::Parent)
        .filter(Column::Locality.eq(locality))
        .filter(Column::ValidFrom.lte(day))
        .filter(Column::ValidTo.gte(day))
        .into_query()
}

fn under(partnerships: &[&String]) -> SelectStatement {
    use partnership_row::Column;
    let names = partnerships.iter().map(|name| name.as_str());
    let rows = partnership_row::Entity::find().select_only().column(Column::Parent);
    rows.filter(Column::Partnership.is_in(names)).into_query()
}

/// The zones that are built under any of these partnerships, as far as the scope sees them.
pub async fn of_partnerships(store: &Store, scope: &Scope, partnerships: &[String]) -> Result<Vec<BorderZone>> {
    let names: Vec<&String> = partnerships.iter().collect();
    let ids: Vec<String> = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::Id.in_subquery(under(&names)))
        .filter(row::Column::Id.in_subquery(visible::ids::<row::Entity>(scope)))
        .order_by_asc(row::Column::Id)
        .into_tuple()
        .all(store.read())
        .await
        .map_err(store::database)?;
    let mut zones = Vec::with_capacity(ids.len());
    for id in ids {
        zones.push(store::load::<BorderZones>(store.read(), scope, &format!("borderZones/{id}")).await?);
    }
    Ok(zones)
}

/// Brings the zones that lie in the units of a succession to their successors.
pub async fn hand_over(tx: &Tx, steps: &[LineageStep]) -> Result<()> {
    let predecessors: Vec<&str> = steps.iter().map(|step| step.predecessor.as_str()).collect();
    let ids: Vec<String> = locality_row::Entity::find()
        .select_only()
        .column(locality_row::Column::Parent)
        .distinct()
        .filter(locality_row::Column::Locality.is_in(predecessors))
        .order_by_asc(locality_row::Column::Parent)
        .into_tuple()
        .all(tx)
        .await
        .map_err(store::database)?;
    let mut units = Vec::new();
    for step in steps {
        units.push(store::load::<Localities>(tx, &Scope::everything(), &step.predecessor).await?);
        units.push(store::load::<Localities>(tx, &Scope::everything(), &step.successor).await?);
    }
    for id in ids {
        let zone = store::load::<BorderZones>(tx, &Scope::everything(), &format!("borderZones/{id}")).await?;
        let after = succession::hand_over(&zone, steps, &units);
        if after != zone && zone.retire_time.is_none() {
            store::save::<BorderZones>(tx, "borderZone.handedOver", zone, after).await?;
        }
    }
    Ok(())
}

store::serve!(BorderZoneService for BorderZones, border_zone, border_zones, {
    async fn advance_border_zone_stage(&self, request: Request<AdvanceBorderZoneStageRequest>) -> Reply<BorderZone> {
        store::apply::<Self, _>(&self.store, request, life::advance).await
    }

    async fn check_border_zone_stage(
        &self,
        request: Request<CheckBorderZoneStageRequest>,
    ) -> Reply<BorderZoneStageCheck> {
        let scope = visible::scope(&request);
        let view = visible::view(&self.store, "")?;
        let zone = visible::get::<Self>(&self.store, &scope, &request.get_ref().name, &view).await?;
        let stage = life::stage(&zone);
        let next = life::next(stage);
        let missing: Vec<BorderZoneMilestone> = life::missing(&zone).cloned().collect();
        Ok(Response::new(BorderZoneStageCheck {
            border_zone: zone.name.clone(),
            stage: stage as i32,
            next_stage: next as i32,
            ready: next != border_zone::Stage::Unspecified && missing.is_empty(),
            missing,
        }))
    }

    async fn suspend_border_zone(&self, request: Request<SuspendBorderZoneRequest>) -> Reply<BorderZone> {
        store::apply::<Self, _>(&self.store, request, life::suspend).await
    }

    async fn resume_border_zone(&self, request: Request<ResumeBorderZoneRequest>) -> Reply<BorderZone> {
        store::apply::<Self, _>(&self.store, request, life::resume).await
    }

    async fn close_border_zone(&self, request: Request<CloseBorderZoneRequest>) -> Reply<BorderZone> {
        store::apply::<Self, _>(&self.store, request, life::close).await
    }

    async fn add_border_zone_milestone(&self, request: Request<AddBorderZoneMilestoneRequest>) -> Reply<BorderZone> {
        store::apply::<Self, _>(&self.store, request, life::add_milestone).await
    }

    async fn complete_border_zone_milestone(
        &self,
        request: Request<CompleteBorderZoneMilestoneRequest>,
    ) -> Reply<BorderZone> {
        store::apply::<Self, _>(&self.store, request, life::complete_milestone).await
    }

    async fn drop_border_zone_milestone(&self, request: Request<DropBorderZoneMilestoneRequest>) -> Reply<BorderZone> {
        store::apply::<Self, _>(&self.store, request, life::drop_milestone).await
    }
});
