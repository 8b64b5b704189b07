//! What is done under partnerships.

use api::registry::v1::partnership_activity_service_server::PartnershipActivityService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::sea_query::{Expr, ExprTrait};
use store::sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use store::{Desc, Order, Scope, Store, Tx, View};

use crate::partnership::{self, Partnerships};
use crate::period::Span;
use crate::visible;

store::entity!(row, "partnership_activity", { partnership: String, date: String, kind: i32 });

/// The activities.
pub struct PartnershipActivities {
    store: Store,
}

impl PartnershipActivities {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for PartnershipActivities {
    type Message = PartnershipActivity;
    type List = ListPartnershipActivitiesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Government;

    fn columns(activity: &PartnershipActivity, row: &mut row::ActiveModel) {
        row.partnership = Set(activity.partnership.clone());
        row.date = Set(activity.date.clone());
        row.kind = Set(activity.kind);
    }

    fn filter(list: &ListPartnershipActivitiesRequest, _: &View) -> Condition {
        use row::Column;
        Condition::all()
            .add_option((!list.partnership.is_empty()).then(|| Column::Partnership.eq(list.partnership.as_str())))
            .add_option((list.kind != 0).then(|| Column::Kind.eq(list.kind)))
            .add_option((!list.date_from.is_empty()).then(|| Column::Date.gte(list.date_from.as_str())))
            .add_option((!list.date_to.is_empty()).then(|| Column::Date.lte(list.date_to.as_str())))
    }

    fn search_words(activity: &PartnershipActivity) -> Vec<&str> {
        vec![&activity.display_name, &activity.participants, &activity.result]
    }

    fn order() -> Order {
        Order::by(row::Column::Date, Desc)
    }

    async fn prepare(tx: &Tx, before: Option<&PartnershipActivity>, after: &mut PartnershipActivity) -> Result<()> {
        if before.is_some_and(|before| before.date == after.date) {
            return Ok(());
        }
        if after.date > tx.today().to_string() {
            return Err(Error::invalid("partnership_activity.date", "must not be in the future"));
        }
        let field = "partnership_activity.partnership";
        if before.is_none() {
            store::require::<Partnerships>(tx, field, &after.partnership).await?;
        }
        let partnership = store::load::<Partnerships>(tx, &Scope::everything(), &after.partnership).await?;
        if !partnership::standing(&partnership).contains(&after.date) {
            let failure = Error::of(PartnershipActivityFailure::PartnershipNotStanding);
            return Err(failure.with("partnership", &after.partnership).with("date", &after.date));
        }
        Ok(())
    }
}

/// The activities of these partnerships in a stretch of time that the scope sees.
fn among(scope: &Scope, partnerships: &[String], span: &Span) -> Select<row::Entity> {
    use row::Column;
    row::Entity::find()
        .filter(Column::Partnership.is_in(partnerships))
        .filter(Column::Date.gte(span.from.as_str()))
        .filter(Column::Date.lte(span.to.as_str()))
        .filter(Column::Id.in_subquery(visible::ids::<row::Entity>(scope)))
}

/// How many there were of each kind in each year, the earliest year first.
pub async fn counts(
    store: &Store,
    scope: &Scope,
    partnerships: &[String],
    span: &Span,
) -> Result<Vec<PartnershipActivityCount>> {
    use row::Column;
    // Numbers that are bound would make two expressions of it for PostgreSQL, of which it groups by one only.
    let year = || Expr::cust(r#"substr("date", 1, 4)"#);
    let groups: Vec<(String, i32, i64)> = among(scope, partnerships, span)
        .select_only()
        .column_as(year(), "year")
        .column(Column::Kind)
        .column_as(Expr::col(Column::Id).count(), "activities")
        .group_by(year())
        .group_by(Column::Kind)
        .into_tuple()
        .all(store.read())
        .await
        .map_err(store::database)?;
    let mut counts: Vec<PartnershipActivityCount> = groups
        .into_iter()
        .map(|(year, kind, count)| PartnershipActivityCount {
            year: year.parse().unwrap_or_default(),
            kind,
            count: i32::try_from(count).unwrap_or(i32::MAX),
        })
        .collect();
    counts.sort_unstable_by_key(|it| (it.year, it.kind));
    Ok(counts)
}

/// The latest one.
pub async fn last(
    store: &Store,
    scope: &Scope,
    partnerships: &[String],
    span: &Span,
) -> Result<Option<PartnershipActivity>> {
    let row = among(scope, partnerships, span)
        .order_by_desc(row::Column::Date)
        .order_by_desc(row::Column::Id)
        .limit(1)
        .one(store.read())
        .await
        .map_err(store::database)?;
    match row {
        Some(row) => {
            let name = format!("partnershipActivities/{}", row.id);
            Ok(Some(store::load::<PartnershipActivities>(store.read(), scope, &name).await?))
        }
        None => Ok(None),
    }
}

store::serve!(PartnershipActivityService for PartnershipActivities, partnership_activity, partnership_activities);
