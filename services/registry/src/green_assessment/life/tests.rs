//! Every way that an assessment can go, and those that it cannot.

use chassis::caller::Caller;
use chrono::NaiveDate;

use super::*;

fn caller(organization: &str) -> Caller {
    Caller { subject: "somebody".into(), organization: organization.into(), ..Caller::default() }
}

fn assessment(status: Status) -> GreenAssessment {
    GreenAssessment {
        name: "greenAssessments/1".into(),
        owner: "organizations/acme".into(),
        certifier: "agencies/g15".into(),
        status: status as i32,
        ..GreenAssessment::default()
    }
}

fn standard() -> GreenStandard {
    GreenStandard {
        name: "greenStandards/1".into(),
        valid_from: "2026-01-01".into(),
        valid_to: "2026-12-31".into(),
        ..GreenStandard::default()
    }
}

fn certificate(valid_until: &str) -> CertifyGreenAssessmentRequest {
    CertifyGreenAssessmentRequest {
        certificate_number: " 01/CN ".into(),
        valid_until: valid_until.into(),
        ..CertifyGreenAssessmentRequest::default()
    }
}

/// The reason, as it is on the wire.
fn reason(result: Result<()>) -> String {
    result.err().map(|error| error.reason().to_owned()).unwrap_or_default()
}

const TODAY: &str = "2026-06-01";

fn act<'a>(by: &'a Caller, today: &str) -> Act<'a> {
    Act { by, at: Default::default(), today: today.parse::<NaiveDate>().expect("a day") }
}

fn sent_back() -> SendBackGreenAssessmentRequest {
    SendBackGreenAssessmentRequest { reason: "Thiếu".into(), ..Default::default() }
}

fn rejected() -> RejectGreenAssessmentRequest {
    RejectGreenAssessmentRequest { reason: "Sai".into(), ..Default::default() }
}

fn revoked() -> RevokeGreenAssessmentRequest {
    RevokeGreenAssessmentRequest { reason: "Gian dối".into(), ..Default::default() }
}

#[test]
fn only_the_owner_submits_and_only_the_certifier_decides() {
    for (organization, submits, decides) in [
        ("organizations/acme", "", "PERMISSION_DENIED"),
        ("agencies/g15", "PERMISSION_DENIED", ""),
        ("agencies/g08", "PERMISSION_DENIED", "PERMISSION_DENIED"),
        ("", "PERMISSION_DENIED", "PERMISSION_DENIED"),
    ] {
        let by = caller(organization);
        let now = act(&by, TODAY);
        assert_eq!(reason(submit(&mut assessment(Status::Draft), &standard(), &now)), submits, "{organization}");
        let asked = || assessment(Status::Submitted);
        assert_eq!(reason(send_back(&mut asked(), sent_back(), &now)), decides, "{organization}");
        assert_eq!(reason(reject(&mut asked(), rejected(), &now)), decides, "{organization}");
        assert_eq!(reason(certify(&mut asked(), certificate("2028-05-31"), &now)), decides, "{organization}");
        assert_eq!(reason(revoke(&mut assessment(Status::Certified), revoked(), &now)), decides);
    }
}

#[test]
fn each_step_starts_from_its_own_state() {
    use Status::*;
    let (owner, certifier) = (caller("organizations/acme"), caller("agencies/g15"));
    let by_owner = act(&owner, TODAY);
    let by_certifier = act(&certifier, TODAY);
    for (status, submits, decides, revokes) in [
        (Draft, "", "GREEN_ASSESSMENT_NOT_SUBMITTED", "GREEN_ASSESSMENT_NOT_CERTIFIED"),
        (Submitted, "GREEN_ASSESSMENT_NOT_OPEN", "", "GREEN_ASSESSMENT_NOT_CERTIFIED"),
        (SentBack, "", "GREEN_ASSESSMENT_NOT_SUBMITTED", "GREEN_ASSESSMENT_NOT_CERTIFIED"),
        (Certified, "GREEN_ASSESSMENT_NOT_OPEN", "GREEN_ASSESSMENT_NOT_SUBMITTED", ""),
        (Rejected, "GREEN_ASSESSMENT_NOT_OPEN", "GREEN_ASSESSMENT_NOT_SUBMITTED", "GREEN_ASSESSMENT_NOT_CERTIFIED"),
        (Revoked, "GREEN_ASSESSMENT_NOT_OPEN", "GREEN_ASSESSMENT_NOT_SUBMITTED", "GREEN_ASSESSMENT_NOT_CERTIFIED"),
    ] {
        assert_eq!(reason(submit(&mut assessment(status), &standard(), &by_owner)), submits, "{status:?}");
        assert_eq!(reason(reject(&mut assessment(status), rejected(), &by_certifier)), decides, "{status:?}");
        let certified = certify(&mut assessment(status), certificate("2028-05-31"), &by_certifier);
        assert_eq!(reason(certified), decides, "{status:?}");
        assert_eq!(reason(revoke(&mut assessment(status), revoked(), &by_certifier)), revokes, "{status:?}");
    }
}

#[test]
fn a_submission_says_all_that_is_missing() {
    let by = caller("organizations/acme");
    let now = act(&by, "2027-01-01");
    let mut draft = assessment(Status::Draft);
    draft.certifier.clear();
    let unscored =
        GreenShortfall { kind: Kind::ScoreMissing as i32, criterion: "AT.01".into(), ..GreenShortfall::default() };
    draft.shortfalls = vec![unscored];
    let error = submit(&mut draft, &standard(), &now).expect_err("three things are missing").to_string();
    for piece in ["certifier", "greenStandards/1 is not valid today", "AT.01 has no score"] {
        assert!(error.contains(piece), "{error}");
    }
    assert_eq!(draft.status(), Status::Draft);
}

#[test]
fn a_certificate_holds_from_its_first_day_to_its_last_or_until_it_is_revoked() {
    let by = caller("agencies/g15");
    let now = act(&by, TODAY);
    for bad in ["2026-05-31", "2020-01-01"] {
        assert_eq!(reason(certify(&mut assessment(Status::Submitted), certificate(bad), &now)), "INVALID_ARGUMENT");
    }
    let mut certified = assessment(Status::Submitted);
    certify(&mut certified, certificate("2028-05-31"), &now).expect("nothing is missing");
    assert_eq!(certified.certificate_number, "01/CN");
    assert_eq!(certified.audience.as_ref().map(|audience| audience.circle()), Some(Circle::Public));
    for (day, valid, expired) in [
        ("2026-05-31", false, false),
        ("2026-06-01", true, false),
        ("2028-05-31", true, false),
        ("2028-06-01", false, true),
    ] {
        assert_eq!((is_valid(&certified, day), is_expired(&certified, day)), (valid, expired), "{day}");
    }
    let later = act(&by, "2027-01-15");
    revoke(&mut certified, revoked(), &later).expect("it is certified");
    for (day, valid) in [("2027-01-14", true), ("2027-01-15", false), ("2028-06-01", false)] {
        assert_eq!((is_valid(&certified, day), is_expired(&certified, day)), (valid, false), "{day}");
    }
    assert!(!is_valid(&assessment(Status::Submitted), TODAY));
}
