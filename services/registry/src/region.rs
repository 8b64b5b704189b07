//! Regions, and which localities belong to them when.

mod hand_over;

use std::collections::HashMap;

use api::registry::v1::region_service_server::RegionService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::sea_query::{Query, SelectStatement};
use store::sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use store::{Reply, Scope, Store, Tx, View};
use tonic::{Request, Response};

use crate::child::{self, child, position};
use crate::locality::Localities;
use crate::period::Span;
use crate::{reference, visible};

pub use hand_over::{hand_over, in_common};

store::entity!(row, "region", { kind: i32 });
child!(period_row, "region_period", { valid_from: String, valid_to: String });
child!(member_row, "region_member", { locality: String, valid_from: String, valid_to: String });

/// The regions.
pub struct Regions {
    store: Store,
}

impl Regions {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Regions {
    type Message = Region;
    type List = ListRegionsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(region: &Region, row: &mut row::ActiveModel) {
        row.kind = Set(region.kind);
    }

    fn filter(list: &ListRegionsRequest, view: &View) -> Condition {
        let day = view.as_of.to_string();
        let mut wanted = Condition::all().add(row::Column::Id.in_subquery(existing(&day)));
        if list.kind != region::Kind::Unspecified as i32 {
            wanted = wanted.add(row::Column::Kind.eq(list.kind));
        }
        if !list.locality.is_empty() {
            let of = member_row::Entity::find()
                .select_only()
                .column(member_row::Column::Parent)
                .filter(member_row::Column::Locality.eq(id_of(&list.locality)))
                .filter(member_on(&day));
            wanted = wanted.add(row::Column::Id.in_subquery(of.into_query()));
        }
        wanted
    }

    fn search_words(region: &Region) -> Vec<&str> {
        vec![&region.display_name, &region.english_name, &region.code]
    }

    async fn prepare(tx: &Tx, before: Option<&Region>, after: &mut Region) -> Result<()> {
        if let Err(why) = check_dates(after) {
            return Err(Error::of(RegionFailure::RegionDatesBroken).with("why", why));
        }
        let known = before.into_iter().flat_map(|region| &region.members).map(|member| &member.locality);
        let localities = reference::new(after.members.iter().map(|member| &member.locality), known);
        reference::check::<Localities>(tx, "region.members.locality", localities).await
    }

    async fn index(tx: &Tx, region: &Region) -> Result<()> {
        let id = api::Resource::id(region);
        let parent = || id.to_owned();
        let period = |(at, it): (usize, &RegionPeriod)| {
            let Span { from, to } = Span::of(&it.valid_from, &it.valid_to);
            period_row::Model { parent: parent(), position: position(at), valid_from: from, valid_to: to }
        };
        let periods = region.periods.iter().enumerate().map(period).collect();
        child::replace::<period_row::Entity>(tx, id, periods).await.map_err(store::database)?;
        let member = |(at, it): (usize, &RegionMember)| {
            let Span { from, to } = Span::of(&it.valid_from, &it.valid_to);
            let locality = id_of(&it.locality).to_owned();
            member_row::Model { parent: parent(), position: position(at), locality, valid_from: from, valid_to: to }
        };
        let members = region.members.iter().enumerate().map(member).collect();
        child::replace::<member_row::Entity>(tx, id, members).await.map_err(store::database)
    }

    fn view(region: &mut Region, view: &View) {
        let day = view.as_of.to_string();
        let members = region.members.iter().filter(|it| Span::of(&it.valid_from, &it.valid_to).contains(&day));
        region.locality_count = position(members.count());
    }
}

/// The regions that exist on a day; one without schemes always does.
fn existing(day: &str) -> SelectStatement {
    use period_row::Column;
    let dated = || period_row::Entity::find().select_only().column(Column::Parent);
    let on_the_day = dated().filter(Column::ValidFrom.lte(day)).filter(Column::ValidTo.gte(day)).into_query();
    let wanted = Condition::any()
        .add(row::Column::Id.in_subquery(on_the_day))
        .add(row::Column::Id.not_in_subquery(dated().into_query()));
    Query::select().column(row::Column::Id).from(row::Entity).cond_where(wanted).to_owned()
}

fn member_on(day: &str) -> Condition {
    Condition::all().add(member_row::Column::ValidFrom.lte(day)).add(member_row::Column::ValidTo.gte(day))
}

/// The ids of the localities that belong to a region on a day, as a subquery.
pub fn members(region: &str, day: &str) -> SelectStatement {
    let id = region.trim_start_matches("regions/");
    Query::select()
        .column(member_row::Column::Locality)
        .from(member_row::Entity)
        .cond_where(member_on(day).add(member_row::Column::Parent.eq(id)))
        .to_owned()
}

/// The id of a locality: members are kept without the collection, so that they can be compared with ids.
fn id_of(locality: &str) -> &str {
    locality.trim_start_matches("localities/")
}

/// By name of the locality, the socio-economic region that it belongs to on a day.
pub async fn of_localities(
    store: &Store,
    scope: &Scope,
    names: &[String],
    day: &str,
) -> Result<HashMap<String, String>> {
    let mut planned = visible::ids::<row::Entity>(scope);
    planned.and_where(row::Column::Kind.eq(region::Kind::SocioEconomic as i32));
    let found = member_row::Entity::find()
        .filter(member_row::Column::Locality.is_in(names.iter().map(|name| id_of(name))))
        .filter(member_on(day))
        .filter(member_row::Column::Parent.in_subquery(planned))
        .order_by_desc(member_row::Column::Parent)
        .all(store.read())
        .await
        .map_err(store::database)?;
    let pair =
        |member: member_row::Model| (format!("localities/{}", member.locality), format!("regions/{}", member.parent));
    Ok(found.into_iter().map(pair).collect())
}

/// Who belongs to a region on the view's day, by name; those of the units that the caller sees.
async fn memberships(store: &Store, scope: &Scope, region: Region, view: &View) -> Result<Vec<RegionMembership>> {
    let day = view.as_of.to_string();
    let mut members = Vec::new();
    for member in region.members.into_iter().filter(|it| Span::of(&it.valid_from, &it.valid_to).contains(&day)) {
        if store::exists::<Localities>(store.read(), scope, &member.locality).await? {
            let locality = visible::get::<Localities>(store, scope, &member.locality, view).await?;
            let RegionMember { valid_from, valid_to, legal_basis, source, .. } = member;
            let locality = Some(locality);
            members.push(RegionMembership { locality, valid_from, valid_to, legal_basis, source });
        }
    }
    let name = |member: &RegionMembership| member.locality.as_ref().map(|unit| unit.name.clone());
    members.sort_by_key(name);
    let names: Vec<String> = members.iter().filter_map(name).collect();
    let mut planned = of_localities(store, scope, &names, &day).await?;
    for unit in members.iter_mut().filter_map(|member| member.locality.as_mut()) {
        unit.region = planned.remove(&unit.name).unwrap_or_default();
    }
    Ok(members)
}

/// Says what is wrong with a region's dates: nothing ends before it begins, and nobody is a member twice at once.
fn check_dates(region: &Region) -> Result<(), String> {
    let span = |from: &String, to: &String| Span::of(from, to);
    if let Some(broken) = region.periods.iter().find(|it| span(&it.valid_from, &it.valid_to).is_broken()) {
        return Err(format!("a scheme ends on {} and begins on {}", broken.valid_to, broken.valid_from));
    }
    let mut seen: HashMap<&String, Vec<Span>> = HashMap::new();
    for member in &region.members {
        let own = span(&member.valid_from, &member.valid_to);
        if own.is_broken() {
            return Err(format!(
                "{} leaves on {} and joins on {}",
                member.locality, member.valid_to, member.valid_from
            ));
        }
        let before = seen.entry(&member.locality).or_default();
        if before.iter().any(|other| other.overlaps(&own)) {
            return Err(format!("{} is a member twice on {}", member.locality, own.from));
        }
        before.push(own);
    }
    Ok(())
}

store::serve!(RegionService for Regions, region, regions, {
    async fn list_region_members(
        &self,
        request: Request<ListRegionMembersRequest>,
    ) -> Reply<ListRegionMembersResponse> {
        let scope = visible::scope(&request);
        let ListRegionMembersRequest { name, as_of } = request.into_inner();
        let view = visible::view(&self.store, &as_of)?;
        let region = store::load::<Self>(self.store.read(), &scope, &name).await?;
        let members = memberships(&self.store, &scope, region, &view).await?;
        Ok(Response::new(ListRegionMembersResponse { members }))
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_a_member_twice_at_once() {
        let member = |locality: &str, from: &str, to: &str| RegionMember {
            locality: format!("localities/{locality}"),
            valid_from: from.into(),
            valid_to: to.into(),
            ..RegionMember::default()
        };
        for (members, good) in [
            (vec![member("ha-noi", "", ""), member("hai-phong", "", "")], true),
            (vec![member("ha-noi", "", "2025-06-30"), member("ha-noi", "2025-07-01", "")], true),
            (vec![member("ha-noi", "", "2025-07-01"), member("ha-noi", "2025-07-01", "")], false),
            (vec![member("ha-noi", "2025-07-01", "2025-06-30")], false),
        ] {
            let region = Region { members, ..Region::default() };
            assert_eq!(check_dates(&region).is_ok(), good, "{region:?}");
        }
        let period =
            RegionPeriod { valid_from: "2025-07-01".into(), valid_to: "2025-06-30".into(), ..Default::default() };
        assert!(check_dates(&Region { periods: vec![period], ..Region::default() }).is_err());
    }
}
