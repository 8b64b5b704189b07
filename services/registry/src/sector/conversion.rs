//! What stands for a section in another version.

use std::collections::{BTreeMap, BTreeSet};

use api::registry::v1::sector_conversion::Coverage;
use chassis::error::Result;
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use store::{Scope, Store};

use super::notation::Notation;
use super::{row, successor_row};
use crate::visible;

/// Versions come one after the other; a conversion that meets more of them than this goes round in a circle.
const VERSIONS_MAX: usize = 50;

/// From older versions to newer ones, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To newer ones.
    Forward,
    /// To older ones.
    Back,
}

impl Way {
    fn turned(self) -> Self {
        match self {
            Way::Forward => Way::Back,
            Way::Back => Way::Forward,
        }
    }
}

/// A section that stands for another one: its id, how it covers it, and what of the older of both lies in the newer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub id: String,
    pub coverage: Coverage,
    pub part: String,
}

/// The sections of version `to` that stand for one, by id.
pub async fn convert(store: &Store, scope: &Scope, from: &Notation, to: &str, way: Way) -> Result<Vec<Found>> {
    let start = BTreeSet::from([from.id()]);
    let reached = walk(store, scope, start, to, way).await?;
    let mut found = Vec::new();
    for (id, part) in &reached {
        let back = walk(store, scope, BTreeSet::from([id.clone()]), &from.version, way.turned()).await?;
        let coverage = coverage(reached.len(), back.len());
        found.push(Found { id: id.clone(), coverage, part: part.clone() });
    }
    Ok(found)
}

/// How one of `there` sections covers a section, where `back` sections stand for it in turn.
fn coverage(there: usize, back: usize) -> Coverage {
    match (there > 1, back > 1) {
        (false, false) => Coverage::Same,
        (true, false) => Coverage::Part,
        (false, true) => Coverage::Whole,
        (true, true) => Coverage::Overlap,
    }
}

/// What is reached in version `to`, with what is said of the last step there.
async fn walk(
    store: &Store,
    scope: &Scope,
    start: BTreeSet<String>,
    to: &str,
    way: Way,
) -> Result<BTreeMap<String, String>> {
    let mut reached = BTreeMap::new();
    let mut going = start;
    for _ in 0..VERSIONS_MAX {
        if going.is_empty() {
            break;
        }
        let steps = steps(store, scope, &going, way).await?;
        going.clear();
        for (id, part) in steps {
            match Notation::parse(&id) {
                Some(notation) if notation.version == to => drop(reached.insert(id, part)),
                _ => drop(going.insert(id)),
            }
        }
    }
    Ok(reached)
}

/// The sections one version further, with what is said of the step.
async fn steps(store: &Store, scope: &Scope, from: &BTreeSet<String>, way: Way) -> Result<Vec<(String, String)>> {
    use successor_row::Column;
    let (here, there) = match way {
        Way::Forward => (Column::Parent, Column::Successor),
        Way::Back => (Column::Successor, Column::Parent),
    };
    let seen = || visible::ids::<row::Entity>(scope);
    let edges = successor_row::Entity::find()
        .filter(here.is_in(from.iter().map(String::as_str)))
        .filter(there.in_subquery(seen()))
        .all(store.read())
        .await
        .map_err(store::database)?;
    let end = |edge: successor_row::Model| match way {
        Way::Forward => (edge.successor, edge.part),
        Way::Back => (edge.parent, edge.part),
    };
    Ok(edges.into_iter().map(end).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_says_who_holds_whom() {
        for (there, back, expected) in
            [(1, 1, Coverage::Same), (2, 1, Coverage::Part), (1, 2, Coverage::Whole), (2, 3, Coverage::Overlap)]
        {
            assert_eq!(coverage(there, back), expected, "{there} there, {back} back");
        }
    }
}
