//! Enterprises, associations and other bodies that economic diplomacy deals with.

pub mod catch_up;
pub mod duplicate;
mod keys;
pub mod merge;
mod name;
mod number;
pub mod relation;
mod score;
mod words;

use api::registry::v1::organization_service_server::OrganizationService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait, SqlErr,
};
use store::{Reader, Scope, Store, Tx, View};

use crate::child::{self, child, position};
use crate::country::Countries;
use crate::locality::{Localities, holder};
use crate::naming::{agency_code, named};
use crate::period::Span;
use crate::reference;

store::entity!(row, "organization", {
    kind: i32,
    country: String,
    locality: String,
    parent: String,
    group: String,
    key_version: i32,
});
child!(identifier_row, "organization_identifier", { value: String, claim: Option<String> });

child!(market_row, "organization_market", { country: String });

/// The organizations.
pub struct Organizations {
    store: Store,
}

impl Organizations {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Organizations {
    type Message = Organization;
    type List = ListOrganizationsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Government;

    fn columns(body: &Organization, row: &mut row::ActiveModel) {
        row.kind = Set(body.kind);
        row.country = Set(body.country.clone());
        row.locality = Set(body.locality.clone());
        row.parent = Set(body.parent.clone());
        row.group = Set(body.group.clone());
        row.key_version = Set(keys::VERSION);
    }

    fn filter(list: &ListOrganizationsRequest, view: &View) -> Condition {
        use row::Column;
        let mut wanted = Condition::all();
        if list.kind != organization::Kind::Unspecified as i32 {
            wanted = wanted.add(Column::Kind.eq(list.kind));
        }
        if !list.country.is_empty() {
            wanted = wanted.add(Column::Country.eq(named("countries", &list.country)));
        }
        if !list.locality.is_empty() {
            wanted = wanted.add(holder::lies_in(Column::Locality, &list.locality, &view.as_of.to_string()));
        }
        let bodies = [(Column::Parent, &list.parent), (Column::Group, &list.group)];
        for (column, value) in bodies {
            if !value.is_empty() {
                wanted = wanted.add(column.eq(value.as_str()));
            }
        }
        if !list.identifier.is_empty() {
            let known = identifier_row::Entity::find()
                .select_only()
                .column(identifier_row::Column::Parent)
                .filter(identifier_row::Column::Value.is_in([bare(&list.identifier), agency_code(&list.identifier)]));
            wanted = wanted.add(Column::Id.in_subquery(known.into_query()));
        }
        if !list.market.is_empty() {
            let sells = market_row::Entity::find()
                .select_only()
                .column(market_row::Column::Parent)
                .filter(market_row::Column::Country.eq(list.market.as_str()));
            wanted = wanted.add(Column::Id.in_subquery(sells.into_query()));
        }
        wanted
    }

    fn search_words(body: &Organization) -> Vec<&str> {
        let names = [&body.display_name, &body.english_name, &body.short_name].into_iter().chain(&body.other_names);
        names.chain(body.identifiers.iter().map(|it| &it.value)).map(String::as_str).collect()
    }

    async fn prepare(tx: &Tx, before: Option<&Organization>, after: &mut Organization) -> Result<()> {
        // Told on reading only.
        after.present_locality.clear();
        if Span::of(&after.founded_date, &after.dissolved_date).is_broken() {
            return Err(Error::invalid("organization.dissolved_date", "must not be before founded_date"));
        }
        let countries = reference::new(countries(after), before.into_iter().flat_map(countries));
        reference::check::<Countries>(tx, "organization.country", countries).await?;
        let localities = reference::new([&after.locality], before.map(|body| &body.locality));
        reference::check::<Localities>(tx, "organization.locality", localities).await?;
        let parent = before.map_or("", |body| &body.parent);
        reference::check_body(tx, "organization.parent", &after.parent, parent).await?;
        let groups = reference::new([&after.group], before.map(|body| &body.group));
        reference::check::<Self>(tx, "organization.group", groups).await?;
        let markets = reference::new(&after.markets, before.into_iter().flat_map(|body| &body.markets));
        reference::check::<Countries>(tx, "organization.markets", markets).await?;
        check_above(tx, after).await?;
        check_claims(tx, after).await
    }

    async fn index(tx: &Tx, body: &Organization) -> Result<()> {
        let id = api::Resource::id(body);
        let part = |(at, it): (usize, &OrganizationIdentifier)| identifier_row::Model {
            parent: id.to_owned(),
            position: position(at),
            value: compared(it),
            claim: claim(body, it),
        };
        let parts = body.identifiers.iter().enumerate().map(part).collect();
        child::replace::<identifier_row::Entity>(tx, id, parts).await.map_err(|error| refused(error, body))?;
        let market = |(at, country): (usize, &String)| market_row::Model {
            parent: id.to_owned(),
            position: position(at),
            country: country.clone(),
        };
        let markets = body.markets.iter().enumerate().map(market).collect();
        child::replace::<market_row::Entity>(tx, id, markets).await.map_err(store::database)?;
        keys::keep(tx, id, &score::Profile::of(body)).await.map_err(store::database)
    }

    async fn complete(from: &(impl Reader + Sync), _: &Scope, view: &View, bodies: &mut [Organization]) -> Result<()> {
        // Most that are looked at lie abroad or in no unit.
        if bodies.iter().all(|body| body.locality.is_empty()) {
            return Ok(());
        }
        let holders = holder::holders(from, &view.as_of.to_string()).await?;
        for body in bodies.iter_mut().filter(|body| !body.locality.is_empty()) {
            body.present_locality = holders.of(&body.locality);
        }
        Ok(())
    }
}

fn countries(body: &Organization) -> impl Iterator<Item = &String> {
    std::iter::once(&body.country).chain(body.identifiers.iter().map(|it| &it.country))
}

/// A number as it is compared.
fn bare(value: &str) -> String {
    value.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// A recorded number as it is compared.
fn compared(identifier: &OrganizationIdentifier) -> String {
    match identifier.r#type() {
        organization_identifier::Type::AgencyCode => agency_code(&identifier.value),
        _ => bare(&identifier.value),
    }
}

/// What makes a number one body's own; none if another may bear the same: registers of one country may give it twice, and
/// a retired body claims nothing.
fn claim(body: &Organization, identifier: &OrganizationIdentifier) -> Option<String> {
    use organization_identifier::Type;
    if body.retire_time.is_some() {
        return None;
    }
    let (kind, country) = match identifier.r#type() {
        Type::TaxCode if identifier.country.is_empty() => ("tax", body.country.as_str()),
        Type::TaxCode => ("tax", identifier.country.as_str()),
        Type::Lei => ("lei", ""),
        Type::Duns => ("duns", ""),
        Type::AgencyCode => ("agency", ""),
        Type::RegistrationNumber | Type::Other | Type::Unspecified => return None,
    };
    Some(format!("{kind}|{country}|{}", compared(identifier)))
}

fn taken(identifier: &OrganizationIdentifier) -> Error {
    let failure = Error::of(OrganizationFailure::IdentifierTaken).with("type", identifier.r#type().as_str_name());
    failure.with("value", &identifier.value)
}

/// Refuses a number that another body bears, whether or not the caller sees that body: which one it is, is not told.
async fn check_claims(tx: &Tx, body: &Organization) -> Result<()> {
    let id = api::Resource::id(body);
    for identifier in &body.identifiers {
        let Some(claim) = claim(body, identifier) else { continue };
        let held = identifier_row::Entity::find()
            .filter(identifier_row::Column::Claim.eq(claim))
            .filter(identifier_row::Column::Parent.ne(id))
            .one(tx)
            .await
            .map_err(store::database)?;
        if held.is_some() {
            return Err(taken(identifier));
        }
    }
    Ok(())
}

/// The same, told by the database: two bodies came at the same moment, or one bears a number twice.
fn refused(error: DbErr, body: &Organization) -> Error {
    let claimed = body.identifiers.iter().find(|identifier| claim(body, identifier).is_some());
    match (error.sql_err(), claimed) {
        (Some(SqlErr::UniqueConstraintViolation(_)), Some(identifier)) => taken(identifier).because(error),
        _ => store::database(error),
    }
}

/// Refuses a body above which it stands itself.
async fn check_above(tx: &Tx, body: &Organization) -> Result<()> {
    match reference::leads_to::<Organizations>(tx, &body.parent, &body.name).await? {
        true => Err(Error::of(OrganizationFailure::ParentCycle).with("name", &body.name).with("parent", &body.parent)),
        false => Ok(()),
    }
}

store::serve!(OrganizationService for Organizations, organization, organizations);

#[cfg(test)]
mod tests {
    use super::*;
    use organization_identifier::Type;

    #[test]
    fn only_numbers_that_are_one_bodys_own_are_claimed() {
        let body = Organization { country: "countries/VN".into(), ..Organization::default() };
        let retired = Organization { retire_time: Some(Default::default()), ..body.clone() };
        for (kind, country, claimed) in [
            (Type::TaxCode, "", Some("tax|countries/VN|0100109106")),
            (Type::TaxCode, "countries/JP", Some("tax|countries/JP|0100109106")),
            (Type::Lei, "", Some("lei||0100109106")),
            (Type::RegistrationNumber, "", None),
            (Type::Other, "", None),
        ] {
            let identifier = OrganizationIdentifier {
                r#type: kind as i32,
                value: "0100 109 106".into(),
                country: country.into(),
                issuer: String::new(),
            };
            assert_eq!(claim(&body, &identifier).as_deref(), claimed, "{kind:?}");
            assert_eq!(claim(&retired, &identifier), None);
        }
    }
}
