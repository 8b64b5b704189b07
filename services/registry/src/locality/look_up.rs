//! Finding the one unit that a name or code means.

use api::registry::v1::{LocalityFailure, ResolveLocalityRequest};
use chassis::error::{Error, Result};
use store::sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use store::{Scope, Store, View};

use super::{period_row, row};
use crate::period::Span;
use crate::resolution::{Bearer, Found, Wanted, resolve};
use crate::visible;

/// The unit's name, and the day as of which it is meant.
pub async fn find(store: &Store, scope: &Scope, request: &ResolveLocalityRequest) -> Result<(String, View)> {
    let view = visible::view(store, &request.as_of)?;
    let wanted = Wanted::new(&request.q, &request.code, &request.slug, &request.agency_code);
    if wanted.is_empty() {
        return Err(Error::invalid("q", "one of q, code, slug and agency_code is required"));
    }
    let bearers = bearers(store, scope, &wanted).await?;
    let as_of = (!request.as_of.is_empty()).then_some(request.as_of.as_str());
    let name = |id: &String| format!("localities/{id}");
    match resolve(&bearers, &wanted, as_of, &view.today.to_string()) {
        Found::One(id) => Ok((name(&id), view)),
        Found::Several(ids) => {
            let candidates: Vec<String> = ids.iter().map(name).collect();
            let failure = Error::of(LocalityFailure::LocalityAmbiguous).with("wanted", told(request));
            Err(failure.with("candidates", candidates.join(", ")))
        }
        Found::Nothing => {
            let mut elsewhen: Vec<String> = bearers.iter().map(|bearer| name(&bearer.id)).collect();
            elsewhen.sort();
            elsewhen.dedup();
            let failure = Error::of(LocalityFailure::LocalityUnknown).with("wanted", told(request));
            let failure = failure.with("as_of", view.as_of.to_string());
            Err(if elsewhen.is_empty() { failure } else { failure.with("at_other_times", elsewhen.join(", ")) })
        }
    }
}

/// Every period that may be meant: the rules decide which is.
async fn bearers(store: &Store, scope: &Scope, wanted: &Wanted) -> Result<Vec<Bearer>> {
    use period_row::Column;
    let mut fitting = Condition::all().add(Column::Parent.in_subquery(visible::ids::<row::Entity>(scope)));
    if !wanted.code.is_empty() {
        fitting = fitting.add(Column::Code.eq(wanted.code.as_str()));
    }
    if !wanted.slug.is_empty() {
        let named =
            Condition::any().add(Column::Slug.eq(wanted.slug.as_str())).add(Column::Parent.eq(wanted.slug.as_str()));
        fitting = fitting.add(named);
    }
    if !wanted.agency_code.is_empty() {
        fitting = fitting.add(Column::AgencyCode.eq(wanted.agency_code.as_str()));
    }
    for word in wanted.words() {
        fitting = fitting.add(Column::Names.contains(word));
    }
    let found = period_row::Entity::find().filter(fitting).all(store.read()).await.map_err(store::database)?;
    Ok(found.into_iter().map(bearer).collect())
}

fn bearer(row: period_row::Model) -> Bearer {
    Bearer {
        id: row.parent,
        span: Span { from: row.valid_from, to: row.valid_to },
        names: row.names.split('|').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        code: row.code,
        slug: row.slug,
        agency_code: row.agency_code,
    }
}

/// What was asked for, as the caller wrote it.
fn told(request: &ResolveLocalityRequest) -> String {
    let ResolveLocalityRequest { q, code, slug, agency_code, as_of: _ } = request;
    let parts = [("", q), ("code ", code), ("slug ", slug), ("agency code ", agency_code)];
    let given = parts.into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(what, value)| format!("{what}\"{value}\"")).collect::<Vec<_>>().join(" with ")
}
