//! What can become of a consultation.

use std::time::SystemTime;

use api::Resource as _;
use api::registry::v1::plan_consultation::{Status, Step};
use api::registry::v1::{PlanConsultation, PlanConsultationFailure};
use chassis::error::{Error, Result};
use chrono::NaiveDate;
use store::Tx;

/// The most closings and reopenings that one consultation keeps.
const STEPS_MAX: usize = 200;

/// How many unanswered comments a refusal names.
const NAMED_MAX: usize = 20;

/// Whether comments are taken.
pub fn is_open(consultation: &PlanConsultation) -> bool {
    consultation.status() == Status::Open
}

/// Refuses what is not done to a closed consultation.
pub fn check_open(consultation: &PlanConsultation) -> Result<()> {
    if is_open(consultation) {
        return Ok(());
    }
    let since = consultation.steps.last().and_then(|step| step.time.as_ref()).map(|time| time.to_string());
    let error = Error::of(PlanConsultationFailure::ConsultationClosed).with("name", &consultation.name);
    Err(error.with("since", since.unwrap_or_default()))
}

/// What the owner wrote changes only while it is open; that it is closed or reopened, the verbs say.
pub fn change(before: &PlanConsultation, after: &PlanConsultation) -> Result<()> {
    let reader = ["owner", "audience", "status", "steps"];
    let rewritten = after.fields_changed(before).iter().any(|field| !reader.contains(field));
    if rewritten && before.status == after.status { check_open(before) } else { Ok(()) }
}

/// Refuses a day that has passed.
pub fn not_past(field: &str, day: &str, today: NaiveDate) -> Result<()> {
    match day < today.to_string().as_str() {
        true => Err(Error::invalid(field, format!("must not be before today, {today}"))),
        false => Ok(()),
    }
}

/// Refuses while comments are not answered, and names them.
pub fn all_answered(consultation: &PlanConsultation, unanswered: &[String]) -> Result<()> {
    if unanswered.is_empty() {
        return Ok(());
    }
    let named = unanswered.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if unanswered.len() > NAMED_MAX { " and others" } else { "" };
    let error = Error::of(PlanConsultationFailure::ConsultationCommentsUnanswered).with("name", &consultation.name);
    Err(error.with("count", unanswered.len().to_string()).with("comments", named + more))
}

/// Closed or reopened now, by the transaction's caller.
pub fn step(consultation: &mut PlanConsultation, status: Status, note: String, tx: &Tx) -> Result<()> {
    if consultation.steps.len() >= STEPS_MAX {
        return Err(Error::invalid(
            "name",
            format!("is of a consultation that was closed and reopened {STEPS_MAX} times"),
        ));
    }
    consultation.set_status(status);
    consultation.steps.push(Step {
        status: status.into(),
        time: Some(SystemTime::from(tx.now()).into()),
        taken_by: tx.caller().subject.clone(),
        organization: tx.caller().organization.clone(),
        note,
        due_date: consultation.due_date.clone(),
    });
    Ok(())
}

/// The consultation after a unit went into others.
pub fn over(before: &PlanConsultation, unit: &str, successors: &[String]) -> PlanConsultation {
    let mut after = before.clone();
    if let ([successor], true) = (successors, after.owner == unit) {
        after.owner.clone_from(successor);
        after.invited.retain(|body| body != successor);
    }
    if after.invited.iter().any(|body| body == unit) {
        let new = successors.iter().filter(|body| **body != after.owner && !before.invited.contains(body));
        after.invited.extend(new.cloned());
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn successors_are_invited_and_take_over() {
        for (owner, invited, successors, owner_then, invited_then) in [
            (
                "agencies/g08",
                &["localities/a"][..],
                &["localities/c"][..],
                "agencies/g08",
                &["localities/a", "localities/c"][..],
            ),
            ("localities/a", &["agencies/g08"], &["localities/c"], "localities/c", &["agencies/g08"]),
            ("localities/a", &["localities/c", "agencies/g08"], &["localities/c"], "localities/c", &["agencies/g08"]),
            ("localities/a", &["agencies/g08"], &["localities/c", "localities/d"], "localities/a", &["agencies/g08"]),
            ("localities/c", &["localities/a"], &["localities/c"], "localities/c", &["localities/a"]),
        ] {
            let before = PlanConsultation { owner: owner.into(), invited: names(invited), ..Default::default() };
            let after = over(&before, "localities/a", &names(successors));
            assert_eq!((after.owner.as_str(), after.invited), (owner_then, names(invited_then)), "{owner} {invited:?}");
        }
    }

    #[test]
    fn what_is_not_answered_is_named() {
        let consultation = PlanConsultation { name: "planConsultations/1".into(), ..Default::default() };
        assert!(all_answered(&consultation, &[]).is_ok());
        let many: Vec<String> = (0..25).map(|n| format!("planComments/{n}")).collect();
        let refused = all_answered(&consultation, &many).expect_err("25 are open");
        assert_eq!(refused.metadata()["count"], "25");
        assert!(refused.message().ends_with("planComments/19 and others"), "{}", refused.message());
    }
}
