//! Representative missions abroad, and the countries that they answer for.

use api::registry::v1::mission_service_server::MissionService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Reply, Scope, Store, Tx, View};
use tonic::{Request, Response};

use crate::accreditation::{Rank, check_dates, life, span};
use crate::child::{self, child, position};
use crate::country::Countries;
use crate::naming::named;
use crate::period::last_day;
use crate::{accreditation, appointment, data, reference, visible};

store::entity!(row, "mission", { kind: i32, host_country: String, opened: String, closed: String, counted: bool });
child!(accreditation_row, "mission_accreditation", {
    country: String,
    valid_from: String,
    valid_to: String,
    kind: i32,
    unverified: bool,
    mission_kind: i32,
});

/// The missions.
pub struct Missions {
    store: Store,
}

impl Missions {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Missions {
    type Message = Mission;
    type List = ListMissionsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(mission: &Mission, row: &mut row::ActiveModel) {
        let open = life(mission);
        row.kind = Set(mission.kind);
        row.host_country = Set(mission.host_country.clone());
        row.opened = Set(open.from);
        row.closed = Set(open.to);
        row.counted = Set(mission.counted);
    }

    fn filter(list: &ListMissionsRequest, view: &View) -> Condition {
        let day = view.as_of.to_string();
        let mut wanted = open_on(&day);
        if list.kind != mission::Kind::Unspecified as i32 {
            wanted = wanted.add(row::Column::Kind.eq(list.kind));
        }
        if !list.host_country.is_empty() {
            wanted = wanted.add(row::Column::HostCountry.eq(named("countries", &list.host_country)));
        }
        if !list.country.is_empty() {
            wanted = wanted.add(row::Column::Id.in_subquery(accredited_to(&named("countries", &list.country), &day)));
        }
        wanted
    }

    fn search_words(mission: &Mission) -> Vec<&str> {
        vec![&mission.display_name, &mission.english_name, &mission.city, &mission.host_organization]
    }

    async fn prepare(tx: &Tx, before: Option<&Mission>, after: &mut Mission) -> Result<()> {
        if let Err(why) = check_dates(after) {
            return Err(Error::of(MissionFailure::MissionDatesBroken).with("why", why));
        }
        let hosts = reference::new([&after.host_country], before.map(|mission| &mission.host_country));
        reference::check::<Countries>(tx, "mission.host_country", hosts).await?;
        let known = before.into_iter().flat_map(|mission| &mission.accreditations).map(|it| &it.country);
        let countries = reference::new(after.accreditations.iter().map(|it| &it.country), known);
        reference::check::<Countries>(tx, "mission.accreditations.country", countries).await?;
        let closes = before.is_some_and(|mission| mission.closed_date != after.closed_date);
        if closes { nobody_stays(tx, after).await } else { Ok(()) }
    }

    async fn index(tx: &Tx, mission: &Mission) -> Result<()> {
        let id = api::Resource::id(mission);
        let open = life(mission);
        let part = |(at, it): (usize, &Accreditation)| {
            let held = span(it, &open);
            accreditation_row::Model {
                parent: id.to_owned(),
                position: position(at),
                country: it.country.clone(),
                valid_from: held.from,
                valid_to: held.to,
                kind: it.kind,
                unverified: it.unverified,
                mission_kind: mission.kind,
            }
        };
        let parts = mission.accreditations.iter().enumerate().map(part).collect();
        child::replace::<accreditation_row::Entity>(tx, id, parts).await.map_err(store::database)
    }
}

/// Refuses to close a mission to which somebody is appointed beyond its last day.
async fn nobody_stays(tx: &Tx, mission: &Mission) -> Result<()> {
    let staying = appointment::after(tx, &mission.name, &last_day(&mission.closed_date)).await?;
    if mission.closed_date.is_empty() || staying.is_empty() {
        return Ok(());
    }
    let failure = Error::of(MissionFailure::MissionStaffed).with("name", &mission.name);
    Err(failure.with("date", &mission.closed_date).with("appointments", staying.join(", ")))
}

/// The ids of the missions that answer for a country on a day, as a subquery.
pub fn accredited_to(country: &str, day: &str) -> SelectStatement {
    let answering = accreditation_row::Entity::find()
        .select_only()
        .column(accreditation_row::Column::Parent)
        .filter(accredited_on(country, day));
    QueryTrait::into_query(answering)
}

fn open_on(day: &str) -> Condition {
    Condition::all().add(row::Column::Opened.lte(day)).add(row::Column::Closed.gte(day))
}

fn accredited_on(country: &str, day: &str) -> Condition {
    Condition::all()
        .add(accreditation_row::Column::Country.eq(country))
        .add(accreditation_row::Column::ValidFrom.lte(day))
        .add(accreditation_row::Column::ValidTo.gte(day))
}

/// The mission that answers for a country on the view's day, and the accreditation on which that rests; none if nobody does.
pub async fn answering(
    from: &impl store::Reader,
    scope: &Scope,
    country: &str,
    view: &View,
) -> Result<Option<(Mission, Accreditation)>> {
    let day = view.as_of.to_string();
    let held = accreditation_row::Entity::find()
        .filter(accredited_on(country, &day))
        .filter(accreditation_row::Column::Parent.in_subquery(visible::ids::<row::Entity>(scope)))
        .all(from)
        .await
        .map_err(store::database)?;
    let first = held.iter().min_by_key(|it| Rank::of(&it.parent, it.mission_kind, it.kind, it.unverified));
    let Some(first) = first else { return Ok(None) };
    let mut mission = store::load::<Missions>(from, scope, &format!("missions/{}", first.parent)).await?;
    <Missions as store::Resource>::view(&mut mission, view);
    let at = usize::try_from(first.position).unwrap_or_default();
    let accreditation = mission.accreditations.get(at).cloned();
    Ok(accreditation.map(|accreditation| (mission, accreditation)))
}

store::serve!(MissionService for Missions, mission, missions, {
    async fn close_mission(&self, request: Request<CloseMissionRequest>) -> Reply<Mission> {
        let close = async |_: Tx, request: CloseMissionRequest, mut mission: Mission| {
            if !mission.closed_date.is_empty() {
                let failure = Error::of(MissionFailure::MissionClosed).with("name", &mission.name);
                return Err(failure.with("date", &mission.closed_date));
            }
            accreditation::close(&mut mission, &request.date);
            mission.closing_basis = request.legal_basis;
            Ok(mission)
        };
        store::act::<Self, _, _>(&self.store, request, close).await
    }

    async fn count_missions(&self, request: Request<CountMissionsRequest>) -> Reply<CountMissionsResponse> {
        let scope = visible::scope(&request);
        let day = visible::view(&self.store, &request.get_ref().as_of)?.as_of.to_string();
        let groups: Vec<(i32, bool, i64)> = row::Entity::find()
            .select_only()
            .column(row::Column::Kind)
            .column(row::Column::Counted)
            .column_as(Expr::col(row::Column::Id).count(), "missions")
            .filter(open_on(&day))
            .filter(row::Column::Id.in_subquery(visible::ids::<row::Entity>(&scope)))
            .group_by(row::Column::Kind)
            .group_by(row::Column::Counted)
            .into_tuple()
            .all(self.store.read())
            .await
            .map_err(store::database)?;
        let mut published = data::mission_counts().map_err(Error::internal)?;
        published.retain(|it| it.date <= day);
        Ok(Response::new(CountMissionsResponse { published, ..counted(day, groups) }))
    }
});

/// The answer, from kind, whether these count, and how many they are.
fn counted(as_of: String, groups: Vec<(i32, bool, i64)>) -> CountMissionsResponse {
    let mut answer = CountMissionsResponse { as_of, ..CountMissionsResponse::default() };
    for (kind, counts, number) in groups {
        let count = i32::try_from(number).unwrap_or(i32::MAX);
        if counts {
            answer.count += count;
            answer.kinds.push(MissionCount { kind, count });
        } else {
            answer.uncounted += count;
        }
    }
    answer.kinds.sort_by_key(|it| it.kind);
    answer
}
