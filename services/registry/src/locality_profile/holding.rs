//! Which profile of a locality holds when: one that was accepted takes the place of the one before, which stays as history.

use api::registry::v1::{LineageStep, LocalityProfile, locality_profile::Status};
use chassis::error::Result;
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use store::{Scope, Tx};

use super::{LocalityProfiles, row};
use crate::locality::ended;
use crate::period::{END, Span, day_before};
use crate::reporting_period;

/// Gives a profile that was just accepted its days: from the first one of its period to the end of the locality, or until
/// another one follows. The one that held then ends on the day before.
pub async fn take_place(tx: &Tx, profile: &mut LocalityProfile, life: &Span) -> Result<()> {
    let Some(days) = reporting_period::days(&profile.period) else { return Ok(()) };
    profile.valid_from = days.from.max(life.from.clone());
    profile.valid_to = if life.to == END { String::new() } else { life.to.clone() };
    profile.superseded_by.clear();
    let others = accepted(tx, &profile.locality).await?;
    if let Some(next) = others.iter().filter(|it| it.valid_from > profile.valid_from).min_by_key(|it| &it.valid_from) {
        profile.valid_to = day_before(&next.valid_from).unwrap_or_default();
        profile.superseded_by = name(next);
    }
    let from = profile.valid_from.as_str();
    let holding = |it: &&row::Model| it.valid_from.as_str() <= from && it.valid_to.as_str() >= from;
    for other in others.iter().filter(holding) {
        let before = store::load::<LocalityProfiles>(tx, &Scope::everything(), &name(other)).await?;
        let after = LocalityProfile {
            valid_to: day_before(from).unwrap_or_default(),
            superseded_by: profile.name.clone(),
            ..before.clone()
        };
        store::save::<LocalityProfiles>(tx, "localityProfile.superseded", before, after).await?;
    }
    Ok(())
}

/// The profile that holds when its locality ends stays with that locality, as its history, and ends with it: what a unit said
/// of itself is not what another one says. It names the units into which the locality went, so that a preview of the
/// succession shows whose profile is to be renewed; they give profiles of their own. Drafts and what waits for review stay
/// as they are: the ministry can still accept them as the old unit's last word.
pub async fn hand_over(tx: &Tx, steps: &[LineageStep]) -> Result<()> {
    for gone in ended(tx, steps).await? {
        for held in accepted(tx, &gone.unit).await?.iter().filter(|it| it.valid_to >= gone.effective_date) {
            let before = store::load::<LocalityProfiles>(tx, &Scope::everything(), &name(held)).await?;
            let after = LocalityProfile {
                valid_to: gone.last_day.clone(),
                successors: gone.successors.clone(),
                ..before.clone()
            };
            store::save::<LocalityProfiles>(tx, "localityProfile.handedOver", before, after).await?;
        }
    }
    Ok(())
}

async fn accepted(tx: &Tx, locality: &str) -> Result<Vec<row::Model>> {
    use row::Column;
    row::Entity::find()
        .filter(Column::Locality.eq(locality))
        .filter(Column::Status.eq(Status::Accepted as i32))
        .filter(Column::RetiredAt.is_null())
        .all(tx)
        .await
        .map_err(store::database)
}

fn name(row: &row::Model) -> String {
    format!("localityProfiles/{}", row.id)
}
