//! Countries, as a service would keep them.

use api::registry::v1::{Country, ListCountriesRequest};
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::calendar::Passing;
use store::sea_orm::ActiveValue::Set;
use store::sea_orm::ColumnTrait;
use store::sea_orm::sea_query::Condition;
use store::{Desc, Order, Tx, View};

store::entity!(row, "country", { alpha3_code: String, relations_since: String });
store::entity!(ranked, "ranked", { relations_since: String });

store::migration!(
    M1Country,
    "country",
    [store::column("alpha3_code").text().not_null(), store::column("relations_since").text().not_null(),],
    [["alpha3_code", "id"]]
);
store::migration!(M2Ranked, "ranked", [store::column("relations_since").text().not_null()]);

/// Migrations of both tables.
pub fn countries() -> Vec<Box<dyn store::sea_orm_migration::MigrationTrait>> {
    vec![Box::new(M1Country), Box::new(M2Ranked)]
}

/// Countries by code. One that is called `refused` is refused, one called `panics` panics; relations with one that is
/// called `awaited` in English are remembered once their day has passed.
pub struct Countries;

impl store::Resource for Countries {
    type Message = Country;
    type List = ListCountriesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(country: &Country, row: &mut row::ActiveModel) {
        row.alpha3_code = Set(country.alpha3_code.clone());
        row.relations_since = Set(country.relations_since.clone());
    }

    fn filter(_: &ListCountriesRequest, view: &View) -> Condition {
        Condition::all().add(row::Column::RelationsSince.lte(view.as_of.to_string()))
    }

    fn search_words(country: &Country) -> Vec<&str> {
        vec![&country.display_name, &country.english_name]
    }

    async fn prepare(_: &Tx, _: Option<&Country>, after: &mut Country) -> Result<()> {
        match after.display_name.as_str() {
            "refused" => Err(Error::invalid("country.display_name", "must not be refused")),
            "panics" => panic!("on purpose"),
            _ => Ok(()),
        }
    }

    fn calendar(country: &Country) -> Vec<Passing> {
        let day = country.relations_since.parse().ok().filter(|_| country.english_name == "awaited");
        day.map(|day| Passing { day, tells: "country.remembered" }).into_iter().collect()
    }
}

/// The same message in another table: the latest relations first.
pub struct Ranked;

impl store::Resource for Ranked {
    type Message = Country;
    type List = ListCountriesRequest;
    type Row = ranked::Entity;
    const AUDIENCE: Circle = Circle::Government;

    fn columns(country: &Country, row: &mut ranked::ActiveModel) {
        row.relations_since = Set(country.relations_since.clone());
    }

    fn filter(_: &ListCountriesRequest, _: &View) -> Condition {
        Condition::all()
    }

    fn search_words(country: &Country) -> Vec<&str> {
        vec![&country.display_name]
    }

    fn order() -> Order {
        Order::by(ranked::Column::RelationsSince, Desc)
    }
}

/// A country of this name.
pub fn country(display_name: &str) -> Country {
    Country { display_name: display_name.to_owned(), ..Country::default() }
}
