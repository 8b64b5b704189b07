//! How an assessment becomes a certificate, and who may bring it about. Pure: the day, the time and the person are given.

use api::registry::v1::green_assessment::Status;
use api::registry::v1::green_shortfall::Kind;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::Act;

use super::score;
use crate::green_standard;

/// Whether its owner works on it.
pub fn is_open(assessment: &GreenAssessment) -> bool {
    matches!(assessment.status(), Status::Draft | Status::SentBack)
}

/// Whether its certificate holds on a day: from its first day to its last, or to the day before it was revoked.
pub fn is_valid(assessment: &GreenAssessment, day: &str) -> bool {
    let given = !assessment.certified_from.is_empty();
    let revoked = !assessment.revoked_date.is_empty() && assessment.revoked_date.as_str() <= day;
    given && assessment.certified_from.as_str() <= day && day <= assessment.valid_until.as_str() && !revoked
}

/// Whether its certificate had run out by a day without having been revoked.
pub fn is_expired(assessment: &GreenAssessment, day: &str) -> bool {
    assessment.status() == Status::Certified && assessment.valid_until.as_str() < day
}

/// Refuses what its owner wants to do with it once it is out of its hands.
pub fn open(assessment: &GreenAssessment) -> Result<()> {
    if is_open(assessment) { Ok(()) } else { Err(unfit(GreenAssessmentFailure::GreenAssessmentNotOpen, assessment)) }
}

/// Handed to the certifier. Another person than an officer of the owner could be of the certifier, so nobody else does it.
pub fn submit(assessment: &mut GreenAssessment, standard: &GreenStandard, act: &Act<'_>) -> Result<()> {
    if act.by.organization != assessment.owner {
        return Err(Error::permission_denied(format!("{} submits {}", assessment.owner, assessment.name)));
    }
    open(assessment)?;
    let mut missing = Vec::new();
    if assessment.certifier.is_empty() {
        missing.push("it names no certifier".to_owned());
    }
    if !green_standard::holds(standard, &act.today.to_string()) {
        missing.push(format!("{} is not valid today", standard.name));
    }
    let unscored = |it: &&GreenShortfall| it.kind() == Kind::ScoreMissing;
    let unscored: Vec<GreenShortfall> = assessment.shortfalls.iter().filter(unscored).cloned().collect();
    if !unscored.is_empty() {
        missing.push(score::told(&unscored));
    }
    if !missing.is_empty() {
        let failure = Error::of(GreenAssessmentFailure::GreenSubmissionIncomplete).with("name", &assessment.name);
        return Err(failure.with("missing", missing.join("; ")));
    }
    assessment.set_status(Status::Submitted);
    assessment.submit_time = Some(act.at);
    assessment.decision_time = None;
    assessment.decision_reason.clear();
    Ok(())
}

/// Given back to be corrected.
pub fn send_back(
    assessment: &mut GreenAssessment,
    request: SendBackGreenAssessmentRequest,
    act: &Act<'_>,
) -> Result<()> {
    awaited(assessment, act)?;
    decide(assessment, Status::SentBack, request.reason, act);
    Ok(())
}

/// Refused for good.
pub fn reject(assessment: &mut GreenAssessment, request: RejectGreenAssessmentRequest, act: &Act<'_>) -> Result<()> {
    awaited(assessment, act)?;
    decide(assessment, Status::Rejected, request.reason, act);
    Ok(())
}

/// Certified, if nothing is missing.
pub fn certify(assessment: &mut GreenAssessment, request: CertifyGreenAssessmentRequest, act: &Act<'_>) -> Result<()> {
    awaited(assessment, act)?;
    if !assessment.shortfalls.is_empty() {
        let failure = Error::of(GreenAssessmentFailure::GreenCertificationIncomplete).with("name", &assessment.name);
        return Err(failure.with("missing", score::told(&assessment.shortfalls)));
    }
    let today = act.today.to_string();
    let from = if request.certified_from.is_empty() { today.clone() } else { request.certified_from };
    if request.valid_until < from {
        return Err(Error::invalid("valid_until", format!("must not be before the first day, {from}")));
    }
    if request.valid_until < today {
        return Err(Error::invalid("valid_until", "must not be in the past"));
    }
    assessment.certificate_number = request.certificate_number.trim().to_owned();
    assessment.certified_from = from;
    assessment.valid_until = request.valid_until;
    decide(assessment, Status::Certified, request.reason, act);
    assessment.audience.get_or_insert_default().set_circle(Circle::Public);
    Ok(())
}

/// The certificate is taken back.
pub fn revoke(assessment: &mut GreenAssessment, request: RevokeGreenAssessmentRequest, act: &Act<'_>) -> Result<()> {
    certifier_acts(assessment, act)?;
    if assessment.status() != Status::Certified {
        return Err(unfit(GreenAssessmentFailure::GreenAssessmentNotCertified, assessment));
    }
    assessment.revoked_date = act.today.to_string();
    decide(assessment, Status::Revoked, request.reason, act);
    Ok(())
}

/// It waits for the decision of the body for which the caller acts.
fn awaited(assessment: &GreenAssessment, act: &Act<'_>) -> Result<()> {
    certifier_acts(assessment, act)?;
    match assessment.status() {
        Status::Submitted => Ok(()),
        _ => Err(unfit(GreenAssessmentFailure::GreenAssessmentNotSubmitted, assessment)),
    }
}

fn certifier_acts(assessment: &GreenAssessment, act: &Act<'_>) -> Result<()> {
    if !assessment.certifier.is_empty() && act.by.organization == assessment.certifier {
        return Ok(());
    }
    let who = if assessment.certifier.is_empty() { "its certifier" } else { &assessment.certifier };
    Err(Error::permission_denied(format!("{who} decides on {}", assessment.name)))
}

fn decide(assessment: &mut GreenAssessment, status: Status, reason: String, act: &Act<'_>) {
    assessment.set_status(status);
    assessment.decision_time = Some(act.at);
    assessment.decision_reason = reason;
}

fn unfit(failure: GreenAssessmentFailure, assessment: &GreenAssessment) -> Error {
    Error::of(failure).with("name", &assessment.name).with("status", assessment.status().as_str_name())
}

#[cfg(test)]
mod tests;
