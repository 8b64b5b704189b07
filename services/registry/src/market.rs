//! Countries and territories as markets: in which languages buyers there are addressed.

use std::collections::HashMap;

use api::registry::v1::market_service_server::MarketService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::Result;
use store::sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use store::{Reply, Scope, Store, Tx, View};
use tonic::Request;

use crate::child::{self, child, position};
use crate::visible;

store::entity!(row, "market", {});
child!(language_row, "market_language", { language: String });

/// The markets.
pub struct Markets {
    store: Store,
}

impl Markets {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Markets {
    type Message = Market;
    type List = ListMarketsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(_: &Market, _: &mut row::ActiveModel) {}

    fn filter(list: &ListMarketsRequest, _: &View) -> Condition {
        let wanted = Condition::all();
        if list.language.is_empty() {
            return wanted;
        }
        let speaking = language_row::Entity::find()
            .select_only()
            .column(language_row::Column::Parent)
            .filter(language_row::Column::Language.eq(list.language.to_lowercase()));
        wanted.add(row::Column::Id.in_subquery(speaking.into_query()))
    }

    fn search_words(market: &Market) -> Vec<&str> {
        vec![market.country.strip_prefix("countries/").unwrap_or(&market.country), &market.note]
    }

    async fn index(tx: &Tx, market: &Market) -> Result<()> {
        let id = api::Resource::id(market);
        let part = |(at, language): (usize, &String)| language_row::Model {
            parent: id.to_owned(),
            position: position(at),
            language: language.to_lowercase(),
        };
        let parts = market.languages.iter().enumerate().map(part).collect();
        child::replace::<language_row::Entity>(tx, id, parts).await.map_err(store::database)
    }
}

/// The languages of these countries, the main one first; countries of which none is known are left out.
pub async fn languages(store: &Store, scope: &Scope, countries: &[String]) -> Result<HashMap<String, Vec<String>>> {
    use language_row::Column;
    let ids = countries.iter().filter_map(|country| country.strip_prefix("countries/"));
    let rows = language_row::Entity::find()
        .filter(Column::Parent.is_in(ids))
        .filter(Column::Parent.in_subquery(visible::ids::<row::Entity>(scope)))
        .order_by_asc(Column::Parent)
        .order_by_asc(Column::Position)
        .all(store.read())
        .await
        .map_err(store::database)?;
    let mut languages: HashMap<String, Vec<String>> = HashMap::new();
    for row in rows {
        languages.entry(format!("countries/{}", row.parent)).or_default().push(row.language);
    }
    Ok(languages)
}

#[tonic::async_trait]
impl MarketService for Markets {
    async fn get_market(&self, request: Request<GetMarketRequest>) -> Reply<Market> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_markets(&self, request: Request<ListMarketsRequest>) -> Reply<ListMarketsResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn update_market(&self, request: Request<UpdateMarketRequest>) -> Reply<Market> {
        store::update::<Self>(&self.store, request).await
    }

    async fn retire_market(&self, request: Request<RetireMarketRequest>) -> Reply<Market> {
        store::retire::<Self>(&self.store, request).await
    }
}
