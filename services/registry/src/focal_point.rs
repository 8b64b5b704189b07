//! Who is in charge of external relations in a locality, agency or mission, and from when to when.

use std::time::SystemTime;

use api::registry::v1::focal_point::Role as Part;
use api::registry::v1::focal_point_service_server::FocalPointService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::caller::{Caller, Role};
use chassis::error::{Error, Result};
use store::personal::Readers;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use store::{Asc, Order, Reply, Scope, Store, Tx, View, mention};
use tonic::Request;

use crate::agency::Agencies;
use crate::contact::Contacts;
use crate::locality::{Ended, ended, life_of};
use crate::mission::Missions;
use crate::period::{END, Span};
use crate::work_area::WorkAreas;
use crate::{accreditation, reference};

store::entity!(row, "focal_point", { body: String, role: i32, valid_from: String, valid_to: String });

use row::Column;

/// The focal points.
pub struct FocalPoints {
    store: Store,
}

impl FocalPoints {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for FocalPoints {
    type Message = FocalPoint;
    type List = ListFocalPointsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Government;
    const PERSONAL_READERS: Readers = Readers::Government;

    fn columns(point: &FocalPoint, row: &mut row::ActiveModel) {
        let span = span(point);
        row.body = Set(point.body.clone());
        row.role = Set(point.role);
        row.valid_from = Set(span.from);
        row.valid_to = Set(span.to);
    }

    fn filter(list: &ListFocalPointsRequest, view: &View) -> Condition {
        let day = view.as_of.to_string();
        let of = |body: &str| (!body.is_empty()).then(|| Column::Body.eq(body));
        Condition::all()
            .add(Column::ValidFrom.lte(day.as_str()))
            .add(Column::ValidTo.gte(day.as_str()))
            .add_option(of(&list.locality))
            .add_option(of(&list.body))
            .add_option((list.role != 0).then(|| Column::Role.eq(list.role)))
            .add_option(mention::of::<FocalPoint>(Column::Id, &list.work_area))
    }

    fn search_words(point: &FocalPoint) -> Vec<&str> {
        vec![&point.position, &point.note]
    }

    fn order() -> Order {
        Order::by(Column::Body, Asc).then(Column::Role, Asc)
    }

    async fn prepare(tx: &Tx, before: Option<&FocalPoint>, after: &mut FocalPoint) -> Result<()> {
        if before.is_none() && is_ministry(tx.caller()) {
            after.owner.clone_from(&after.body);
        }
        if after.owner != after.body {
            let why = format!("must be the owner, {}: a body names its own focal points", after.owner);
            return Err(Error::invalid("focal_point.body", why));
        }
        let own = span(after);
        if own.is_broken() && before.is_none_or(|before| span(before) != own) {
            return Err(Error::invalid("focal_point.valid_to", "must not be before valid_from"));
        }
        reference::check_body(tx, "focal_point.body", &after.body, before.map_or("", |before| &before.body)).await?;
        let contacts = reference::new([&after.contact], before.map(|before| &before.contact));
        reference::check::<Contacts>(tx, "focal_point.contact", contacts).await?;
        let areas = reference::new(&after.work_areas, before.into_iter().flat_map(|before| &before.work_areas));
        reference::check::<WorkAreas>(tx, "focal_point.work_areas", areas).await?;
        let moved = before.is_none_or(|before| span(before) != own || before.role != after.role);
        if moved && after.retire_time.is_none() {
            fits(tx, after, &own).await?;
        }
        Ok(())
    }

    async fn index(tx: &Tx, point: &FocalPoint) -> Result<()> {
        mention::keep(tx, point, point.work_areas.iter().map(String::as_str)).await
    }

    /// The body itself, or the ministry for it.
    fn may_own(caller: &Caller, point: &FocalPoint) -> bool {
        is_ministry(caller) || (!point.owner.is_empty() && point.owner == caller.organization)
    }
}

fn is_ministry(caller: &Caller) -> bool {
    [Role::MinistryOfficer, Role::Administrator, Role::Service].into_iter().any(|role| caller.is(role))
}

fn span(point: &FocalPoint) -> Span {
    Span::of(&point.valid_from, &point.valid_to)
}

/// The body exists on all days, and has no other primary focal point on any of them. The body is kept from other writes
/// meanwhile, so that of two primary ones at a time the second one finds the first.
async fn fits(tx: &Tx, point: &FocalPoint, own: &Span) -> Result<()> {
    let life = body_life(tx, &point.body).await?;
    if own.from < life.from || own.to > life.to {
        let error = Error::of(FocalPointFailure::FocalPointBodyEnded).with("body", &point.body);
        return Err(error.with("from", life.from).with("to", life.to));
    }
    if point.role() != Part::Primary {
        return Ok(());
    }
    let other = row::Entity::find()
        .filter(Column::Body.eq(point.body.as_str()))
        .filter(Column::Role.eq(Part::Primary as i32))
        .filter(Column::RetiredAt.is_null())
        .filter(Column::ValidFrom.lte(own.to.as_str()))
        .filter(Column::ValidTo.gte(own.from.as_str()))
        .filter(Column::Id.ne(api::Resource::id(point)))
        .order_by_asc(Column::ValidFrom)
        .one(tx)
        .await
        .map_err(store::database)?;
    let Some(other) = other else { return Ok(()) };
    let error = Error::of(FocalPointFailure::FocalPointPrimaryTaken).with("body", &point.body);
    let error = error.with("holder", format!("focalPoints/{}", other.id));
    Err(error.with("from", other.valid_from).with("to", other.valid_to))
}

/// When a body exists.
async fn body_life(tx: &Tx, body: &str) -> Result<Span> {
    match body.split_once('/').map(|(collection, _)| collection) {
        Some("localities") => life_of(tx, body).await,
        Some("missions") => {
            let mission = store::load_for::<Missions>(tx, body, |_, _| true).await?;
            Ok(accreditation::life(&mission))
        }
        Some("agencies") => {
            let agency = store::load_for::<Agencies>(tx, body, |_, _| true).await?;
            Ok(Span::of(&agency.valid_from, &agency.valid_to))
        }
        _ => Err(Error::invalid("focal_point.body", "must be a locality, an agency or a mission")),
    }
}

/// The focal points of a unit that ends, end with it, on its last day, and say why; those whose time was to begin later are
/// retired. Nobody is taken over: the units into which it went name their own, who may be the same people. Whoever follows the
/// change log learns of it, the person's own body first.
pub async fn hand_over(tx: &Tx, steps: &[LineageStep]) -> Result<()> {
    for gone in ended(tx, steps).await? {
        let held = row::Entity::find()
            .filter(Column::Body.eq(gone.unit.as_str()))
            .filter(Column::RetiredAt.is_null())
            .filter(Column::ValidTo.gt(gone.last_day.as_str()))
            .order_by_asc(Column::Id);
        for held in held.all(tx).await.map_err(store::database)? {
            let name = format!("focalPoints/{}", held.id);
            let before = store::load::<FocalPoints>(tx, &Scope::everything(), &name).await?;
            let after = over(tx, &before, &gone);
            store::save::<FocalPoints>(tx, "focalPoint.handedOver", before, after).await?;
        }
    }
    Ok(())
}

fn over(tx: &Tx, before: &FocalPoint, gone: &Ended) -> FocalPoint {
    let mut after = FocalPoint { end_reason: gone.told(), ..before.clone() };
    if before.valid_from > gone.last_day {
        after.retire_time = Some(SystemTime::from(tx.now()).into());
    } else {
        after.valid_to.clone_from(&gone.last_day);
    }
    after
}

async fn end(_: Tx, request: EndFocalPointRequest, before: FocalPoint) -> Result<FocalPoint> {
    let was = span(&before);
    if was.to != END && was.to <= request.valid_to {
        let error = Error::of(FocalPointFailure::FocalPointEnded).with("name", &before.name);
        return Err(error.with("ended", was.to));
    }
    if request.valid_to < was.from {
        return Err(Error::invalid("valid_to", format!("must not be before the first day, {}", was.from)));
    }
    Ok(FocalPoint { valid_to: request.valid_to, end_reason: request.reason, ..before })
}

store::serve!(FocalPointService for FocalPoints, focal_point, focal_points, {
    async fn end_focal_point(&self, request: Request<EndFocalPointRequest>) -> Reply<FocalPoint> {
        store::act::<Self, _, _>(&self.store, request, end).await
    }
});
