//! What becomes of a partnership by agreement: a new term, an end. Pure.

use api::registry::v1::{EndPartnershipRequest, Partnership, PartnershipFailure, RenewPartnershipRequest};
use chassis::caller::Role;
use chassis::error::{Error, Result};
use store::Act;

use super::rules;

/// With a new term. That it ends later than the last one is checked with the record's other dates.
pub fn renew(partnership: &mut Partnership, request: RenewPartnershipRequest, act: &Act<'_>) -> Result<()> {
    holder_acts(partnership, act)?;
    not_ended(partnership)?;
    partnership.terms.extend(request.term);
    Ok(())
}

/// Over, on a day that has come.
pub fn end(partnership: &mut Partnership, request: EndPartnershipRequest, act: &Act<'_>) -> Result<()> {
    holder_acts(partnership, act)?;
    not_ended(partnership)?;
    let today = act.today.to_string();
    if request.end_date > today {
        return Err(Error::invalid("end_date", "must not be in the future"));
    }
    partnership.end_date = if request.end_date.is_empty() { today } else { request.end_date };
    partnership.end_reason = request.reason;
    Ok(())
}

/// The unit that holds it today does so, its owner, and the ministry.
fn holder_acts(partnership: &Partnership, act: &Act<'_>) -> Result<()> {
    let holder = rules::holder(partnership, &act.today.to_string()).map(|it| it.locality.as_str()).unwrap_or_default();
    let ministry = act.by.is(Role::MinistryOfficer) || act.by.is(Role::Administrator);
    if ministry || [holder, &partnership.owner].contains(&act.by.organization.as_str()) {
        return Ok(());
    }
    Err(Error::permission_denied(format!("{holder} holds {}", partnership.name)))
}

fn not_ended(partnership: &Partnership) -> Result<()> {
    if partnership.end_date.is_empty() {
        return Ok(());
    }
    let failure = Error::of(PartnershipFailure::PartnershipEnded);
    Err(failure.with("name", &partnership.name).with("end_date", &partnership.end_date))
}
