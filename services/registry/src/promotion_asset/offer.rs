//! The assets as a product's material in its markets.

use std::collections::HashMap;

use api::registry::v1::promotion_asset::Status;
use chassis::clock;
use chassis::error::Result;
use chrono::DateTime;
use store::sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};
use store::sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Scope, Store};

use super::{ANY, market_row, row};
use crate::visible;

/// An asset as it counts for markets.
#[derive(Debug, Clone, PartialEq)]
pub struct Material {
    /// Its resource name.
    pub name: String,
    /// Its language, as a tag in lower case.
    pub language: String,
    /// The markets that it targets; any, if empty.
    pub markets: Vec<String>,
    /// It is approved and in use; else it is a draft.
    pub approved: bool,
}

impl Material {
    /// Whether it is meant for a market, or for none in particular.
    pub fn is_for(&self, market: &str) -> bool {
        self.markets.is_empty() || self.markets.iter().any(|it| it == market)
    }
}

/// What a product has on a day, of what the scope sees: what was in use, and what was still a draft.
pub async fn of_product(store: &Store, scope: &Scope, product: &str, day: &str) -> Result<Vec<Material>> {
    use row::Column;
    let seen = || Condition::all().add(Column::Id.in_subquery(visible::ids::<row::Entity>(scope)));
    let of_it = || seen().add(Column::Product.eq(product)).add(Column::LiveTo.gte(day).or(draft()));
    let rows: Vec<(String, String, String, i64)> = row::Entity::find()
        .select_only()
        .columns([Column::Id, Column::Language, Column::LiveFrom, Column::CreatedAt])
        .filter(of_it())
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(store.read())
        .await
        .map_err(store::database)?;
    let ids = Query::select().column(Column::Id).from(row::Entity).cond_where(of_it()).to_owned();
    let targets: Vec<(String, String)> = market_row::Entity::find()
        .select_only()
        .columns([market_row::Column::Parent, market_row::Column::Country])
        .filter(market_row::Column::Parent.in_subquery(ids))
        .filter(market_row::Column::Country.ne(ANY))
        .order_by_asc(market_row::Column::Position)
        .into_tuple()
        .all(store.read())
        .await
        .map_err(store::database)?;
    let mut markets: HashMap<String, Vec<String>> = HashMap::new();
    for (id, country) in targets {
        markets.entry(id).or_default().push(country);
    }
    let begun = |created: i64| {
        DateTime::from_timestamp_micros(created).is_some_and(|at| clock::day(at).to_string().as_str() <= day)
    };
    let known = rows.into_iter().filter(|(_, _, live_from, created)| live_from.as_str() <= day || begun(*created));
    let material = |(id, language, live_from, _): (String, String, String, i64)| Material {
        name: format!("promotionAssets/{id}"),
        language,
        markets: markets.remove(&id).unwrap_or_default(),
        approved: live_from.as_str() <= day,
    };
    Ok(known.map(material).collect())
}

fn draft() -> Expr {
    row::Column::Status.eq(Status::Draft as i32)
}

/// The ids of the products of which an asset that everybody may see was in use on a day and targets this market.
pub fn promoted_in(country: &str, day: &str) -> SelectStatement {
    use row::Column;
    let nobody = Scope::of(&chassis::caller::Caller::default());
    let targeting = Query::select()
        .column(market_row::Column::Parent)
        .from(market_row::Entity)
        .and_where(market_row::Column::Country.eq(country))
        .to_owned();
    Query::select()
        // What follows "products/".
        .expr(Func::cust("substr").arg(Expr::col(Column::Product)).arg(10))
        .from(row::Entity)
        .and_where(Column::Id.in_subquery(visible::ids::<row::Entity>(&nobody)))
        .and_where(Column::Id.in_subquery(targeting))
        .and_where(Column::LiveFrom.lte(day))
        .and_where(Column::LiveTo.gte(day))
        .to_owned()
}
