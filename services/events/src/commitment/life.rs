//! What can become of a commitment, and who may bring it about. Pure: the time and the person are given.

use api::events::v1::commitment::extension::Decision;
use api::events::v1::commitment::{Evidence, Extension, Progress, Status};
use api::events::v1::{
    CancelCommitmentRequest, Commitment, CommitmentFailure, DecideCommitmentExtensionRequest, FulfilCommitmentRequest,
    ReportCommitmentProgressRequest, RequestCommitmentExtensionRequest,
};
use chassis::caller::Role;
use chassis::error::{Error, Result};
use chrono::NaiveDate;
use store::Act;

use crate::date::day;

/// The most pieces of evidence, notes and extensions that one commitment keeps of each.
const KEPT_MAX: usize = 200;

/// Whether a commitment is open and its due date has passed.
pub fn is_overdue(commitment: &Commitment, today: NaiveDate) -> bool {
    commitment.status() == Status::Open && day(&commitment.due_date).is_some_and(|due| due < today)
}

/// Delivered, with evidence.
pub fn fulfil(commitment: &mut Commitment, request: FulfilCommitmentRequest, act: &Act<'_>) -> Result<()> {
    owner_acts(commitment, act)?;
    open(commitment)?;
    show(commitment, request.evidence, act)?;
    if commitment.evidence.is_empty() {
        return Err(failure(CommitmentFailure::EvidenceMissing, commitment));
    }
    close(commitment, Status::Fulfilled, request.note, act);
    Ok(())
}

/// Given up, with the reason: by who has to deliver, or by who recorded it.
pub fn cancel(commitment: &mut Commitment, request: CancelCommitmentRequest, act: &Act<'_>) -> Result<()> {
    if act.by.organization != commitment.recorder {
        owner_acts(commitment, act)?;
    }
    open(commitment)?;
    close(commitment, Status::Cancelled, request.reason, act);
    Ok(())
}

/// Came a little further.
pub fn report(commitment: &mut Commitment, request: ReportCommitmentProgressRequest, act: &Act<'_>) -> Result<()> {
    owner_acts(commitment, act)?;
    open(commitment)?;
    show(commitment, request.evidence, act)?;
    let note = Progress {
        time: Some(act.at),
        organization: act.by.organization.clone(),
        note: request.note,
        rating: request.rating,
        percent: request.percent,
    };
    keep(&mut commitment.progress, vec![note], "note")
}

/// Needs more time.
pub fn request_extension(
    commitment: &mut Commitment,
    request: RequestCommitmentExtensionRequest,
    act: &Act<'_>,
) -> Result<()> {
    owner_acts(commitment, act)?;
    open(commitment)?;
    if let Some(pending) = pending(commitment) {
        let error = failure(CommitmentFailure::ExtensionPending, commitment);
        return Err(error.with("due_date", pending.to_due_date.clone()));
    }
    if day(&request.due_date) <= day(&commitment.due_date) {
        return Err(Error::invalid("due_date", format!("must be later than the present one, {}", commitment.due_date)));
    }
    let extension = Extension {
        from_due_date: commitment.due_date.clone(),
        to_due_date: request.due_date,
        reason: request.reason,
        requested_by: act.by.subject.clone(),
        requesting_organization: act.by.organization.clone(),
        request_time: Some(act.at),
        decision: Decision::Pending.into(),
        ..Extension::default()
    };
    keep(&mut commitment.extensions, vec![extension], "due_date")
}

/// Gets more time, or does not.
pub fn decide_extension(
    commitment: &mut Commitment,
    request: DecideCommitmentExtensionRequest,
    act: &Act<'_>,
) -> Result<()> {
    let may = act.by.organization == commitment.recorder
        || act.by.is(Role::MinistryOfficer)
        || act.by.is(Role::Administrator);
    if !may {
        let why = format!("{} or the ministry decides on the extension of {}", commitment.recorder, commitment.name);
        return Err(Error::permission_denied(why));
    }
    open(commitment)?;
    let Some(extension) = pending(commitment).cloned() else {
        return Err(failure(CommitmentFailure::NoExtensionPending, commitment));
    };
    // Subjects are told apart by their issuers, within an organization.
    let by_whom = (extension.requested_by.as_str(), extension.requesting_organization.as_str());
    if by_whom == (act.by.subject.as_str(), act.by.organization.as_str()) {
        return Err(failure(CommitmentFailure::SamePersonDecides, commitment));
    }
    if request.decision() == Decision::Granted {
        commitment.due_date.clone_from(&extension.to_due_date);
    }
    let decided = Extension {
        decision: request.decision,
        decision_reason: request.reason,
        decided_by: act.by.subject.clone(),
        deciding_organization: act.by.organization.clone(),
        decision_time: Some(act.at),
        ..extension
    };
    commitment.extensions.pop();
    commitment.extensions.push(decided);
    Ok(())
}

/// The extension that waits for a decision. Only the last one can: another is asked for only once it is decided.
fn pending(commitment: &Commitment) -> Option<&Extension> {
    commitment.extensions.last().filter(|extension| extension.decision() == Decision::Pending)
}

fn close(commitment: &mut Commitment, status: Status, reason: String, act: &Act<'_>) {
    commitment.set_status(status);
    commitment.close_time = Some(act.at);
    commitment.close_reason = reason;
}

fn open(commitment: &Commitment) -> Result<()> {
    match commitment.status() {
        Status::Open => Ok(()),
        status => Err(failure(CommitmentFailure::CommitmentNotOpen, commitment).with("status", status.as_str_name())),
    }
}

fn owner_acts(commitment: &Commitment, act: &Act<'_>) -> Result<()> {
    if act.by.organization == commitment.owner || act.by.is(Role::Administrator) {
        return Ok(());
    }
    Err(Error::permission_denied(format!("{} answers for {}", commitment.owner, commitment.name)))
}

fn failure(failure: CommitmentFailure, commitment: &Commitment) -> Error {
    Error::of(failure).with("name", commitment.name.clone())
}

fn keep<T>(kept: &mut Vec<T>, more: Vec<T>, field: &str) -> Result<()> {
    if kept.len() + more.len() > KEPT_MAX {
        return Err(Error::invalid(
            field,
            format!("must leave at most {KEPT_MAX} in all, and {} are there", kept.len()),
        ));
    }
    kept.extend(more);
    Ok(())
}

/// Keeps evidence, of which none can be of a day that has not come.
fn show(commitment: &mut Commitment, evidence: Vec<Evidence>, act: &Act<'_>) -> Result<()> {
    let future = |piece: &Evidence| day(&piece.date).is_some_and(|date| date > act.today);
    if let Some(index) = evidence.iter().position(future) {
        return Err(Error::invalid(format!("evidence[{index}].date"), "must not be in the future"));
    }
    keep(&mut commitment.evidence, evidence, "evidence")
}

#[cfg(test)]
mod tests;
