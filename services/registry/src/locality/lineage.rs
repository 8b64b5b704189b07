//! What units were made of and what became of them.

use std::collections::{BTreeSet, HashMap};

use api::registry::v1::{Lineage, LineageStep, Locality, LocalitySuccession};
use api::shared::v1::Source;
use chassis::error::Result;
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use store::{Scope, Store, View};

use super::{Localities, life, row, show, succession_row};
use crate::{succession, visible};

/// By name of the unit, the units that it went into.
pub async fn successors(
    store: &Store,
    scope: &Scope,
    names: &[String],
) -> Result<HashMap<String, Vec<LocalitySuccession>>> {
    use succession_row::Column;
    let steps = succession_row::Entity::find()
        .filter(Column::Predecessor.is_in(names))
        .filter(Column::Parent.in_subquery(visible::ids::<row::Entity>(scope)))
        .order_by_asc(Column::EffectiveDate)
        .order_by_asc(Column::Parent)
        .all(store.read())
        .await
        .map_err(store::database)?;
    let mut successors: HashMap<String, Vec<LocalitySuccession>> = HashMap::new();
    for step in steps {
        successors.entry(step.predecessor.clone()).or_default().push(LocalitySuccession {
            effective_date: step.effective_date,
            locality: format!("localities/{}", step.parent),
            kind: step.kind,
            legal_basis: step.legal_basis,
            source: Some(Source { citation: step.citation, confidence: step.confidence }),
            ..LocalitySuccession::default()
        });
    }
    Ok(successors)
}

/// All generations before and after a unit.
pub async fn trace(store: &Store, scope: &Scope, name: &str) -> Result<Lineage> {
    let today = visible::view(store, "")?;
    let unit = store::load::<Localities>(store.read(), scope, name).await?;
    // All steps there are: a hundred, and ten more with a reform in a generation.
    let steps = succession_row::Entity::find()
        .filter(succession_row::Column::Parent.in_subquery(visible::ids::<row::Entity>(scope)))
        .all(store.read())
        .await
        .map_err(store::database)?;
    let steps: Vec<LineageStep> = steps.into_iter().map(step).collect();
    let family = succession::family(&unit.name, &steps);
    Ok(Lineage {
        locality: unit.name,
        predecessors: units(store, scope, &family.predecessors, &today).await?,
        successors: units(store, scope, &family.successors, &today).await?,
        steps: family.steps,
    })
}

fn step(row: succession_row::Model) -> LineageStep {
    LineageStep {
        predecessor: row.predecessor,
        successor: format!("localities/{}", row.parent),
        effective_date: row.effective_date,
        kind: row.kind,
        legal_basis: row.legal_basis,
        ..LineageStep::default()
    }
}

/// The units of these names that the caller sees, each as of its last day or today.
async fn units(store: &Store, scope: &Scope, names: &BTreeSet<String>, today: &View) -> Result<Vec<Locality>> {
    let mut units = Vec::with_capacity(names.len());
    for name in names {
        if !store::exists::<Localities>(store.read(), scope, name).await? {
            continue;
        }
        let mut unit = store::load::<Localities>(store.read(), scope, name).await?;
        let day = life(&unit).to.min(today.as_of.to_string());
        show(&mut unit, &day);
        units.push(unit);
    }
    Ok(units)
}
