//! Provinces, states and cities of other countries.

use api::registry::v1::foreign_locality_service_server::ForeignLocalityService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Store, Tx, View};

use crate::country::Countries;
use crate::naming::named;
use crate::reference;

store::entity!(row, "foreign_locality", { country: String, kind: i32, parent: String });

/// The foreign localities.
pub struct ForeignLocalities {
    store: Store,
}

impl ForeignLocalities {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for ForeignLocalities {
    type Message = ForeignLocality;
    type List = ListForeignLocalitiesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(locality: &ForeignLocality, row: &mut row::ActiveModel) {
        row.country = Set(locality.country.clone());
        row.kind = Set(locality.kind);
        row.parent = Set(locality.parent.clone());
    }

    fn filter(list: &ListForeignLocalitiesRequest, _: &View) -> Condition {
        use row::Column;
        let country = (!list.country.is_empty()).then(|| Column::Country.eq(named("countries", &list.country)));
        Condition::all()
            .add_option(country)
            .add_option((list.kind != 0).then(|| Column::Kind.eq(list.kind)))
            .add_option((!list.parent.is_empty()).then(|| Column::Parent.eq(list.parent.as_str())))
    }

    fn search_words(locality: &ForeignLocality) -> Vec<&str> {
        let written = [&locality.display_name, &locality.native_name, &locality.english_name];
        written.into_iter().chain(&locality.other_names).map(String::as_str).collect()
    }

    async fn prepare(tx: &Tx, before: Option<&ForeignLocality>, after: &mut ForeignLocality) -> Result<()> {
        let countries = reference::new([&after.country], before.map(|locality| &locality.country));
        reference::check::<Countries>(tx, "foreign_locality.country", countries).await?;
        if after.parent.is_empty() || before.is_some_and(|before| before.parent == after.parent) {
            return Ok(());
        }
        if after.parent == after.name {
            return Err(Error::invalid("foreign_locality.parent", "must be another foreign locality"));
        }
        store::require::<Self>(tx, "foreign_locality.parent", &after.parent).await?;
        let parent = store::load::<Self>(tx, &tx.scope(), &after.parent).await?;
        if parent.country != after.country {
            let why = format!("must lie in {}, as this one does", after.country);
            return Err(Error::invalid("foreign_locality.parent", why));
        }
        Ok(())
    }
}

store::serve!(ForeignLocalityService for ForeignLocalities, foreign_locality, foreign_localities);
