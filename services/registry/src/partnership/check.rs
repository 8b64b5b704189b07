//! What must hold of a partnership before it is recorded.

use api::registry::v1::{Partnership, PartnershipFailure, PartnershipHolder};
use chassis::error::{Error, Result};
use store::Tx;
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use super::{holder_row, row, rules};
use crate::country::Countries;
use crate::foreign_locality::ForeignLocalities;
use crate::locality::Localities;
use crate::theme::Themes;
use crate::{descent, reference};

/// Dates, references, and what a border pair must be.
pub async fn all(tx: &Tx, before: Option<&Partnership>, after: &Partnership) -> Result<()> {
    rules::check(after).map_err(|why| Error::of(PartnershipFailure::PartnershipDatesBroken).with("why", why))?;
    let countries = reference::new([&after.country], before.map(|it| &it.country));
    reference::check::<Countries>(tx, "partnership.country", countries).await?;
    let themes = reference::new(&after.themes, before.into_iter().flat_map(|it| &it.themes));
    reference::check::<Themes>(tx, "partnership.themes", themes).await?;
    let units = reference::new(
        after.holders.iter().map(|holder| &holder.locality),
        before.into_iter().flat_map(|it| &it.holders).map(|holder| &holder.locality),
    );
    reference::check::<Localities>(tx, "partnership.holders.locality", units).await?;
    foreign_sides(tx, before, after).await?;
    if after.kind() == api::registry::v1::partnership::Kind::BorderPair && after.retire_time.is_none() {
        border_pair(tx, before, after).await?;
    }
    Ok(())
}

/// Foreign localities that are new to it exist, and lie in its country.
async fn foreign_sides(tx: &Tx, before: Option<&Partnership>, after: &Partnership) -> Result<()> {
    let known = before.filter(|before| before.country == after.country).into_iter().flat_map(|it| &it.counterparts);
    let new = reference::new(
        after.counterparts.iter().map(|it| &it.foreign_locality),
        known.map(|counterpart| &counterpart.foreign_locality),
    );
    for name in new {
        store::require::<ForeignLocalities>(tx, "partnership.counterparts.foreign_locality", &name).await?;
        let foreign = store::load::<ForeignLocalities>(tx, &tx.scope(), &name).await?;
        if foreign.country != after.country {
            let failure = Error::of(PartnershipFailure::PartnershipOfOtherCountry);
            return Err(failure.with("foreign_locality", name).with("country", &after.country));
        }
    }
    Ok(())
}

/// Its units border on the country, and have no other pair with it at the same time.
async fn border_pair(tx: &Tx, before: Option<&Partnership>, after: &Partnership) -> Result<()> {
    let same = |before: &Partnership| {
        before.kind == after.kind && before.country == after.country && before.holders == after.holders
    };
    if before.is_some_and(same) {
        return Ok(());
    }
    for (at, holder) in after.holders.iter().enumerate() {
        if !came_over(&after.holders[..at], holder) {
            on_the_border(tx, holder, &after.country).await?;
        }
        only_one(tx, after, holder).await?;
    }
    Ok(())
}

/// Whether a holder follows on the one before it by the law: then the border came along with it.
fn came_over(earlier: &[PartnershipHolder], holder: &PartnershipHolder) -> bool {
    earlier.last().is_some_and(|before| before.locality == holder.predecessor)
}

async fn on_the_border(tx: &Tx, holder: &PartnershipHolder, country: &str) -> Result<()> {
    let unit = store::load::<Localities>(tx, &tx.scope(), &holder.locality).await?;
    let day = rules::held(holder).from;
    let period = descent::on(&unit.periods, &day);
    if period.is_some_and(|period| period.border_countries.iter().any(|border| border == country)) {
        return Ok(());
    }
    let failure = Error::of(PartnershipFailure::PartnershipNoBorder);
    Err(failure.with("locality", &holder.locality).with("country", country).with("day", day))
}

async fn only_one(tx: &Tx, after: &Partnership, holder: &PartnershipHolder) -> Result<()> {
    let span = rules::held(holder);
    let pairs = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::Kind.eq(after.kind))
        .filter(row::Column::Country.eq(after.country.as_str()))
        .filter(row::Column::RetiredAt.is_null())
        .filter(row::Column::Id.ne(api::Resource::id(after)));
    use holder_row::Column;
    let other = holder_row::Entity::find()
        .filter(Column::Locality.eq(holder.locality.as_str()))
        .filter(Column::ValidFrom.lte(span.to))
        .filter(Column::ValidTo.gte(span.from))
        .filter(Column::Parent.in_subquery(pairs.into_query()))
        .one(tx)
        .await
        .map_err(store::database)?;
    let Some(other) = other else { return Ok(()) };
    let failure = Error::of(PartnershipFailure::PartnershipPairTaken);
    let failure = failure.with("other", format!("partnerships/{}", other.parent));
    Err(failure.with("locality", &holder.locality).with("country", &after.country))
}
