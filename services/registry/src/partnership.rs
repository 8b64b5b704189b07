//! Partnerships of Vietnamese localities with foreign ones, held through the units that merge and split.

mod check;
mod life;
mod rules;
mod scorecard;
mod succession;

use api::registry::v1::partnership_service_server::PartnershipService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::caller::{Caller, Role};
use chassis::error::Result;
use store::calendar::Passing;
use store::sea_orm::sea_query::SelectStatement;
use store::sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use store::{Reply, Store, Tx, View};
use tonic::{Request, Response};

use crate::child::{self, child, position};
use crate::locality::Localities;
use crate::naming::named;
use crate::period::END;
use crate::visible;

pub use rules::{holder as holder_on, life as standing};
pub use succession::hand_over as handed_over;

store::entity!(row, "partnership", {
    kind: i32,
    country: String,
    begins: String,
    ends: String,
    expires: String,
    continued_by: String,
});
child!(holder_row, "partnership_holder", { locality: String, valid_from: String, valid_to: String });
child!(counterpart_row, "partnership_counterpart", { foreign_locality: String, valid_from: String, valid_to: String });
child!(theme_row, "partnership_theme", { theme: String });

/// The partnerships.
pub struct Partnerships {
    store: Store,
}

impl Partnerships {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Partnerships {
    type Message = Partnership;
    type List = ListPartnershipsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(partnership: &Partnership, row: &mut row::ActiveModel) {
        let life = standing(partnership);
        row.kind = Set(partnership.kind);
        row.country = Set(partnership.country.clone());
        row.begins = Set(life.from);
        row.ends = Set(life.to);
        row.expires = Set(rules::expiry(partnership).map_or_else(|| END.to_owned(), |last| last.to_string()));
        row.continued_by = Set(partnership.continued_by.clone());
    }

    fn filter(list: &ListPartnershipsRequest, view: &View) -> Condition {
        use row::Column;
        let day = view.as_of.to_string();
        let country = (!list.country.is_empty()).then(|| Column::Country.eq(named("countries", &list.country)));
        let expiring = (!list.expiring_before.is_empty()).then(|| Column::Expires.lt(list.expiring_before.as_str()));
        Condition::all()
            .add(Column::Begins.lte(day.as_str()))
            .add_option((!list.show_ended).then(|| Column::Ends.gte(day.as_str())))
            .add_option(country)
            .add_option(expiring)
            .add_option((list.kind != 0).then(|| Column::Kind.eq(list.kind)))
            .add_option((!list.locality.is_empty()).then(|| Column::Id.in_subquery(held_by(&list.locality, &day))))
            .add_option(
                (!list.foreign_locality.is_empty())
                    .then(|| Column::Id.in_subquery(belonging(&list.foreign_locality, &day))),
            )
            .add_option((!list.theme.is_empty()).then(|| Column::Id.in_subquery(bearing(&list.theme))))
    }

    fn search_words(partnership: &Partnership) -> Vec<&str> {
        let documents = partnership.terms.iter().map(|term| term.document.as_str());
        [partnership.display_name.as_str(), &partnership.english_name].into_iter().chain(documents).collect()
    }

    async fn prepare(tx: &Tx, before: Option<&Partnership>, after: &mut Partnership) -> Result<()> {
        // Told on reading only: what is kept must not depend on the day on which it was written.
        after.set_status(partnership::Status::Unspecified);
        after.locality.clear();
        after.foreign_localities.clear();
        after.term = None;
        check::all(tx, before, after).await
    }

    async fn index(tx: &Tx, partnership: &Partnership) -> Result<()> {
        let id = api::Resource::id(partnership);
        let last = standing(partnership).to;
        let holder = |(at, it): (usize, &PartnershipHolder)| {
            let span = rules::held(it);
            let (parent, position) = (id.to_owned(), position(at));
            let (locality, valid_to) = (it.locality.clone(), span.to.min(last.clone()));
            holder_row::Model { parent, position, locality, valid_from: span.from, valid_to }
        };
        let holders = partnership.holders.iter().enumerate().map(holder).collect();
        child::replace::<holder_row::Entity>(tx, id, holders).await.map_err(store::database)?;
        let counterpart = |(at, it): (usize, &PartnershipCounterpart)| {
            let span = rules::belongs(it);
            let (parent, position) = (id.to_owned(), position(at));
            let (foreign_locality, valid_to) = (it.foreign_locality.clone(), span.to.min(last.clone()));
            counterpart_row::Model { parent, position, foreign_locality, valid_from: span.from, valid_to }
        };
        let counterparts = partnership.counterparts.iter().enumerate().map(counterpart).collect();
        child::replace::<counterpart_row::Entity>(tx, id, counterparts).await.map_err(store::database)?;
        let theme = |(at, theme): (usize, &String)| theme_row::Model {
            parent: id.to_owned(),
            position: position(at),
            theme: theme.clone(),
        };
        let themes = partnership.themes.iter().enumerate().map(theme).collect();
        child::replace::<theme_row::Entity>(tx, id, themes).await.map_err(store::database)
    }

    fn calendar(partnership: &Partnership) -> Vec<Passing> {
        rules::passings(partnership)
    }

    /// The owner; the unit that holds it last, and that from which it came: a succession may be recorded before its day.
    fn may_own(caller: &Caller, partnership: &Partnership) -> bool {
        let last =
            partnership.holders.last().map(|last| [last.locality.as_str(), &partnership.owner, &last.predecessor]);
        let own = last.is_some_and(|own| own.contains(&caller.organization.as_str()));
        (own && !caller.organization.is_empty()) || caller.is(Role::Administrator) || caller.is(Role::Service)
    }

    fn view(partnership: &mut Partnership, view: &View) {
        let day = view.as_of.to_string();
        let status = rules::status(partnership, view.as_of);
        partnership.set_status(status);
        partnership.locality = rules::holder(partnership, &day).map(|it| it.locality.clone()).unwrap_or_default();
        partnership.foreign_localities = rules::foreign_localities(partnership, &day);
        partnership.term = rules::term(partnership, &day).cloned();
    }
}

fn held_by(locality: &str, day: &str) -> SelectStatement {
    use holder_row::Column;
    holder_row::Entity::find()
        .select_only()
        .column(Column::Parent)
        .filter(Column::Locality.eq(locality))
        .filter(Column::ValidFrom.lte(day))
        .filter(Column::ValidTo.gte(day))
        .into_query()
}

fn belonging(foreign_locality: &str, day: &str) -> SelectStatement {
    use counterpart_row::Column;
    counterpart_row::Entity::find()
        .select_only()
        .column(Column::Parent)
        .filter(Column::ForeignLocality.eq(foreign_locality))
        .filter(Column::ValidFrom.lte(day))
        .filter(Column::ValidTo.gte(day))
        .into_query()
}

fn bearing(theme: &str) -> SelectStatement {
    use theme_row::Column;
    theme_row::Entity::find().select_only().column(Column::Parent).filter(Column::Theme.eq(theme)).into_query()
}

/// The partnerships that any of these units has ever held, as they are kept.
async fn of_units(tx: &Tx, units: &[String]) -> Result<Vec<Partnership>> {
    let held = holder_row::Entity::find()
        .select_only()
        .column(holder_row::Column::Parent)
        .distinct()
        .filter(holder_row::Column::Locality.is_in(units))
        .order_by_asc(holder_row::Column::Parent)
        .into_tuple::<String>()
        .all(tx)
        .await
        .map_err(store::database)?;
    let mut partnerships = Vec::with_capacity(held.len());
    for id in held {
        let everything = store::Scope::everything();
        partnerships.push(store::load::<Partnerships>(tx, &everything, &format!("partnerships/{id}")).await?);
    }
    partnerships.retain(|partnership| partnership.retire_time.is_none());
    Ok(partnerships)
}

/// Brings what the units of a succession hold to their successors.
pub async fn hand_over(tx: &Tx, steps: &[LineageStep]) -> Result<()> {
    let mut names: Vec<String> =
        steps.iter().flat_map(|step| [step.predecessor.clone(), step.successor.clone()]).collect();
    names.sort_unstable();
    names.dedup();
    let mut units = Vec::with_capacity(names.len());
    for name in &names {
        units.push(store::load::<Localities>(tx, &store::Scope::everything(), name).await?);
    }
    let held = of_units(tx, &names).await?;
    for after in handed_over(&held, steps, &units) {
        let Some(before) = held.iter().find(|before| before.name == after.name) else { continue };
        store::save::<Partnerships>(tx, "partnership.handedOver", before.clone(), after).await?;
    }
    Ok(())
}

store::serve!(PartnershipService for Partnerships, partnership, partnerships, {
    async fn renew_partnership(&self, request: Request<RenewPartnershipRequest>) -> Reply<Partnership> {
        store::apply::<Self, _>(&self.store, request, life::renew).await
    }

    async fn end_partnership(&self, request: Request<EndPartnershipRequest>) -> Reply<Partnership> {
        store::apply::<Self, _>(&self.store, request, life::end).await
    }

    async fn score_partnership(&self, request: Request<ScorePartnershipRequest>) -> Reply<PartnershipScorecard> {
        let scope = visible::scope(&request);
        Ok(Response::new(scorecard::of(&self.store, &scope, request.get_ref()).await?))
    }
});
