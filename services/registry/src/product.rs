//! Products of the localities: where they come from, when they are to be had, and what promotes them where.

mod gaps;

use std::collections::BTreeSet;

use api::registry::v1::product_service_server::ProductService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::sea_query::SelectStatement;
use store::sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Reader, Reply, Scope, Store, Tx, View};
use tonic::{Request, Response};

use crate::child::{self, child, position};
use crate::country::{self, Countries};
use crate::locality::{Localities, holder};
use crate::naming::named;
use crate::organization::Organizations;
use crate::{channel_listing, market, promotion_asset, reference, visible};

store::entity!(row, "product", {});
child!(locality_row, "product_locality", { locality: String });
child!(hs_row, "product_hs", { code: String });
child!(month_row, "product_month", { month: i32 });
child!(producer_row, "product_producer", { organization: String });

/// The products.
pub struct Products {
    store: Store,
}

impl Products {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Refuses a market that is no country, by the field that names it.
    async fn check_markets(&self, scope: &Scope, asked: &[gaps::Asked]) -> Result<()> {
        let ids = asked.iter().filter_map(|market| market.country.strip_prefix("countries/"));
        let known: Vec<String> = country::row::Entity::find()
            .select_only()
            .column(country::row::Column::Id)
            .filter(country::row::Column::Id.is_in(ids))
            .filter(country::row::Column::Id.in_subquery(visible::ids::<country::row::Entity>(scope)))
            .into_tuple()
            .all(self.store.read())
            .await
            .map_err(store::database)?;
        let known: BTreeSet<String> = known.into_iter().map(|id| format!("countries/{id}")).collect();
        match asked.iter().find(|market| !known.contains(&market.country)) {
            Some(gaps::Asked { field, country }) => {
                Err(Error::invalid(field, format!("names {country}, which is no country or territory")))
            }
            None => Ok(()),
        }
    }
}

impl store::Resource for Products {
    type Message = Product;
    type List = ListProductsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(_: &Product, _: &mut row::ActiveModel) {}

    fn filter(list: &ListProductsRequest, view: &View) -> Condition {
        let day = view.as_of.to_string();
        let mut wanted = Condition::all();
        let mut add = |ids: SelectStatement| wanted = wanted.clone().add(row::Column::Id.in_subquery(ids));
        if !list.locality.is_empty() {
            add(of_locality(&list.locality, &day));
        }
        if !list.hs.is_empty() {
            let digits: String = list.hs.chars().filter(|digit| *digit != '.').collect();
            let codes = hs_row::Entity::find().select_only().column(hs_row::Column::Parent);
            add(codes.filter(hs_row::Column::Code.starts_with(digits)).into_query());
        }
        if list.season_month > 0 {
            let months = month_row::Entity::find().select_only().column(month_row::Column::Parent);
            add(months.filter(month_row::Column::Month.eq(list.season_month)).into_query());
        }
        if !list.producer.is_empty() {
            let producers = producer_row::Entity::find().select_only().column(producer_row::Column::Parent);
            add(producers.filter(producer_row::Column::Organization.eq(list.producer.as_str())).into_query());
        }
        if !list.market.is_empty() {
            let country = named("countries", &list.market);
            let offered = Condition::any()
                .add(row::Column::Id.in_subquery(promotion_asset::promoted_in(&country, &day)))
                .add(row::Column::Id.in_subquery(channel_listing::listed_in(&country, &day)));
            wanted = wanted.add(offered);
        }
        wanted
    }

    fn search_words(product: &Product) -> Vec<&str> {
        let names = [&product.display_name, &product.english_name].into_iter().chain(&product.other_names);
        names.chain(&product.hs_codes).map(String::as_str).collect()
    }

    async fn prepare(tx: &Tx, before: Option<&Product>, after: &mut Product) -> Result<()> {
        // Told on reading only.
        after.present_localities.clear();
        let localities = reference::new(&after.localities, before.into_iter().flat_map(|it| &it.localities));
        reference::check::<Localities>(tx, "product.localities", localities).await?;
        let producers = reference::new(&after.producers, before.into_iter().flat_map(|it| &it.producers));
        reference::check::<Organizations>(tx, "product.producers", producers).await?;
        let countries = reference::new(protecting(after), before.into_iter().flat_map(protecting));
        reference::check::<Countries>(tx, "product.geographical_indications.country", countries).await
    }

    async fn index(tx: &Tx, product: &Product) -> Result<()> {
        let id = api::Resource::id(product);
        let parent = || id.to_owned();
        let numbered = |parts: &[String]| -> Vec<(i32, String)> {
            parts.iter().enumerate().map(|(at, part)| (position(at), part.clone())).collect()
        };
        let localities = numbered(&product.localities).into_iter();
        let localities =
            localities.map(|(position, locality)| locality_row::Model { parent: parent(), position, locality });
        let codes = numbered(&product.hs_codes).into_iter();
        let codes = codes.map(|(position, code)| hs_row::Model { parent: parent(), position, code });
        let producers = numbered(&product.producers).into_iter();
        let producers =
            producers.map(|(position, organization)| producer_row::Model { parent: parent(), position, organization });
        let months = months(&product.seasons).into_iter();
        let months = months.map(|month| month_row::Model { parent: parent(), position: month, month });
        child::replace::<locality_row::Entity>(tx, id, localities.collect()).await.map_err(store::database)?;
        child::replace::<hs_row::Entity>(tx, id, codes.collect()).await.map_err(store::database)?;
        child::replace::<producer_row::Entity>(tx, id, producers.collect()).await.map_err(store::database)?;
        child::replace::<month_row::Entity>(tx, id, months.collect()).await.map_err(store::database)
    }

    async fn complete(from: &(impl Reader + Sync), _: &Scope, view: &View, products: &mut [Product]) -> Result<()> {
        let holders = holder::holders(from, &view.as_of.to_string()).await?;
        for product in products {
            // Two units of which a product came may have become one.
            let mut seen = BTreeSet::new();
            let present = product.localities.iter().map(|unit| holders.of(unit));
            product.present_localities = present.filter(|unit| seen.insert(unit.clone())).collect();
        }
        Ok(())
    }
}

fn protecting(product: &Product) -> impl Iterator<Item = &String> {
    product.geographical_indications.iter().map(|it| &it.country)
}

/// The ids of the products of a unit, and of those that had gone whole into it by a day.
fn of_locality(unit: &str, day: &str) -> SelectStatement {
    use locality_row::Column;
    let from = holder::lies_in(Column::Locality, unit, day);
    locality_row::Entity::find().select_only().column(Column::Parent).filter(from).into_query()
}

/// The months in which a product is to be had: all of them, if it has no season.
fn months(seasons: &[ProductSeason]) -> BTreeSet<i32> {
    let within = |season: &ProductSeason, month: i32| match season.from_month <= season.to_month {
        true => (season.from_month..=season.to_month).contains(&month),
        false => month >= season.from_month || month <= season.to_month,
    };
    (1..=12).filter(|month| seasons.is_empty() || seasons.iter().any(|season| within(season, *month))).collect()
}

store::serve!(ProductService for Products, product, products, {
    async fn find_product_gaps(&self, request: Request<FindProductGapsRequest>) -> Reply<ProductGaps> {
        let scope = visible::scope(&request);
        let FindProductGapsRequest { name, markets, as_of } = request.into_inner();
        let day = visible::view(&self.store, &as_of)?.as_of.to_string();
        let asked = gaps::asked(&markets)?;
        let product = store::load::<Self>(self.store.read(), &scope, &name).await?;
        self.check_markets(&scope, &asked).await?;
        let countries: Vec<String> = asked.into_iter().map(|market| market.country).collect();
        let spoken = market::languages(&self.store, &scope, &countries).await?;
        let materials = promotion_asset::of_product(&self.store, &scope, &product.name, &day).await?;
        let shelves = channel_listing::of_product(&self.store, &scope, &product.name, &day).await?;
        let none = Vec::new();
        let found = countries
            .iter()
            .map(|country| gaps::of(country, spoken.get(country).unwrap_or(&none), &materials, &shelves));
        let markets: Vec<ProductMarketGaps> = found.collect();
        let uncovered = markets.iter().filter(|market| market.assets.is_empty());
        let uncovered_markets = uncovered.map(|market| market.market.clone()).collect();
        Ok(Response::new(ProductGaps { product: product.name, as_of: day, markets, uncovered_markets }))
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_season_may_go_over_the_turn_of_the_year() {
        let season = |from_month, to_month| ProductSeason { from_month, to_month, ..ProductSeason::default() };
        for (seasons, expected) in [
            (vec![season(5, 7)], vec![5, 6, 7]),
            (vec![season(11, 2)], vec![1, 2, 11, 12]),
            (vec![season(6, 6), season(12, 12)], vec![6, 12]),
            (vec![], (1..=12).collect()),
        ] {
            assert_eq!(months(&seasons).into_iter().collect::<Vec<_>>(), expected, "{seasons:?}");
        }
    }
}
