//! The ministry asks localities for their priorities, and reminds those whose are missing.

use std::collections::BTreeSet;
use std::time::SystemTime;

use api::registry::v1::{
    PrioritySubmission, PrioritySubmissionFailure, RemindPrioritySubmissionsRequest, RemindPrioritySubmissionsResponse,
    RequestPrioritySubmissionsRequest, RequestPrioritySubmissionsResponse,
};
use chassis::error::{Error, Result};
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Act, Resource, Scope, Tx};

use super::{PrioritySubmissions, holders, life, row};
use crate::locality::{Localities, Units, life_of};
use crate::reporting_period::{check_open, days};
use crate::theme::Themes;

/// Makes a submission for each locality that has none for the period and does not answer for one that has.
pub async fn request(
    tx: &Tx,
    request: RequestPrioritySubmissionsRequest,
) -> Result<RequestPrioritySubmissionsResponse> {
    if days(&request.period).is_none() {
        return Err(Error::invalid("period", "must be a year, a half-year or a quarter"));
    }
    life::not_past("due_date", &request.due_date, tx.today())?;
    check_open(tx, &request.period).await?;
    store::require::<Themes>(tx, "theme", &request.theme).await?;
    let (today, units) = (tx.today().to_string(), Units::load(tx).await?);
    let asked = localities(tx, &request, &units, &today).await?;
    for locality in &asked {
        // Of two requests at a time, the second one finds what the first one made.
        life_of(tx, locality).await?;
    }
    let mut answer = RequestPrioritySubmissionsResponse::default();
    let mut answered = BTreeSet::new();
    for submission in of_period(tx, &request.period).await? {
        let answering: BTreeSet<String> = life::answering(&submission, &today).into_iter().collect();
        if !answering.is_disjoint(&asked) {
            answer.existing.push(submission);
        }
        answered.extend(answering);
    }
    for locality in asked.difference(&answered) {
        answer.requested.push(ask(tx, &request, locality, &units).await?);
    }
    for submission in answer.requested.iter_mut().chain(&mut answer.existing) {
        PrioritySubmissions::view(submission, &tx.view());
    }
    Ok(answer)
}

/// The localities that are named, each of which exists today; all that do, if none is named.
async fn localities(
    tx: &Tx,
    request: &RequestPrioritySubmissionsRequest,
    units: &Units,
    today: &str,
) -> Result<BTreeSet<String>> {
    let existing: BTreeSet<String> = units.on(today).into_iter().collect();
    if request.localities.is_empty() {
        return Ok(existing);
    }
    for (at, name) in request.localities.iter().enumerate() {
        store::require::<Localities>(tx, &format!("localities[{at}]"), name).await?;
        if !existing.contains(name) {
            let standing: Vec<String> = units.standing_for(name, today).into_iter().collect();
            let error = Error::of(PrioritySubmissionFailure::SubmissionLocalityEnded).with("locality", name);
            let ended = units.last_day(name).unwrap_or_default();
            return Err(error.with("ended", ended).with("successors", standing.join(", ")));
        }
    }
    Ok(request.localities.iter().cloned().collect())
}

async fn ask(
    tx: &Tx,
    request: &RequestPrioritySubmissionsRequest,
    locality: &str,
    units: &Units,
) -> Result<PrioritySubmission> {
    let mut submission = PrioritySubmission {
        period: request.period.clone(),
        locality: locality.to_owned(),
        due_date: request.due_date.clone(),
        questions: request.questions.clone(),
        theme: request.theme.clone(),
        note: request.note.clone(),
        requester: tx.caller().organization.clone(),
        holders: holders(units, locality),
        owner: locality.to_owned(),
        ..PrioritySubmission::default()
    };
    let act = Act { by: tx.caller(), at: SystemTime::from(tx.now()).into(), today: tx.today() };
    life::ask(&mut submission, &act);
    store::insert::<PrioritySubmissions>(tx, submission, "").await
}

/// Reminds of everything that is missing for a period today, of each at most once a day.
pub async fn remind(tx: &Tx, request: RemindPrioritySubmissionsRequest) -> Result<RemindPrioritySubmissionsResponse> {
    check_open(tx, &request.period).await?;
    let today = tx.today().to_string();
    let mut answer = RemindPrioritySubmissionsResponse::default();
    for before in of_period(tx, &request.period).await? {
        if !life::is_awaited(before.status()) {
            continue;
        }
        if before.reminder_date == today {
            answer.reminded_before.push(before.name);
            continue;
        }
        let mut after = before.clone();
        after.reminder_count += 1;
        after.reminder_date.clone_from(&today);
        let kept = store::save::<PrioritySubmissions>(tx, &tx.context().change_type, before, after).await?;
        answer.reminded.push(kept.name);
    }
    Ok(answer)
}

/// The submissions for a period, one of each locality, by locality.
async fn of_period(tx: &Tx, period: &str) -> Result<Vec<PrioritySubmission>> {
    let select = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::Period.eq(period))
        .filter(row::Column::RetiredAt.is_null())
        .order_by_asc(row::Column::Locality);
    let ids: Vec<String> = select.into_tuple().all(tx).await.map_err(store::database)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let name = format!("prioritySubmissions/{id}");
        found.push(store::load::<PrioritySubmissions>(tx, &Scope::everything(), &name).await?);
    }
    Ok(found)
}
