//! Who heads the missions abroad: persons in a post, each over a stretch of time.

use api::Resource as _;
use api::options::v1::Failure;
use api::registry::v1::appointment::Kind;
use api::registry::v1::appointment_service_server::AppointmentService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::sea_query::{Expr, ExprTrait};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Asc, Order, Reply, Scope, Store, Tx, View};
use tonic::{Request, Response};

use crate::mission::{self, Missions};
use crate::naming::named;
use crate::period::Span;
use crate::post::{self, HEADS};
use crate::{reference, visible};

store::entity!(row, "appointment", {
    mission: String,
    kind: i32,
    valid_from: String,
    valid_to: String,
    surely_from: String,
    surely_to: String,
    prepared: bool,
});

use row::Column;

/// How many appointments a refusal names.
const NAMED_MAX: u64 = 5;

/// The appointments.
pub struct Appointments {
    store: Store,
}

impl Appointments {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Appointments {
    type Message = Appointment;
    type List = ListAppointmentsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(appointment: &Appointment, row: &mut row::ActiveModel) {
        let (perhaps, surely) = (post::perhaps(appointment), post::surely(appointment));
        row.mission = Set(id_of(&appointment.mission).to_owned());
        row.kind = Set(appointment.kind);
        row.valid_from = Set(perhaps.from);
        row.valid_to = Set(perhaps.to);
        row.surely_from = Set(surely.from);
        row.surely_to = Set(surely.to);
        row.prepared = Set(!appointment.preposting_programme.is_empty() || !appointment.preposting_date.is_empty());
    }

    fn filter(list: &ListAppointmentsRequest, view: &View) -> Condition {
        let day = view.as_of.to_string();
        let mission = Some(named("missions", &list.mission)).filter(|_| !list.mission.is_empty());
        let country = Some(named("countries", &list.country)).filter(|_| !list.country.is_empty());
        let kind = Some(list.kind).filter(|kind| *kind != Kind::Unspecified as i32);
        let heading = HEADS.map(i32::from).into_iter().chain([Kind::ChargeDAffaires as i32]);
        Condition::all()
            .add_option((!list.all_times).then(|| holds_on(&day)))
            .add_option(mission.map(|mission| Column::Mission.eq(id_of(&mission))))
            .add_option(country.map(|country| Column::Mission.in_subquery(mission::accredited_to(&country, &day))))
            .add_option(kind.map(|kind| Column::Kind.eq(kind)))
            .add_option(list.heads_only.then(|| Column::Kind.is_in(heading)))
            .add_option(list.without_preposting.then(|| Column::Prepared.eq(false)))
    }

    fn search_words(appointment: &Appointment) -> Vec<&str> {
        vec![&appointment.person_name, &appointment.title, &appointment.decision_number]
    }

    fn order() -> Order {
        Order::by(Column::Mission, Asc).then(Column::ValidFrom, Asc)
    }

    async fn prepare(tx: &Tx, before: Option<&Appointment>, after: &mut Appointment) -> Result<()> {
        let missions = reference::new([&after.mission], before.map(|appointment| &appointment.mission));
        reference::check::<Missions>(tx, "appointment.mission", missions).await?;
        if let Err((field, why)) = post::check_dates(after) {
            return Err(Error::invalid(format!("appointment.{field}"), why));
        }
        if after.retire_time.is_some() {
            return Ok(());
        }
        // Whoever else appoints to this mission, or closes it, waits: of two that contradict each other the later sees the earlier.
        let mission = match store::load_for::<Missions>(tx, &after.mission, |_, _| true).await {
            Err(error) if error.is(Failure::Retired) => {
                store::load::<Missions>(tx, &tx.scope(), &after.mission).await?
            }
            loaded => loaded?,
        };
        if let Err(why) = post::check_kind(after.kind(), mission.kind()) {
            return Err(Error::invalid("appointment.kind", why));
        }
        if post::is_beyond(after, &mission) {
            let open = crate::accreditation::life(&mission);
            let failure = Error::of(AppointmentFailure::AppointmentOutsideMission).with("mission", &mission.name);
            return Err(failure.with("from", post::told(&open.from)).with("to", post::told(&open.to)));
        }
        post_is_free(tx, after).await
    }
}

/// Refuses an appointment to a post that somebody else surely holds on one of its days.
async fn post_is_free(tx: &Tx, appointment: &Appointment) -> Result<()> {
    let same = post::sharing_the_post(appointment.kind());
    let surely = post::surely(appointment);
    if same.is_empty() || surely.is_broken() {
        return Ok(());
    }
    let other = row::Entity::find()
        .filter(Column::Mission.eq(id_of(&appointment.mission)))
        .filter(Column::Kind.is_in(same.iter().map(|kind| *kind as i32)))
        .filter(Column::SurelyFrom.lte(surely.to))
        .filter(Column::SurelyTo.gte(surely.from))
        // What is not known to begin before it ends overlaps with nothing.
        .filter(Expr::col(Column::SurelyFrom).lte(Expr::col(Column::SurelyTo)))
        .filter(Column::RetiredAt.is_null())
        .filter(Column::Id.ne(appointment.id()))
        .order_by_asc(Column::SurelyFrom)
        .one(tx)
        .await
        .map_err(store::database)?;
    let Some(other) = other else { return Ok(()) };
    let name = format!("{}/{}", Appointment::COLLECTION, other.id);
    // Somebody whom the caller does not see is in the post all the same.
    let person = match store::load::<Appointments>(tx, &tx.scope(), &name).await {
        Ok(other) => other.person_name,
        Err(error) if error.is(Failure::NotFound) => "somebody".to_owned(),
        Err(error) => return Err(error),
    };
    let failure = Error::of(AppointmentFailure::PostTaken).with("mission", &appointment.mission);
    let failure = failure.with("person", person).with("appointment", name);
    Err(failure.with("from", post::told(&other.valid_from)).with("to", post::told(&other.valid_to)))
}

/// The names of some who are surely appointed to a mission after a day; none if nobody is.
pub async fn after(tx: &Tx, mission: &str, day: &str) -> Result<Vec<String>> {
    let ids: Vec<String> = row::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Mission.eq(id_of(mission)))
        .filter(Column::SurelyTo.gt(day))
        .filter(Column::RetiredAt.is_null())
        .order_by_asc(Column::Id)
        .limit(NAMED_MAX)
        .into_tuple()
        .all(tx)
        .await
        .map_err(store::database)?;
    Ok(ids.into_iter().map(|id| format!("{}/{id}", Appointment::COLLECTION)).collect())
}

fn holds_on(day: &str) -> Condition {
    Condition::all().add(Column::ValidFrom.lte(day)).add(Column::ValidTo.gte(day))
}

fn id_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// Who of these kinds is at a mission on a day; of several, whose dates are inexact, whoever began last.
async fn at_post(
    store: &Store,
    scope: &Scope,
    mission: &str,
    kinds: &[Kind],
    view: &View,
) -> Result<Option<Appointment>> {
    let found: Option<String> = row::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Mission.eq(id_of(mission)))
        .filter(Column::Kind.is_in(kinds.iter().map(|kind| *kind as i32)))
        .filter(holds_on(&view.as_of.to_string()))
        .filter(Column::Id.in_subquery(visible::ids::<row::Entity>(scope)))
        .order_by_desc(Column::ValidFrom)
        .order_by_desc(Column::Id)
        .into_tuple()
        .one(store.read())
        .await
        .map_err(store::database)?;
    let Some(id) = found else { return Ok(None) };
    visible::get::<Appointments>(store, scope, &format!("{}/{id}", Appointment::COLLECTION), view).await.map(Some)
}

store::serve!(AppointmentService for Appointments, appointment, appointments, {
    async fn end_appointment(&self, request: Request<EndAppointmentRequest>) -> Reply<Appointment> {
        let end = async |_: Tx, request: EndAppointmentRequest, mut appointment: Appointment| {
            if !appointment.valid_to.is_empty() {
                let failure = Error::of(AppointmentFailure::AppointmentEnded).with("name", &appointment.name);
                return Err(failure.with("date", &appointment.valid_to));
            }
            if Span::of(&appointment.valid_from, &request.date).is_broken() {
                let why = format!("must not be before the first day in the post, {}", appointment.valid_from);
                return Err(Error::invalid("date", why));
            }
            appointment.valid_to = request.date;
            appointment.end_reason = request.reason;
            Ok(appointment)
        };
        store::act::<Self, _, _>(&self.store, request, end).await
    }

    async fn resolve_mission_head(
        &self,
        request: Request<ResolveMissionHeadRequest>,
    ) -> Reply<ResolveMissionHeadResponse> {
        let scope = visible::scope(&request);
        let ResolveMissionHeadRequest { mission, as_of } = request.into_inner();
        let view = visible::view(&self.store, &as_of)?;
        store::load::<Missions>(self.store.read(), &scope, &mission).await?;
        let head = at_post(&self.store, &scope, &mission, &HEADS, &view).await?;
        let charged = at_post(&self.store, &scope, &mission, &[Kind::ChargeDAffaires], &view).await?;
        let as_of = view.as_of.to_string();
        let (head, vacant, stand_in) = match (head, charged) {
            (None, None) => {
                let failure = Error::of(AppointmentFailure::MissionWithoutHead);
                return Err(failure.with("mission", mission).with("as_of", as_of).into());
            }
            (None, charged) => (charged, true, None),
            (head, charged) => (head, false, charged),
        };
        Ok(Response::new(ResolveMissionHeadResponse { head, vacant, stand_in, as_of }))
    }
});
