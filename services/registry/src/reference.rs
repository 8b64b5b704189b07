//! References from one record to another.

use std::collections::BTreeSet;

use api::Resource as _;
use api::options::v1::Failure;
use chassis::error::{Error, Result};
use store::sea_orm::ConnectionTrait;
use store::sea_orm::sea_query::{Expr, ExprTrait, Query};
use store::{Resource, Tx};

use crate::agency::Agencies;
use crate::locality::Localities;
use crate::mission::Missions;
use crate::organization::Organizations;

/// The deepest tree that is followed.
const DEPTH_MAX: usize = 50;

/// The names that a record refers to now and did not before. What it referred to before stays, whatever became of it.
pub fn new<'a>(
    names: impl IntoIterator<Item = &'a String>,
    before: impl IntoIterator<Item = &'a String>,
) -> BTreeSet<String> {
    let known: BTreeSet<&String> = before.into_iter().collect();
    names.into_iter().filter(|name| !name.is_empty() && !known.contains(name)).cloned().collect()
}

/// Refuses references in `field` whose record the caller does not see, or that is retired.
pub async fn check<R: Resource>(tx: &Tx, field: &str, names: BTreeSet<String>) -> Result<()> {
    for name in names {
        store::require::<R>(tx, field, &name).await?;
    }
    Ok(())
}

/// Whether one comes from a record, going from each to the one above it, to another: of kinds whose rows have a column `parent`.
pub async fn leads_to<R: Resource>(tx: &Tx, from: &str, to: &str) -> Result<bool> {
    let mut at = from.to_owned();
    for _ in 0..DEPTH_MAX {
        if at == to {
            return Ok(true);
        }
        let id = at.strip_prefix(R::Message::COLLECTION).and_then(|rest| rest.strip_prefix('/'));
        let Some(id) = id else { return Ok(false) };
        let mut above = Query::select();
        above.column("parent").from(R::Row::default()).and_where(Expr::col("id").eq(id));
        let row = tx.query_one(&above).await.map_err(store::database)?;
        at = row.map(|row| row.try_get_by(0)).transpose().map_err(store::database)?.unwrap_or_default();
    }
    Ok(false)
}

/// The same for a new reference to any body: an agency, mission, locality or organization.
pub async fn check_body(tx: &Tx, field: &str, name: &str, before: &str) -> Result<()> {
    if name == before || name.is_empty() {
        return Ok(());
    }
    match name.split_once('/').map(|(collection, _)| collection) {
        Some("agencies") => store::require::<Agencies>(tx, field, name).await,
        Some("missions") => store::require::<Missions>(tx, field, name).await,
        Some("localities") => store::require::<Localities>(tx, field, name).await,
        Some("organizations") => store::require::<Organizations>(tx, field, name).await,
        _ => Err(Error::of(Failure::ReferenceNotFound).with("field", field).with("name", name)),
    }
}
