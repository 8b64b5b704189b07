use std::sync::LazyLock;

use super::*;
use chassis::caller::Caller;

const TODAY: &str = "2026-11-22";

fn act() -> Act<'static> {
    static BY: LazyLock<Caller> = LazyLock::new(|| Caller {
        organization: "localities/quang-ninh".into(),
        roles: vec![Role::LocalityOfficer],
        ..Caller::default()
    });
    Act { by: &BY, at: Default::default(), today: TODAY.parse().expect("a day") }
}

fn zone(steps: &[(Stage, &str)]) -> BorderZone {
    let step = |(stage, date): &(Stage, &str)| BorderZoneStep {
        stage: *stage as i32,
        date: (*date).into(),
        ..BorderZoneStep::default()
    };
    BorderZone {
        name: "borderZones/mong-cai".into(),
        localities: vec![BorderZoneLocality { locality: "localities/quang-ninh".into(), ..Default::default() }],
        steps: steps.iter().map(step).collect(),
        ..BorderZone::default()
    }
}

fn to(stage: Stage) -> AdvanceBorderZoneStageRequest {
    AdvanceBorderZoneStageRequest { stage: stage as i32, reason: "Đủ điều kiện".into(), ..Default::default() }
}

#[test]
fn stages_come_one_after_the_other() {
    let mut zone = zone(&[(Stage::Proposed, "2020")]);
    for stage in [Stage::Agreed, Stage::Operating, Stage::Proposed] {
        let refused = advance(&mut zone, to(stage), &act()).expect_err("not the next one");
        assert!(refused.is(BorderZoneFailure::BorderZoneStageSkipped), "{refused}");
        assert_eq!(refused.metadata()["next"], "STUDY");
    }
    for stage in [Stage::Study, Stage::Agreed, Stage::Building, Stage::Operating] {
        advance(&mut zone, to(stage), &act()).expect("the next one");
        assert_eq!(super::stage(&zone), stage);
        assert_eq!(check(&zone, TODAY), Ok(()));
    }
    assert!(advance(&mut zone, to(Stage::Operating), &act()).is_err());
    assert_eq!(stage_on(&zone, "2019-12-31"), Stage::Unspecified);
    assert_eq!(stage_on(&zone, "2026-11-21"), Stage::Proposed);
}

#[test]
fn open_milestones_hold_a_stage_back_and_say_which_they_are() {
    let mut zone = zone(&[(Stage::Study, "2024")]);
    let milestone = |title: &str, stage: Stage| AddBorderZoneMilestoneRequest {
        title: title.into(),
        stage: stage as i32,
        due_date: "2026-06-30".into(),
        ..Default::default()
    };
    for (title, stage) in [("Đề án", Stage::Unspecified), ("Nền đường", Stage::Building), ("Khảo sát", Stage::Study)]
    {
        add_milestone(&mut zone, milestone(title, stage), &act()).expect("a stage to come");
    }
    let passed =
        add_milestone(&mut zone, milestone("Ý tưởng", Stage::Proposed), &act()).expect_err("a stage that passed");
    assert!(passed.is(BorderZoneFailure::BorderZoneStagePassed));
    let refused = advance(&mut zone, to(Stage::Agreed), &act()).expect_err("two are open");
    assert_eq!(refused.metadata()["missing"], "1 Đề án; 3 Khảo sát");
    assert!(zone.milestones.iter().all(|milestone| is_overdue(milestone, TODAY)));
    let done =
        CompleteBorderZoneMilestoneRequest { number: 1, evidence: "Quyết định".into(), ..Default::default() };
    complete_milestone(&mut zone, done.clone(), &act()).expect("it is open");
    let again = complete_milestone(&mut zone, done, &act()).expect_err("it is done");
    assert!(again.is(BorderZoneFailure::BorderZoneMilestoneNotOpen));
    let dropped = DropBorderZoneMilestoneRequest { number: 3, reason: "Không cần".into(), ..Default::default() };
    drop_milestone(&mut zone, dropped, &act()).expect("it is open");
    let unknown = DropBorderZoneMilestoneRequest { number: 9, ..Default::default() };
    assert!(
        drop_milestone(&mut zone, unknown, &act()).expect_err("none").is(BorderZoneFailure::BorderZoneMilestoneUnknown)
    );
    advance(&mut zone, to(Stage::Agreed), &act()).expect("nothing is missing");
    assert_eq!(next_due(&zone), "2026-06-30", "that of a later stage");
}

#[test]
fn what_is_suspended_goes_on_where_it_was() {
    let mut zone = zone(&[(Stage::Building, "2024-05")]);
    let why =
        || SuspendBorderZoneRequest { reason: "Dịch bệnh".into(), date: "2025-01-01".into(), ..Default::default() };
    suspend(&mut zone, why(), &act()).expect("it runs");
    assert!(suspend(&mut zone, why(), &act()).expect_err("it is").is(BorderZoneFailure::BorderZoneNotRunning));
    assert!(
        advance(&mut zone, to(Stage::Operating), &act())
            .expect_err("it is")
            .is(BorderZoneFailure::BorderZoneNotRunning)
    );
    let again = || ResumeBorderZoneRequest { reason: "Mở lại".into(), ..Default::default() };
    resume(&mut zone, again(), &act()).expect("it is suspended");
    assert_eq!(stage(&zone), Stage::Building);
    assert!(resume(&mut zone, again(), &act()).expect_err("it runs").is(BorderZoneFailure::BorderZoneNotSuspended));
    assert_eq!(check(&zone, TODAY), Ok(()));
    assert_eq!(stage_on(&zone, "2025-06-01"), Stage::Suspended);
    close(&mut zone, CloseBorderZoneRequest { reason: "Hết hạn".into(), ..Default::default() }, &act())
        .expect("it runs");
    assert!(close(&mut zone, CloseBorderZoneRequest::default(), &act()).is_err());
    assert_eq!(check(&zone, TODAY), Ok(()));
}

#[test]
fn histories_that_contradict_themselves_are_told() {
    for (steps, good) in [
        (&[(Stage::Operating, "")][..], true),
        (&[(Stage::Proposed, "2010"), (Stage::Agreed, "2010-05"), (Stage::Operating, "2012")], true),
        (&[(Stage::Building, "2010"), (Stage::Suspended, "2012"), (Stage::Building, "2014")], true),
        (&[(Stage::Building, "2010"), (Stage::Suspended, "2012"), (Stage::Study, "2014")], false),
        (&[(Stage::Building, "2010"), (Stage::Study, "2012")], false),
        (&[(Stage::Building, "2010"), (Stage::Building, "2012")], false),
        (&[(Stage::Closed, "2010"), (Stage::Building, "2012")], false),
        (&[(Stage::Study, "2010"), (Stage::Building, "2009")], false),
        (&[(Stage::Study, "2027")], false),
    ] {
        let zone = zone(steps);
        assert_eq!(check(&zone, TODAY).is_ok(), good, "{steps:?}: {:?}", check(&zone, TODAY));
    }
}

#[test]
fn only_those_concerned_change_it() {
    let mut zone = zone(&[(Stage::Proposed, "2020")]);
    for (organization, role, may) in [
        ("localities/lang-son", Role::LocalityOfficer, false),
        ("agencies/g08", Role::MinistryOfficer, true),
        ("localities/quang-ninh", Role::LocalityOfficer, true),
    ] {
        let by = Caller { organization: organization.into(), roles: vec![role], ..Caller::default() };
        let request = AddBorderZoneMilestoneRequest { title: "Đề án".into(), ..Default::default() };
        assert_eq!(add_milestone(&mut zone, request, &Act { by: &by, ..act() }).is_ok(), may, "{organization}");
    }
}
