//! How a border zone comes about, stage by stage. Pure: the day is given.

use std::collections::BTreeMap;

use api::registry::v1::border_zone::Stage;
use api::registry::v1::border_zone_milestone::Status;
use api::registry::v1::{
    AddBorderZoneMilestoneRequest, AdvanceBorderZoneStageRequest, BorderZone, BorderZoneFailure, BorderZoneLocality,
    BorderZoneMilestone, BorderZoneStep, CloseBorderZoneRequest, CompleteBorderZoneMilestoneRequest,
    DropBorderZoneMilestoneRequest, ResumeBorderZoneRequest, SuspendBorderZoneRequest,
};
use chassis::caller::Role;
use chassis::error::{Error, Result};
use store::Act;

use crate::child::position;
use crate::period::{END, Span, first_day};

/// The most milestones and the most beginnings of stages that one zone keeps of each.
const KEPT_MAX: usize = 200;

/// The stage that comes after this one; none at the end, and for what is suspended or closed.
pub fn next(stage: Stage) -> Stage {
    match stage {
        Stage::Proposed => Stage::Study,
        Stage::Study => Stage::Agreed,
        Stage::Agreed => Stage::Building,
        Stage::Building => Stage::Operating,
        Stage::Operating | Stage::Suspended | Stage::Closed | Stage::Unspecified => Stage::Unspecified,
    }
}

/// Its stage today: no step lies in the future.
pub fn stage(zone: &BorderZone) -> Stage {
    zone.steps.last().map_or(Stage::Unspecified, BorderZoneStep::stage)
}

/// Its stage on a day; none before it was proposed.
pub fn stage_on(zone: &BorderZone, day: &str) -> Stage {
    let begun = zone.steps.iter().rev().find(|step| first_day(&step.date).as_str() <= day);
    begun.map_or(Stage::Unspecified, BorderZoneStep::stage)
}

/// Whether a milestone is open and its due date has passed.
pub fn is_overdue(milestone: &BorderZoneMilestone, today: &str) -> bool {
    milestone.status() == Status::Open && milestone.due_date.as_str() < today
}

/// The earliest day on which an open milestone is due.
pub fn next_due(zone: &BorderZone) -> String {
    let open = zone.milestones.iter().filter(|milestone| milestone.status() == Status::Open);
    open.map(|milestone| milestone.due_date.clone()).min().unwrap_or_else(|| END.to_owned())
}

/// The open milestones that hold it back: those of its stage, and of stages before.
pub fn missing(zone: &BorderZone) -> impl Iterator<Item = &BorderZoneMilestone> {
    let at = stage(zone) as i32;
    zone.milestones.iter().filter(move |milestone| milestone.status() == Status::Open && milestone.stage <= at)
}

/// Says what is wrong with its dates and the order of its stages.
pub fn check(zone: &BorderZone, today: &str) -> Result<(), String> {
    let mut spans: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for it in &zone.localities {
        let span = Span::of(&it.valid_from, &it.valid_to);
        if span.is_broken() {
            return Err(format!("it lies in {} until {}, before {}", it.locality, it.valid_to, it.valid_from));
        }
        let known = spans.entry(it.locality.as_str()).or_default();
        if known.iter().any(|other| other.overlaps(&span)) {
            return Err(format!("it lies in {} twice at the same time", it.locality));
        }
        known.push(span);
    }
    if let Some(step) = zone.steps.iter().find(|step| first_day(&step.date).as_str() > today && !step.date.is_empty()) {
        return Err(format!("{} begins in the future, on {}", step.stage().as_str_name(), step.date));
    }
    let mut reached = Stage::Unspecified;
    for pair in zone.steps.windows(2) {
        let (earlier, later) = (&pair[0], &pair[1]);
        let names = (earlier.stage().as_str_name(), later.stage().as_str_name());
        if Span::of(&later.date, &later.date).to < first_day(&earlier.date) {
            return Err(format!("{} begins before {}", names.1, names.0));
        }
        if earlier.stage() != Stage::Suspended {
            reached = earlier.stage();
        }
        if reached == Stage::Closed || (later.stage() as i32) < reached as i32 || earlier.stage == later.stage {
            return Err(format!("{} cannot follow on {}", names.1, names.0));
        }
    }
    Ok(())
}

/// To the next stage.
pub fn advance(zone: &mut BorderZone, request: AdvanceBorderZoneStageRequest, act: &Act<'_>) -> Result<()> {
    may_change(zone, act)?;
    running(zone)?;
    let (at, wanted) = (stage(zone), request.stage());
    if next(at) != wanted {
        let failure = failure(BorderZoneFailure::BorderZoneStageSkipped, zone).with("stage", at.as_str_name());
        let following = match next(at) {
            Stage::Unspecified => "none",
            following => following.as_str_name(),
        };
        return Err(failure.with("next", following));
    }
    let missing: Vec<String> =
        missing(zone).map(|milestone| format!("{} {}", milestone.number, milestone.title)).collect();
    if !missing.is_empty() {
        let failure = failure(BorderZoneFailure::BorderZoneMilestonesOpen, zone).with("stage", at.as_str_name());
        return Err(failure.with("missing", missing.join("; ")));
    }
    begin(zone, wanted, (request.date, request.reason, request.document), act)
}

/// Not going on for the time being.
pub fn suspend(zone: &mut BorderZone, request: SuspendBorderZoneRequest, act: &Act<'_>) -> Result<()> {
    may_change(zone, act)?;
    running(zone)?;
    begin(zone, Stage::Suspended, (request.date, request.reason, request.document), act)
}

/// Going on where it was suspended.
pub fn resume(zone: &mut BorderZone, request: ResumeBorderZoneRequest, act: &Act<'_>) -> Result<()> {
    may_change(zone, act)?;
    if stage(zone) != Stage::Suspended {
        let failure = failure(BorderZoneFailure::BorderZoneNotSuspended, zone);
        return Err(failure.with("stage", stage(zone).as_str_name()));
    }
    let before = zone.steps.iter().rev().map(BorderZoneStep::stage).find(|stage| *stage != Stage::Suspended);
    let Some(before) = before else {
        let failure = failure(BorderZoneFailure::BorderZoneDatesBroken, zone);
        return Err(failure.with("why", "nothing is known of it from before it was suspended"));
    };
    begin(zone, before, (request.date, request.reason, request.document), act)
}

/// Over, also for what is suspended.
pub fn close(zone: &mut BorderZone, request: CloseBorderZoneRequest, act: &Act<'_>) -> Result<()> {
    may_change(zone, act)?;
    if stage(zone) != Stage::Suspended {
        running(zone)?;
    }
    begin(zone, Stage::Closed, (request.date, request.reason, request.document), act)
}

/// A stage begins, on a day that has come and not before the last one. (date, reason, document)
fn begin(zone: &mut BorderZone, stage: Stage, said: (String, String, String), act: &Act<'_>) -> Result<()> {
    let (date, reason, document) = said;
    let date = day_or_today(date, act)?;
    full(zone.steps.len(), "name")?;
    zone.steps.push(BorderZoneStep { stage: stage as i32, date, reason, document });
    Ok(())
}

/// Something to be reached.
pub fn add_milestone(zone: &mut BorderZone, request: AddBorderZoneMilestoneRequest, act: &Act<'_>) -> Result<()> {
    may_change(zone, act)?;
    running(zone)?;
    let at = stage(zone);
    let wanted = if request.stage() == Stage::Unspecified { at } else { request.stage() };
    if (wanted as i32) < at as i32 {
        let failure = failure(BorderZoneFailure::BorderZoneStagePassed, zone);
        return Err(failure.with("stage", wanted.as_str_name()));
    }
    full(zone.milestones.len(), "title")?;
    zone.milestones.push(BorderZoneMilestone {
        number: position(zone.milestones.len() + 1),
        title: request.title,
        stage: wanted as i32,
        due_date: request.due_date,
        status: Status::Open as i32,
        ..BorderZoneMilestone::default()
    });
    Ok(())
}

/// Something was reached.
pub fn complete_milestone(
    zone: &mut BorderZone,
    request: CompleteBorderZoneMilestoneRequest,
    act: &Act<'_>,
) -> Result<()> {
    may_change(zone, act)?;
    let date = day_or_today(request.date, act)?;
    let milestone = open_milestone(zone, request.number)?;
    milestone.set_status(Status::Done);
    milestone.close_date = date;
    milestone.note = request.evidence;
    milestone.url = request.url;
    Ok(())
}

/// Something is given up.
pub fn drop_milestone(zone: &mut BorderZone, request: DropBorderZoneMilestoneRequest, act: &Act<'_>) -> Result<()> {
    may_change(zone, act)?;
    let milestone = open_milestone(zone, request.number)?;
    milestone.set_status(Status::Dropped);
    milestone.close_date = act.today.to_string();
    milestone.note = request.reason;
    Ok(())
}

fn open_milestone(zone: &mut BorderZone, number: i32) -> Result<&mut BorderZoneMilestone> {
    let told =
        |failure: BorderZoneFailure, zone: &BorderZone| self::failure(failure, zone).with("number", number.to_string());
    let Some(at) = zone.milestones.iter().position(|milestone| milestone.number == number) else {
        return Err(told(BorderZoneFailure::BorderZoneMilestoneUnknown, zone));
    };
    let status = zone.milestones[at].status();
    if status != Status::Open {
        let failure = told(BorderZoneFailure::BorderZoneMilestoneNotOpen, zone);
        return Err(failure.with("status", status.as_str_name()));
    }
    Ok(&mut zone.milestones[at])
}

fn running(zone: &BorderZone) -> Result<()> {
    match stage(zone) {
        at @ (Stage::Suspended | Stage::Closed) => {
            Err(failure(BorderZoneFailure::BorderZoneNotRunning, zone).with("stage", at.as_str_name()))
        }
        _ => Ok(()),
    }
}

fn day_or_today(date: String, act: &Act<'_>) -> Result<String> {
    let today = act.today.to_string();
    if date > today {
        return Err(Error::invalid("date", "must not be in the future"));
    }
    Ok(if date.is_empty() { today } else { date })
}

/// The units in which it lies now do so, its owner, and the ministry.
fn may_change(zone: &BorderZone, act: &Act<'_>) -> Result<()> {
    let ministry = act.by.is(Role::MinistryOfficer) || act.by.is(Role::Administrator);
    let (organization, today) = (&act.by.organization, act.today.to_string());
    let lies = |it: &BorderZoneLocality| {
        it.locality == *organization && Span::of(&it.valid_from, &it.valid_to).contains(&today)
    };
    if ministry || zone.owner == *organization || zone.localities.iter().any(lies) {
        return Ok(());
    }
    Err(Error::permission_denied(format!("{} answers for {}", zone.owner, zone.name)))
}

fn full(kept: usize, field: &str) -> Result<()> {
    if kept < KEPT_MAX {
        return Ok(());
    }
    Err(Error::invalid(field, format!("the border zone has {KEPT_MAX} of these already, and takes no more")))
}

fn failure(failure: BorderZoneFailure, zone: &BorderZone) -> Error {
    Error::of(failure).with("name", &zone.name)
}

#[cfg(test)]
#[path = "life_test.rs"]
mod tests;
