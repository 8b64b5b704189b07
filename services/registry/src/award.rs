//! Honours conferred on partners, and their handing over.

use api::registry::v1::award_service_server::AwardService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Desc, Order, Reply, Store, Tx, View};
use tonic::Request;

use crate::child::{self, child, position};
use crate::country::Countries;
use crate::mission::Missions;
use crate::naming::named;
use crate::period::{first_day, last_day};
use crate::reference;
use crate::theme::Themes;

store::entity!(row, "award", {
    kind: i32,
    mission: String,
    decided_first: String,
    decided_last: String,
    outstanding: bool,
});
child!(recipient_row, "award_recipient", { country: String, organization: String });

/// The awards.
pub struct Awards {
    store: Store,
}

impl Awards {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Awards {
    type Message = Award;
    type List = ListAwardsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(award: &Award, row: &mut row::ActiveModel) {
        let decided = |day: fn(&str) -> String| match award.decided_date.as_str() {
            "" => String::new(),
            date => day(date),
        };
        row.kind = Set(award.kind);
        row.mission = Set(award.mission.clone());
        row.decided_first = Set(decided(first_day));
        row.decided_last = Set(decided(last_day));
        row.outstanding = Set(award.handed_over_date.is_empty());
    }

    fn filter(list: &ListAwardsRequest, _: &View) -> Condition {
        use row::Column;
        let text = |given: &str| (!given.is_empty()).then(|| given.to_owned());
        let decided_to = text(&list.decided_to)
            .map(|day| Condition::all().add(Column::DecidedFirst.ne("")).add(Column::DecidedFirst.lte(day)));
        Condition::all()
            .add_option((list.kind != award::Kind::Unspecified as i32).then(|| Column::Kind.eq(list.kind)))
            .add_option(text(&list.mission).map(|mission| Column::Mission.eq(mission)))
            .add_option(text(&list.country).map(|country| {
                Column::Id.in_subquery(received(recipient_row::Column::Country, &named("countries", &country)))
            }))
            .add_option(text(&list.organization).map(|organization| {
                Column::Id.in_subquery(received(recipient_row::Column::Organization, &organization))
            }))
            .add_option(text(&list.decided_from).map(|day| Column::DecidedLast.gte(day)))
            .add_option(decided_to)
            .add_option(list.outstanding.then(|| Column::Outstanding.eq(true)))
    }

    fn search_words(award: &Award) -> Vec<&str> {
        let recipients = award.recipients.iter().flat_map(|it| [it.display_name.as_str(), it.capacity.as_str()]);
        let own = [&award.display_name, &award.english_name, &award.reason, &award.decision_number];
        own.into_iter().map(String::as_str).chain(recipients).collect()
    }

    fn order() -> Order {
        Order::by(row::Column::DecidedFirst, Desc)
    }

    async fn prepare(tx: &Tx, before: Option<&Award>, after: &mut Award) -> Result<()> {
        check_dates(&after.decided_date, &after.handed_over_date, &tx.today().to_string())
            .map_err(|why| Error::of(AwardFailure::AwardDatesBroken).with("why", why))?;
        references(tx, before, after).await?;
        let mission = |award: &Award| vec![award.mission.clone()];
        store::party::admit(after, &before.map(mission).unwrap_or_default(), &mission(after));
        Ok(())
    }

    async fn index(tx: &Tx, award: &Award) -> Result<()> {
        let id = api::Resource::id(award);
        let part = |(at, it): (usize, &AwardRecipient)| recipient_row::Model {
            parent: id.to_owned(),
            position: position(at),
            country: it.country.clone(),
            organization: it.organization.clone(),
        };
        let parts = award.recipients.iter().enumerate().map(part).collect();
        child::replace::<recipient_row::Entity>(tx, id, parts).await.map_err(store::database)
    }
}

fn received(column: recipient_row::Column, value: &str) -> store::sea_orm::sea_query::SelectStatement {
    let awards = recipient_row::Entity::find().select_only().column(recipient_row::Column::Parent);
    awards.filter(column.eq(value)).into_query()
}

async fn references(tx: &Tx, before: Option<&Award>, after: &Award) -> Result<()> {
    let recipients = || before.into_iter().flat_map(|award| &award.recipients);
    let missions = reference::new([&after.mission], before.map(|award| &award.mission));
    reference::check::<Missions>(tx, "award.mission", missions).await?;
    let themes = reference::new(&after.themes, before.into_iter().flat_map(|award| &award.themes));
    reference::check::<Themes>(tx, "award.themes", themes).await?;
    let countries = reference::new(after.recipients.iter().map(|it| &it.country), recipients().map(|it| &it.country));
    reference::check::<Countries>(tx, "award.recipients.country", countries).await?;
    let bodies = after.recipients.iter().map(|it| &it.organization);
    for body in reference::new(bodies, recipients().map(|it| &it.organization)) {
        reference::check_body(tx, "award.recipients.organization", &body, "").await?;
    }
    Ok(())
}

/// Says which date contradicts another, or today.
fn check_dates(decided: &str, handed_over: &str, today: &str) -> Result<(), String> {
    for (what, date) in [("decided", decided), ("handed over", handed_over)] {
        if !date.is_empty() && first_day(date).as_str() > today {
            return Err(format!("it was {what} on {date}, which is in the future"));
        }
    }
    if !decided.is_empty() && !handed_over.is_empty() && last_day(handed_over) < first_day(decided) {
        return Err(format!("it was handed over on {handed_over}, before it was decided on {decided}"));
    }
    Ok(())
}

store::serve!(AwardService for Awards, award, awards, {
    async fn hand_over_award(&self, request: Request<HandOverAwardRequest>) -> Reply<Award> {
        let may = |caller: &chassis::caller::Caller, award: &Award| {
            <Self as store::Resource>::may_own(caller, award)
                || (!award.mission.is_empty() && award.mission == caller.organization)
        };
        store::act_for::<Self, _, _>(&self.store, request, may, async move |_tx, request: HandOverAwardRequest, mut award: Award| {
            if !award.handed_over_date.is_empty() {
                let failure = Error::of(AwardFailure::AwardHandedOverAlready);
                return Err(failure.with("date", award.handed_over_date));
            }
            award.handed_over_date = request.handed_over_date;
            if !request.handed_over_place.is_empty() {
                award.handed_over_place = request.handed_over_place;
            }
            Ok(award)
        })
        .await
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_award_is_decided_then_handed_over_and_both_in_the_past() {
        for (decided, handed_over, good) in [
            ("2024-10-01", "2024-11-05", true),
            ("2024-10", "2024-10-01", true),
            ("2024", "", true),
            ("", "2024-11-05", true),
            ("2026-11-22", "2026-11-22", true),
            ("2024-10-01", "2024-09-30", false),
            ("2024-10-01", "2023", false),
            ("2026-11-23", "", false),
            ("", "2026-12", false),
        ] {
            assert_eq!(check_dates(decided, handed_over, "2026-11-22").is_ok(), good, "{decided} {handed_over}");
        }
    }
}
