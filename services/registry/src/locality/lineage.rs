//! What units were made of and what became of them.

use std::collections::{BTreeSet, HashMap};

use api::registry::v1::{Lineage, LineageStep, Locality, LocalitySuccession, locality_succession};
use api::shared::v1::Source;
use chassis::error::Result;
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use store::{Scope, Store, View};

use super::{Localities, life, row, show, succession_row};
use crate::{descent, visible};

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
    for row in steps {
        let source = Some(Source { citation: row.citation.clone(), confidence: row.confidence.clone() });
        let mut step = step(row);
        with_shares(store, scope, &mut step).await?;
        successors.entry(step.predecessor).or_default().push(LocalitySuccession {
            effective_date: step.effective_date,
            locality: step.successor,
            kind: step.kind,
            legal_basis: step.legal_basis,
            source,
            shares: step.shares,
        });
    }
    Ok(successors)
}

/// All generations before and after a unit.
pub async fn trace(store: &Store, scope: &Scope, name: &str) -> Result<Lineage> {
    let today = visible::view(store, "")?;
    let unit = store::load::<Localities>(store.read(), scope, name).await?;
    let mut family = descent::family(&unit.name, &steps(store, scope).await?);
    for step in &mut family.steps {
        with_shares(store, scope, step).await?;
    }
    Ok(Lineage {
        locality: unit.name,
        predecessors: units(store, scope, &family.predecessors, &today).await?,
        successors: units(store, scope, &family.successors, &today).await?,
        steps: family.steps,
    })
}

/// All steps there are: a hundred, and ten more with a reform in a generation.
async fn steps(store: &Store, scope: &Scope) -> Result<Vec<LineageStep>> {
    let steps = succession_row::Entity::find()
        .filter(succession_row::Column::Parent.in_subquery(visible::ids::<row::Entity>(scope)))
        .all(store.read())
        .await
        .map_err(store::database)?;
    Ok(steps.into_iter().map(step).collect())
}

/// These units and all that was merged into them, through all generations.
pub async fn with_merged(store: &Store, units: &[String]) -> Result<BTreeSet<String>> {
    let mut steps = steps(store, &Scope::everything()).await?;
    steps.retain(|step| step.kind == locality_succession::Kind::Merge as i32);
    let above = units.iter().flat_map(|unit| descent::family(unit, &steps).predecessors);
    Ok(above.chain(units.iter().cloned()).collect())
}

/// Sets the shares of a step: they stand in the record of the unit that got them, and only splits have some.
async fn with_shares(store: &Store, scope: &Scope, step: &mut LineageStep) -> Result<()> {
    if step.kind == locality_succession::Kind::Split as i32 {
        let unit = store::load::<Localities>(store.read(), scope, &step.successor).await?;
        let from = unit.predecessors.into_iter().find(|from| from.locality == step.predecessor);
        step.shares = from.map(|from| from.shares).unwrap_or_default();
    }
    Ok(())
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
