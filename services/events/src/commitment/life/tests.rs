use chassis::caller::Caller;
use prost_types::Timestamp;

use super::*;

const PROVINCE: &str = "localities/quang-ninh";
const MISSION: &str = "missions/vn-in-emb";

fn person(subject: &str, organization: &str, role: Role) -> Caller {
    Caller { subject: subject.into(), organization: organization.into(), roles: vec![role], ..Caller::default() }
}

fn an() -> Caller {
    person("an", PROVINCE, Role::LocalityOfficer)
}

fn minh() -> Caller {
    person("minh", MISSION, Role::MissionOfficer)
}

fn act(by: &Caller) -> Act<'_> {
    Act { by, at: Timestamp { seconds: 1_796_000_000, nanos: 0 }, today: day("2026-12-01").unwrap() }
}

/// Recorded by the mission for the province to deliver.
fn commitment() -> Commitment {
    Commitment {
        name: "commitments/1".into(),
        owner: PROVINCE.into(),
        recorder: MISSION.into(),
        due_date: "2026-12-22".into(),
        status: Status::Open.into(),
        ..Commitment::default()
    }
}

fn minutes() -> Evidence {
    Evidence { description: "Biên bản bàn giao".into(), ..Evidence::default() }
}

fn asking(due_date: &str) -> RequestCommitmentExtensionRequest {
    RequestCommitmentExtensionRequest {
        due_date: due_date.into(),
        reason: "Chờ giấy phép".into(),
        ..Default::default()
    }
}

fn deciding(decision: Decision) -> DecideCommitmentExtensionRequest {
    DecideCommitmentExtensionRequest { decision: decision.into(), reason: "Hợp lý".into(), ..Default::default() }
}

fn reason<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.expect_err("a refusal").reason().to_owned()
}

#[test]
fn overdue_is_told_by_the_clock_and_the_status_alone() {
    for (status, due, today, overdue) in [
        (Status::Open, "2026-12-22", "2026-12-22", false),
        (Status::Open, "2026-12-22", "2026-12-23", true),
        (Status::Fulfilled, "2026-12-22", "2026-12-23", false),
        (Status::Cancelled, "2026-12-22", "2026-12-23", false),
    ] {
        let commitment = Commitment { due_date: due.into(), status: status.into(), ..commitment() };
        assert_eq!(is_overdue(&commitment, day(today).unwrap()), overdue, "{status:?} {today}");
    }
}

#[test]
fn nothing_is_fulfilled_without_evidence() {
    let mut open = commitment();
    assert_eq!(reason(fulfil(&mut open, FulfilCommitmentRequest::default(), &act(&an()))), "EVIDENCE_MISSING");
    assert_eq!(open, commitment());
    let shown = FulfilCommitmentRequest { evidence: vec![minutes()], note: "Xong".into(), ..Default::default() };
    fulfil(&mut open, shown, &act(&an())).unwrap();
    assert_eq!((open.status(), open.evidence.len(), open.close_reason.as_str()), (Status::Fulfilled, 1, "Xong"));
}

#[test]
fn evidence_shown_with_the_progress_counts() {
    let mut open = commitment();
    let progress =
        ReportCommitmentProgressRequest { note: "Đã ký".into(), evidence: vec![minutes()], ..Default::default() };
    report(&mut open, progress, &act(&an())).unwrap();
    fulfil(&mut open, FulfilCommitmentRequest::default(), &act(&an())).unwrap();
    assert_eq!((open.status(), open.progress.len()), (Status::Fulfilled, 1));
}

#[test]
fn only_who_has_to_deliver_says_that_it_was_delivered() {
    let mut open = commitment();
    let shown = FulfilCommitmentRequest { evidence: vec![minutes()], ..Default::default() };
    assert_eq!(reason(fulfil(&mut open, shown, &act(&minh()))), "PERMISSION_DENIED");
    assert_eq!(reason(request_extension(&mut open, asking("2027-01-31"), &act(&minh()))), "PERMISSION_DENIED");
    cancel(&mut open, CancelCommitmentRequest::default(), &act(&minh())).unwrap();
    assert_eq!(open.status(), Status::Cancelled);
}

#[test]
fn what_is_closed_stays_closed() {
    for status in [Status::Fulfilled, Status::Cancelled] {
        let closed = || Commitment { status: status.into(), ..commitment() };
        let (an, minh) = (an(), minh());
        let refusals = [
            reason(fulfil(&mut closed(), FulfilCommitmentRequest::default(), &act(&an))),
            reason(cancel(&mut closed(), CancelCommitmentRequest::default(), &act(&an))),
            reason(report(&mut closed(), ReportCommitmentProgressRequest::default(), &act(&an))),
            reason(request_extension(&mut closed(), asking("2027-01-31"), &act(&an))),
            reason(decide_extension(&mut closed(), deciding(Decision::Granted), &act(&minh))),
        ];
        assert!(refusals.iter().all(|reason| reason == "COMMITMENT_NOT_OPEN"), "{status:?}: {refusals:?}");
    }
}

#[test]
fn an_extension_moves_the_due_date_only_when_another_person_grants_it() {
    let mut open = commitment();
    request_extension(&mut open, asking("2027-01-31"), &act(&an())).unwrap();
    assert_eq!(open.due_date, "2026-12-22");
    assert_eq!(reason(request_extension(&mut open, asking("2027-02-28"), &act(&an()))), "EXTENSION_PENDING");
    let colleague = person("bình", PROVINCE, Role::LocalityOfficer);
    assert_eq!(reason(decide_extension(&mut open, deciding(Decision::Granted), &act(&colleague))), "PERMISSION_DENIED");
    decide_extension(&mut open, deciding(Decision::Granted), &act(&minh())).unwrap();
    assert_eq!((open.due_date.as_str(), open.extensions.len()), ("2027-01-31", 1));
    assert_eq!(
        (open.extensions[0].from_due_date.as_str(), open.extensions[0].decided_by.as_str()),
        ("2026-12-22", "minh")
    );
    assert_eq!(reason(decide_extension(&mut open, deciding(Decision::Granted), &act(&minh()))), "NO_EXTENSION_PENDING");
}

#[test]
fn nobody_decides_on_what_they_asked_for_themselves() {
    let mut own = Commitment { owner: MISSION.into(), ..commitment() };
    request_extension(&mut own, asking("2027-01-31"), &act(&minh())).unwrap();
    assert_eq!(reason(decide_extension(&mut own, deciding(Decision::Granted), &act(&minh()))), "SAME_PERSON_DECIDES");
    let ambassador = person("lan", MISSION, Role::MissionOfficer);
    decide_extension(&mut own, deciding(Decision::Rejected), &act(&ambassador)).unwrap();
    assert_eq!(own.due_date, "2026-12-22");
    request_extension(&mut own, asking("2027-02-28"), &act(&minh())).unwrap();
    let ministry = person("hà", "agencies/g08", Role::MinistryOfficer);
    decide_extension(&mut own, deciding(Decision::Granted), &act(&ministry)).unwrap();
    assert_eq!(own.due_date, "2027-02-28");
}

#[test]
fn an_extension_is_to_a_later_day() {
    for due_date in ["2026-12-22", "2026-12-01"] {
        let error = request_extension(&mut commitment(), asking(due_date), &act(&an())).expect_err("no later day");
        assert_eq!(error.violations()[0].field, "due_date");
    }
}

#[test]
fn evidence_is_of_the_past() {
    let piece = |date: &str| Evidence { date: date.into(), ..minutes() };
    let shown = |evidence| FulfilCommitmentRequest { evidence, ..Default::default() };
    let evidence = vec![piece("2026-12-01"), piece(""), piece("2026-12-02")];
    let error = fulfil(&mut commitment(), shown(evidence), &act(&an())).expect_err("a day that has not come");
    assert_eq!(error.violations()[0].field, "evidence[2].date");
    fulfil(&mut commitment(), shown(vec![piece("2026-12-01")]), &act(&an())).unwrap();
}
