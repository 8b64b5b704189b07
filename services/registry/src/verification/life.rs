//! What can become of a verification. Pure: the day is given.

use api::registry::v1::verification::{Conclusion, Status};
use api::registry::v1::{ConcludeVerificationRequest, TransferVerificationRequest, Verification, VerificationFailure};
use chassis::error::{Error, Result};
use chrono::{Days, NaiveDate};
use store::calendar::Passing;

/// How many days before its end a conclusion is said to expire.
const NOTICE_DAYS: u64 = 30;

/// Whether it waits for an answer.
pub fn is_open(verification: &Verification) -> bool {
    matches!(verification.status(), Status::Requested | Status::Assigned)
}

/// Whether it is open and its due date has passed.
pub fn is_overdue(verification: &Verification, today: &str) -> bool {
    is_open(verification) && !verification.due_date.is_empty() && verification.due_date.as_str() < today
}

/// Whether its conclusion holds on a day.
pub fn holds(verification: &Verification, day: &str) -> bool {
    verification.status() == Status::Concluded
        && verification.conclusion() != Conclusion::Unknown
        && verification.close_date.as_str() <= day
        && day <= verification.valid_until.as_str()
}

/// The days of its calendar: from 30 days before the end of its conclusion it expires, after that day it has expired.
pub fn passings(verification: &Verification) -> Vec<Passing> {
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    let Some(last) = day(&verification.valid_until).filter(|_| verification.status() == Status::Concluded) else {
        return Vec::new();
    };
    let notice = last
        .checked_sub_days(Days::new(NOTICE_DAYS + 1))
        .filter(|notice| Some(*notice) >= day(&verification.close_date));
    let notice = notice.map(|day| Passing { day, tells: "verification.expiring" });
    notice.into_iter().chain([Passing { day: last, tells: "verification.expired" }]).collect()
}

/// What was asked is changed only while nobody works on it, and the answer is not needed by a day that has passed.
pub fn check(before: Option<&Verification>, after: &Verification, today: &str) -> Result<()> {
    if let Some(before) = before
        && before.status() != Status::Requested
        && asked(before) != asked(after)
    {
        return Err(failure(VerificationFailure::VerificationUnderWay, before));
    }
    let set = before.is_none_or(|before| before.due_date != after.due_date);
    if set && !after.due_date.is_empty() && after.due_date.as_str() < today {
        return Err(Error::invalid("verification.due_date", "must not be in the past"));
    }
    Ok(())
}

/// A verification with nothing but what was asked.
fn asked(verification: &Verification) -> Verification {
    Verification {
        organization: verification.organization.clone(),
        party_name: verification.party_name.clone(),
        country: verification.country.clone(),
        identifiers: verification.identifiers.clone(),
        address: verification.address.clone(),
        website: verification.website.clone(),
        level: verification.level,
        purpose: verification.purpose.clone(),
        questions: verification.questions.clone(),
        due_date: verification.due_date.clone(),
        ..Verification::default()
    }
}

/// An officer works on it.
pub fn assign(verification: &mut Verification) -> Result<()> {
    open(verification)?;
    verification.set_status(Status::Assigned);
    Ok(())
}

/// Another mission works on it, where an officer is to be found anew.
pub fn transfer(verification: &mut Verification, request: &TransferVerificationRequest) -> Result<()> {
    open(verification)?;
    if request.mission == verification.handler {
        return Err(Error::invalid("mission", "must be another one than works on it now"));
    }
    verification.handler.clone_from(&request.mission);
    verification.routing_unverified = false;
    verification.set_status(Status::Requested);
    Ok(())
}

/// What came out, from so many findings.
pub fn conclude(
    verification: &mut Verification,
    request: ConcludeVerificationRequest,
    findings: usize,
    today: &str,
) -> Result<()> {
    open(verification)?;
    if verification.status() != Status::Assigned {
        return Err(failure(VerificationFailure::VerificationNotAssigned, verification));
    }
    let conclusion = request.conclusion();
    let told = |failure: VerificationFailure| {
        Err(self::failure(failure, verification).with("conclusion", conclusion.as_str_name()))
    };
    if conclusion != Conclusion::Unknown && findings == 0 {
        return told(VerificationFailure::VerificationWithoutFindings);
    }
    if conclusion != Conclusion::Unknown && request.valid_until.is_empty() {
        return told(VerificationFailure::VerificationWithoutEnd);
    }
    if !request.valid_until.is_empty() && request.valid_until.as_str() <= today {
        return Err(Error::invalid("valid_until", "must be later than today"));
    }
    verification.set_conclusion(conclusion);
    verification.summary = request.summary;
    verification.valid_until = if conclusion == Conclusion::Unknown { String::new() } else { request.valid_until };
    verification.set_status(Status::Concluded);
    verification.close_date = today.to_owned();
    Ok(())
}

/// Over without a conclusion.
pub fn close(verification: &mut Verification, status: Status, reason: String, today: &str) -> Result<()> {
    open(verification)?;
    verification.set_status(status);
    verification.close_reason = reason;
    verification.close_date = today.to_owned();
    Ok(())
}

fn open(verification: &Verification) -> Result<()> {
    if is_open(verification) {
        return Ok(());
    }
    Err(failure(VerificationFailure::VerificationClosed, verification))
}

fn failure(failure: VerificationFailure, verification: &Verification) -> Error {
    Error::of(failure).with("name", &verification.name).with("status", verification.status().as_str_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-22";

    fn at(status: Status) -> Verification {
        Verification { status: status as i32, handler: "missions/vn-eg-emb".into(), ..Verification::default() }
    }

    fn caution(until: &str) -> ConcludeVerificationRequest {
        ConcludeVerificationRequest {
            conclusion: Conclusion::Caution as i32,
            summary: "Chậm thanh toán".into(),
            valid_until: until.into(),
            ..ConcludeVerificationRequest::default()
        }
    }

    #[test]
    fn a_conclusion_rests_on_findings_and_ends() {
        let refusal = |status, findings, request| {
            conclude(&mut at(status), request, findings, TODAY).expect_err("it is refused").reason().to_owned()
        };
        assert_eq!(refusal(Status::Requested, 1, caution("2027-05-22")), "VERIFICATION_NOT_ASSIGNED");
        assert_eq!(refusal(Status::Assigned, 0, caution("2027-05-22")), "VERIFICATION_WITHOUT_FINDINGS");
        assert_eq!(refusal(Status::Assigned, 1, caution("")), "VERIFICATION_WITHOUT_END");
        assert_eq!(refusal(Status::Assigned, 1, caution(TODAY)), "INVALID_ARGUMENT");
        assert_eq!(refusal(Status::Concluded, 1, caution("2027-05-22")), "VERIFICATION_CLOSED");
        let mut unknown = at(Status::Assigned);
        let request = ConcludeVerificationRequest { conclusion: Conclusion::Unknown as i32, ..caution("") };
        conclude(&mut unknown, request, 0, TODAY).expect("nothing is needed for it");
        assert!(!holds(&unknown, TODAY));
    }

    #[test]
    fn it_holds_from_its_conclusion_to_its_last_day() {
        let mut verification = at(Status::Assigned);
        conclude(&mut verification, caution("2027-05-22"), 1, TODAY).expect("a finding and an end");
        for (day, held) in [("2026-11-21", false), ("2026-11-22", true), ("2027-05-22", true), ("2027-05-23", false)] {
            assert_eq!(holds(&verification, day), held, "{day}");
        }
    }

    #[test]
    fn its_end_is_told_thirty_days_before_and_after() {
        let mut verification = at(Status::Assigned);
        conclude(&mut verification, caution("2027-05-22"), 1, TODAY).expect("a finding and an end");
        let told = |verification: &Verification| {
            passings(verification).iter().map(|it| (it.day.to_string(), it.tells)).collect::<Vec<_>>()
        };
        let expired = |day: &str| (day.to_owned(), "verification.expired");
        assert_eq!(told(&verification), [("2027-04-21".to_owned(), "verification.expiring"), expired("2027-05-22")]);
        let soon = Verification { valid_until: "2026-12-01".into(), ..verification.clone() };
        assert_eq!(told(&soon), [expired("2026-12-01")], "it would expire from its first day");
        assert_eq!(told(&Verification { status: Status::Declined as i32, ..verification }), []);
    }

    #[test]
    fn what_was_asked_stays_once_somebody_works_on_it() {
        let before = at(Status::Assigned);
        let changed = Verification { purpose: "Khác".into(), ..before.clone() };
        assert!(
            check(Some(&before), &changed, TODAY).expect_err("it is").is(VerificationFailure::VerificationUnderWay)
        );
        let concluded = Verification { summary: "Rõ".into(), ..before.clone() };
        assert!(check(Some(&before), &concluded, TODAY).is_ok());
        assert!(check(Some(&at(Status::Requested)), &changed, TODAY).is_ok());
        let late = Verification { due_date: "2026-11-21".into(), ..at(Status::Requested) };
        assert!(check(None, &late, TODAY).is_err());
        assert!(check(Some(&late), &late, TODAY).is_ok(), "it was not when it was set");
        assert!(
            is_overdue(&late, TODAY) && !is_overdue(&Verification { status: Status::Declined as i32, ..late }, TODAY)
        );
    }

    #[test]
    fn another_mission_begins_anew() {
        let to = |mission: &str| TransferVerificationRequest { mission: mission.into(), ..Default::default() };
        let mut verification = at(Status::Assigned);
        assert!(transfer(&mut verification, &to("missions/vn-eg-emb")).is_err());
        transfer(&mut verification, &to("missions/vn-ae-emb")).expect("another one");
        assert_eq!((verification.status(), verification.handler.as_str()), (Status::Requested, "missions/vn-ae-emb"));
        close(&mut verification, Status::Cancelled, "Không cần nữa".into(), TODAY).expect("it is open");
        assert!(transfer(&mut verification, &to("missions/vn-eg-emb")).is_err());
    }
}
