//! What can become of a profile, and who may bring it about. Pure: the time and the person are given.

use api::Resource as _;
use api::registry::v1::locality_profile::{Correction, Status, Step};
use api::registry::v1::review_locality_profile_request::Decision;
use api::registry::v1::{
    LocalityProfile, LocalityProfileFailure, ReviewLocalityProfileRequest, SubmitLocalityProfileRequest,
    WithdrawLocalityProfileRequest,
};
use chassis::error::{Error, Result};
use store::Act;

/// What the locality writes, and what can be sent back for correction.
const CONTENT: [&str; 7] = ["summary", "strengths", "priority_sectors", "needs", "themes", "key_figures", "source"];

/// The most steps that one profile keeps.
const STEPS_MAX: usize = 200;

/// The fields of the content that differ.
pub fn changed(before: &LocalityProfile, after: &LocalityProfile) -> Vec<&'static str> {
    after.fields_changed(before).into_iter().filter(|field| CONTENT.contains(field)).collect()
}

/// Refuses what is not done to a profile in this status.
pub fn editable(profile: &LocalityProfile) -> Result<()> {
    match profile.status() {
        Status::Draft | Status::SentBack => Ok(()),
        _ => Err(failure(LocalityProfileFailure::ProfileNotEditable, profile)),
    }
}

/// Notes which of the corrections asked for were made by a change.
pub fn correct(before: &LocalityProfile, after: &mut LocalityProfile) {
    let changed = changed(before, after);
    let made = |correction: &&mut Correction| changed.contains(&correction.field.as_str());
    after.corrections.iter_mut().filter(made).for_each(|correction| correction.changed = true);
}

/// Submitted: complete, and corrected as far as the note does not say why not.
pub fn submit(profile: &mut LocalityProfile, request: SubmitLocalityProfileRequest, act: &Act<'_>) -> Result<()> {
    editable(profile)?;
    let missing: Vec<&str> = [
        ("strengths", profile.strengths.is_empty()),
        ("priority_sectors", profile.priority_sectors.is_empty()),
        ("needs", profile.needs.is_empty()),
    ]
    .into_iter()
    .filter_map(|(field, missing)| missing.then_some(field))
    .collect();
    if !missing.is_empty() {
        let error = failure(LocalityProfileFailure::ProfileIncomplete, profile).with("missing", missing.join(", "));
        let named = |error: Error, field: &&str| {
            error.violation(format!("locality_profile.{field}"), "is needed for submission")
        };
        return Err(missing.iter().fold(error, named));
    }
    let open: Vec<&str> = profile.corrections.iter().filter(|it| !it.changed).map(|it| it.field.as_str()).collect();
    if !open.is_empty() && request.note.is_empty() {
        let error = failure(LocalityProfileFailure::ProfileCorrectionsOpen, profile);
        return Err(error.with("fields", open.join(", ")));
    }
    profile.corrections.clear();
    step(profile, Status::Submitted, request.note, Vec::new(), act)
}

/// Accepted, or sent back with what is to be corrected.
pub fn review(profile: &mut LocalityProfile, request: ReviewLocalityProfileRequest, act: &Act<'_>) -> Result<()> {
    submitted(profile)?;
    let by = profile.steps.last().map(|step| (step.taken_by.as_str(), step.organization.as_str()));
    // Subjects are told apart by their issuers, within an organization.
    if by == Some((act.by.subject.as_str(), act.by.organization.as_str())) {
        return Err(failure(LocalityProfileFailure::ProfileSamePersonReviews, profile));
    }
    let decision = request.decision();
    let ReviewLocalityProfileRequest { reason, corrections, .. } = request;
    if decision == Decision::Accept {
        if !corrections.is_empty() {
            return Err(Error::invalid("corrections", "must be empty where a profile is accepted"));
        }
        return step(profile, Status::Accepted, reason, Vec::new(), act);
    }
    if reason.is_empty() {
        return Err(Error::invalid("reason", "is required where a profile is sent back"));
    }
    if corrections.is_empty() {
        return Err(Error::invalid("corrections", "must name at least one field where a profile is sent back"));
    }
    if let Some(at) = corrections.iter().position(|it| !CONTENT.contains(&it.field.as_str())) {
        return Err(Error::invalid(
            format!("corrections[{at}].field"),
            format!("must be one of {}", CONTENT.join(", ")),
        ));
    }
    profile.corrections.clone_from(&corrections);
    step(profile, Status::SentBack, reason, corrections, act)
}

/// Taken back before the review.
pub fn withdraw(profile: &mut LocalityProfile, request: WithdrawLocalityProfileRequest, act: &Act<'_>) -> Result<()> {
    submitted(profile)?;
    step(profile, Status::Draft, request.reason, Vec::new(), act)
}

fn submitted(profile: &LocalityProfile) -> Result<()> {
    match profile.status() {
        Status::Submitted => Ok(()),
        _ => Err(failure(LocalityProfileFailure::ProfileNotSubmitted, profile)),
    }
}

fn step(
    profile: &mut LocalityProfile,
    status: Status,
    note: String,
    corrections: Vec<Correction>,
    act: &Act<'_>,
) -> Result<()> {
    if profile.steps.len() >= STEPS_MAX {
        return Err(Error::invalid(
            "name",
            format!("is of a profile that has had {STEPS_MAX} steps; begin another one"),
        ));
    }
    profile.set_status(status);
    profile.steps.push(Step {
        status: status.into(),
        time: Some(act.at),
        taken_by: act.by.subject.clone(),
        organization: act.by.organization.clone(),
        note,
        corrections,
    });
    Ok(())
}

pub fn failure(failure: LocalityProfileFailure, profile: &LocalityProfile) -> Error {
    let status = profile.status().as_str_name();
    Error::of(failure).with("name", &profile.name).with("status", status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::locality_profile::{Need, Strength};
    use chassis::caller::Caller;

    fn person(subject: &str, organization: &str) -> Caller {
        Caller { subject: subject.into(), organization: organization.into(), ..Caller::default() }
    }

    fn by(caller: &Caller) -> Act<'_> {
        Act { by: caller, at: Default::default(), today: "2026-11-22".parse().unwrap() }
    }

    fn draft() -> LocalityProfile {
        let mut profile = LocalityProfile {
            name: "localityProfiles/1".into(),
            strengths: vec![Strength::default()],
            priority_sectors: vec!["VSIC2025/C".into()],
            needs: vec![Need::default()],
            ..LocalityProfile::default()
        };
        profile.set_status(Status::Draft);
        profile
    }

    fn send_back(field: &str) -> ReviewLocalityProfileRequest {
        let correction = Correction { field: field.into(), note: "thiếu nguồn".into(), changed: false };
        ReviewLocalityProfileRequest {
            decision: Decision::SendBack.into(),
            reason: "chưa đủ".into(),
            corrections: vec![correction],
            ..Default::default()
        }
    }

    fn reason(result: Result<()>) -> String {
        result.expect_err("a refusal").reason().to_owned()
    }

    #[test]
    fn what_is_missing_is_named() {
        let province = person("lan", "localities/a");
        let mut empty = draft();
        empty.needs.clear();
        empty.strengths.clear();
        let refused = submit(&mut empty, Default::default(), &by(&province)).expect_err("nothing is said");
        assert_eq!(refused.metadata()["missing"], "strengths, needs");
        assert_eq!(refused.violations().len(), 2);
        assert_eq!(empty.status(), Status::Draft);
    }

    #[test]
    fn what_is_sent_back_is_corrected_or_answered() {
        let (province, ministry) = (person("lan", "localities/a"), person("hà", "agencies/g08"));
        let mut profile = draft();
        submit(&mut profile, Default::default(), &by(&province)).expect("complete");
        assert_eq!(reason(submit(&mut profile, Default::default(), &by(&province))), "PROFILE_NOT_EDITABLE");
        assert_eq!(reason(review(&mut profile, send_back("owner"), &by(&ministry))), "INVALID_ARGUMENT");
        review(&mut profile, send_back("summary"), &by(&ministry)).expect("sent back");
        assert_eq!(reason(submit(&mut profile, Default::default(), &by(&province))), "PROFILE_CORRECTIONS_OPEN");
        let answered = SubmitLocalityProfileRequest { note: "số liệu đúng".into(), ..Default::default() };
        submit(&mut profile.clone(), answered, &by(&province)).expect("answered");
        let before = profile.clone();
        profile.summary = "Tóm tắt mới".into();
        correct(&before, &mut profile);
        submit(&mut profile, Default::default(), &by(&province)).expect("corrected");
        assert!(profile.corrections.is_empty());
        assert_eq!(profile.steps.len(), 3);
    }

    #[test]
    fn nobody_reviews_what_they_submitted() {
        let ministry = person("hà", "agencies/g08");
        let mut profile = draft();
        let accept = || ReviewLocalityProfileRequest { decision: Decision::Accept.into(), ..Default::default() };
        assert_eq!(reason(review(&mut profile, accept(), &by(&ministry))), "PROFILE_NOT_SUBMITTED");
        submit(&mut profile, Default::default(), &by(&ministry)).expect("complete");
        assert_eq!(reason(review(&mut profile, accept(), &by(&ministry))), "PROFILE_SAME_PERSON_REVIEWS");
        review(&mut profile, accept(), &by(&person("minh", "agencies/g08"))).expect("another person");
        assert_eq!(reason(withdraw(&mut profile, Default::default(), &by(&ministry))), "PROFILE_NOT_SUBMITTED");
    }
}
