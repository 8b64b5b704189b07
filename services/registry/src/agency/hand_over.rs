//! People's Committees when units change: one whose code the new unit bears goes on with it, any other ends with its unit.

use api::registry::v1::{Agency, LineageStep, Locality};
use chassis::error::Result;
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use store::{Scope, Tx};

use super::{Agencies, row};
use crate::descent;
use crate::locality::Localities;
use crate::naming::agency_code;
use crate::period::{Span, day_before};

/// Hands the agencies of units that end over to what they became.
pub async fn hand_over(tx: &Tx, steps: &[LineageStep]) -> Result<()> {
    let mut predecessors: Vec<&String> = steps.iter().map(|step| &step.predecessor).collect();
    predecessors.dedup();
    for name in predecessors {
        let own: Vec<&LineageStep> = steps.iter().filter(|step| step.predecessor == *name).collect();
        let date = own[0].effective_date.as_str();
        let unit = store::load::<Localities>(tx, &Scope::everything(), name).await?;
        let Some(last) = unit.periods.last().filter(|last| descent::span(last).to.as_str() < date) else { continue };
        let Some(before) = of_unit(tx, name, &last.agency_code).await? else { continue };
        if Span::of(&before.valid_from, &before.valid_to).to.as_str() < date {
            continue;
        }
        let mut heirs = Vec::with_capacity(own.len());
        for step in &own {
            heirs.push(store::load::<Localities>(tx, &Scope::everything(), &step.successor).await?);
        }
        let mut after = before.clone();
        match heirs.iter().find(|heir| code(heir) == agency_code(&before.code)) {
            Some(heir) => after.locality.clone_from(&heir.name),
            None => {
                after.valid_to = day_before(date).unwrap_or_default();
                if let [heir] = heirs.as_slice() {
                    after.successor = by_code(tx, &code(heir)).await?.map(|agency| agency.name).unwrap_or_default();
                }
            }
        }
        store::save::<Agencies>(tx, "agency.handedOver", before, after).await?;
    }
    Ok(())
}

/// The code of a unit's People's Committee, in its short form.
fn code(unit: &Locality) -> String {
    unit.periods.first().map(|period| agency_code(&period.agency_code)).unwrap_or_default()
}

/// The agency that bears the code and is this unit's.
async fn of_unit(tx: &Tx, unit: &str, code: &str) -> Result<Option<Agency>> {
    let agency = by_code(tx, &agency_code(code)).await?;
    Ok(agency.filter(|agency| agency.locality == unit))
}

async fn by_code(tx: &Tx, code: &str) -> Result<Option<Agency>> {
    if code.is_empty() {
        return Ok(None);
    }
    let found = row::Entity::find()
        .filter(row::Column::Code.eq(code))
        .filter(row::Column::RetiredAt.is_null())
        .one(tx)
        .await
        .map_err(store::database)?;
    match found {
        Some(row) => store::load::<Agencies>(tx, &Scope::everything(), &format!("agencies/{}", row.id)).await.map(Some),
        None => Ok(None),
    }
}
