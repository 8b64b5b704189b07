//! What can become of a submission, who answers for it on a day, and how it stood on a day. Pure: the time and the person are given.

use api::registry::v1::priority_submission::{Status, Step};
use api::registry::v1::review_priority_submission_request::Decision;
use api::registry::v1::{
    PostponePrioritySubmissionRequest, PrioritySubmission, PrioritySubmissionFailure, ReviewPrioritySubmissionRequest,
    SubmitPrioritiesRequest,
};
use chassis::caller::Role;
use chassis::error::{Error, Result};
use chrono::{DateTime, NaiveDate};
use store::Act;

/// The most steps that one submission keeps.
const STEPS_MAX: usize = 200;

/// A submission as it stood on a day.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    pub status: Status,
    pub due_date: &'a str,
}

impl Standing<'_> {
    /// Whether it was awaited: never submitted, or sent back and not submitted again.
    pub fn is_missing(&self) -> bool {
        is_awaited(self.status)
    }
}

/// How it stood at the end of a day; none if it had not been asked for.
pub fn on(submission: &PrioritySubmission, day: NaiveDate) -> Option<Standing<'_>> {
    let taken = |step: &&Step| step.time.as_ref().is_some_and(|time| day_of(time.seconds) <= Some(day));
    let last = submission.steps.iter().take_while(taken).last()?;
    Some(Standing { status: last.status(), due_date: &last.due_date })
}

fn day_of(seconds: i64) -> Option<NaiveDate> {
    DateTime::from_timestamp(seconds, 0).map(chassis::clock::day)
}

/// Whether it waits for the locality, as it is now.
pub fn is_awaited(status: Status) -> bool {
    matches!(status, Status::Requested | Status::SentBack)
}

/// Who answers for it on a day: the locality that was asked, or since it ended its successors.
pub fn answering(submission: &PrioritySubmission, day: &str) -> Vec<String> {
    let holder = submission.holders.iter().rfind(|holder| holder.valid_from.as_str() <= day);
    holder.map_or_else(|| vec![submission.locality.clone()], |holder| holder.localities.clone())
}

/// Asked for: the first step.
pub fn ask(submission: &mut PrioritySubmission, act: &Act<'_>) {
    submission.set_status(Status::Requested);
    let note = submission.note.clone();
    submission.steps = vec![taken(submission, note, act)];
}

/// Submitted, in place of what was submitted before.
pub fn submit(submission: &mut PrioritySubmission, request: SubmitPrioritiesRequest, act: &Act<'_>) -> Result<()> {
    let answering = answering(submission, &act.today.to_string());
    if !answering.contains(&act.by.organization) && !act.by.is(Role::Administrator) {
        let why = format!("{} answers for {}", answering.join(" or "), submission.name);
        return Err(Error::permission_denied(why));
    }
    awaited(submission)?;
    submission.priorities = request.priorities;
    step(submission, Status::Submitted, request.note, act)
}

/// Accepted or sent back.
pub fn review(
    submission: &mut PrioritySubmission,
    request: ReviewPrioritySubmissionRequest,
    act: &Act<'_>,
) -> Result<()> {
    if submission.status() != Status::Submitted {
        return Err(failure(PrioritySubmissionFailure::SubmissionNotWaiting, submission));
    }
    let by = submission.steps.iter().rfind(|step| step.status() == Status::Submitted);
    // Subjects are told apart by their issuers, within an organization.
    if by.is_some_and(|step| step.taken_by == act.by.subject && step.organization == act.by.organization) {
        return Err(failure(PrioritySubmissionFailure::SubmissionSamePersonReviews, submission));
    }
    if request.decision() == Decision::Accept {
        if !request.due_date.is_empty() {
            return Err(Error::invalid("due_date", "must be empty where a submission is accepted"));
        }
        return step(submission, Status::Accepted, request.reason, act);
    }
    if request.reason.is_empty() {
        return Err(Error::invalid("reason", "is required where a submission is sent back"));
    }
    if !request.due_date.is_empty() {
        not_past("due_date", &request.due_date, act.today)?;
        submission.due_date = request.due_date;
    }
    step(submission, Status::SentBack, request.reason, act)
}

/// Awaited until later.
pub fn postpone(
    submission: &mut PrioritySubmission,
    request: PostponePrioritySubmissionRequest,
    act: &Act<'_>,
) -> Result<()> {
    awaited(submission)?;
    not_past("due_date", &request.due_date, act.today)?;
    if request.due_date <= submission.due_date {
        return Err(Error::invalid("due_date", format!("must be later than the present one, {}", submission.due_date)));
    }
    submission.due_date = request.due_date;
    step(submission, submission.status(), request.reason, act)
}

/// Refuses a day that has passed.
pub fn not_past(field: &str, day: &str, today: NaiveDate) -> Result<()> {
    match day < today.to_string().as_str() {
        true => Err(Error::invalid(field, format!("must not be before today, {today}"))),
        false => Ok(()),
    }
}

fn awaited(submission: &PrioritySubmission) -> Result<()> {
    match is_awaited(submission.status()) {
        true => Ok(()),
        false => Err(failure(PrioritySubmissionFailure::SubmissionNotAwaited, submission)),
    }
}

fn step(submission: &mut PrioritySubmission, status: Status, note: String, act: &Act<'_>) -> Result<()> {
    if submission.steps.len() >= STEPS_MAX {
        return Err(Error::invalid("name", format!("is of a submission that has had {STEPS_MAX} steps")));
    }
    submission.set_status(status);
    let step = taken(submission, note, act);
    submission.steps.push(step);
    Ok(())
}

fn taken(submission: &PrioritySubmission, note: String, act: &Act<'_>) -> Step {
    Step {
        status: submission.status,
        time: Some(act.at),
        taken_by: act.by.subject.clone(),
        organization: act.by.organization.clone(),
        note,
        due_date: submission.due_date.clone(),
    }
}

fn failure(failure: PrioritySubmissionFailure, submission: &PrioritySubmission) -> Error {
    Error::of(failure).with("name", &submission.name).with("status", submission.status().as_str_name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::priority_submission::Holder;
    use chassis::caller::Caller;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn person(subject: &str, organization: &str) -> Caller {
        Caller { subject: subject.into(), organization: organization.into(), ..Caller::default() }
    }

    /// At noon in Viet Nam.
    fn at<'a>(by: &'a Caller, today: &str) -> Act<'a> {
        let noon = day(today).and_hms_opt(5, 0, 0).expect("a time").and_utc();
        Act { by, at: std::time::SystemTime::from(noon).into(), today: day(today) }
    }

    fn asked(ministry: &Caller) -> PrioritySubmission {
        let mut submission = PrioritySubmission {
            name: "prioritySubmissions/1".into(),
            locality: "localities/a".into(),
            due_date: "2026-03-31".into(),
            holders: vec![Holder { valid_from: "2026-07-01".into(), localities: vec!["localities/c".into()] }],
            ..PrioritySubmission::default()
        };
        ask(&mut submission, &at(ministry, "2026-03-01"));
        submission
    }

    fn send_back(due_date: &str) -> ReviewPrioritySubmissionRequest {
        ReviewPrioritySubmissionRequest {
            decision: Decision::SendBack.into(),
            reason: "thiếu đối tác".into(),
            due_date: due_date.into(),
            ..Default::default()
        }
    }

    fn reason(result: Result<()>) -> String {
        result.expect_err("a refusal").reason().to_owned()
    }

    #[test]
    fn how_it_stood_on_a_day_is_told_by_its_steps() {
        let (ministry, province) = (person("hà", "agencies/g08"), person("lan", "localities/a"));
        let mut submission = asked(&ministry);
        submit(&mut submission, Default::default(), &at(&province, "2026-03-20")).expect("awaited");
        review(&mut submission, send_back("2026-04-15"), &at(&ministry, "2026-03-25")).expect("sent back");
        submit(&mut submission, Default::default(), &at(&province, "2026-04-20")).expect("awaited again");
        for (date, expected) in [
            ("2026-02-28", None),
            ("2026-03-01", Some((Status::Requested, "2026-03-31"))),
            ("2026-03-20", Some((Status::Submitted, "2026-03-31"))),
            ("2026-04-19", Some((Status::SentBack, "2026-04-15"))),
            ("2026-04-20", Some((Status::Submitted, "2026-04-15"))),
        ] {
            let found = on(&submission, day(date)).map(|it| (it.status, it.due_date));
            assert_eq!(found, expected, "{date}");
        }
    }

    #[test]
    fn the_successor_answers_from_its_first_day_on() {
        let (ministry, old, new) =
            (person("hà", "agencies/g08"), person("lan", "localities/a"), person("an", "localities/c"));
        let submission = asked(&ministry);
        for (by, date, may) in [
            (&old, "2026-06-30", true),
            (&new, "2026-06-30", false),
            (&old, "2026-07-01", false),
            (&new, "2026-07-01", true),
        ] {
            let done = submit(&mut submission.clone(), Default::default(), &at(by, date));
            assert_eq!(done.is_ok(), may, "{} on {date}", by.organization);
        }
    }

    #[test]
    fn what_is_not_awaited_is_refused() {
        let (ministry, province) = (person("hà", "agencies/g08"), person("lan", "localities/a"));
        let mut submission = asked(&ministry);
        let act = |by| at(by, "2026-03-20");
        assert_eq!(reason(review(&mut submission, send_back(""), &act(&ministry))), "SUBMISSION_NOT_WAITING");
        submit(&mut submission, Default::default(), &act(&province)).expect("awaited");
        assert_eq!(reason(submit(&mut submission, Default::default(), &act(&province))), "SUBMISSION_NOT_AWAITED");
        assert_eq!(reason(review(&mut submission, send_back(""), &act(&province))), "SUBMISSION_SAME_PERSON_REVIEWS");
        assert_eq!(reason(review(&mut submission, send_back("2026-03-19"), &act(&ministry))), "INVALID_ARGUMENT");
        let postponed = PostponePrioritySubmissionRequest { due_date: "2026-05-01".into(), ..Default::default() };
        assert_eq!(reason(postpone(&mut submission, postponed, &act(&ministry))), "SUBMISSION_NOT_AWAITED");
        review(&mut submission, send_back(""), &act(&ministry)).expect("waiting");
        let earlier = PostponePrioritySubmissionRequest { due_date: "2026-03-30".into(), ..Default::default() };
        assert_eq!(reason(postpone(&mut submission, earlier, &act(&ministry))), "INVALID_ARGUMENT");
    }
}
