//! The priorities that localities name for a period, because the ministry asks.

mod life;
mod missing;
mod request;

use api::registry::v1::priority_submission::{Holder, Status};
use api::registry::v1::priority_submission_service_server::PrioritySubmissionService;
use api::registry::v1::review_priority_submission_request::Decision;
use api::registry::v1::*;
use api::shared::v1::Audience;
use api::shared::v1::audience::Circle;
use chassis::caller::{Caller, Role};
use chassis::error::Result;
use chrono::NaiveDate;
use store::calendar::Passing;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Act, Asc, Order, Reply, Scope, Store, Tx, View, mention, party};
use tonic::{Request, Response};

use crate::country::Countries;
use crate::locality::{Units, ended};
use crate::reporting_period::check_open;
use crate::theme::Themes;
use crate::work_area::WorkAreas;
use crate::{reference, visible};

store::entity!(row, "priority_submission", { locality: String, period: String, status: i32, due_date: String });

use row::Column;

/// How many that wait for review are named at most.
const NAMED_MAX: u64 = 20;

/// The submissions.
pub struct PrioritySubmissions {
    store: Store,
}

impl PrioritySubmissions {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for PrioritySubmissions {
    type Message = PrioritySubmission;
    type List = ListPrioritySubmissionsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(submission: &PrioritySubmission, row: &mut row::ActiveModel) {
        row.locality = Set(submission.locality.clone());
        row.period = Set(submission.period.clone());
        row.status = Set(submission.status);
        row.due_date = Set(submission.due_date.clone());
    }

    fn filter(list: &ListPrioritySubmissionsRequest, view: &View) -> Condition {
        let awaited = [Status::Requested, Status::SentBack].map(|status| status as i32);
        let overdue =
            Condition::all().add(Column::Status.is_in(awaited)).add(Column::DueDate.lt(view.today.to_string()));
        let names = |name: &str| mention::of::<PrioritySubmission>(Column::Id, name);
        Condition::all()
            .add_option((!list.period.is_empty()).then(|| Column::Period.eq(list.period.as_str())))
            .add_option((list.status != 0).then(|| Column::Status.eq(list.status)))
            .add_option(list.overdue.then_some(overdue))
            .add_option(names(&list.locality))
            .add_option(names(&list.sector))
            .add_option(names(&list.theme))
    }

    fn search_words(submission: &PrioritySubmission) -> Vec<&str> {
        submission.priorities.iter().flat_map(|it| [it.text.as_str(), &it.needs]).collect()
    }

    fn order() -> Order {
        Order::by(Column::DueDate, Asc)
    }

    async fn prepare(tx: &Tx, before: Option<&PrioritySubmission>, after: &mut PrioritySubmission) -> Result<()> {
        // Told on reading only: what is kept must not depend on when it was written.
        (after.overdue, after.answering) = (false, Vec::new());
        let retiring = after.retire_time.is_some() && before.is_some_and(|before| before.retire_time.is_none());
        let moved = before.is_some_and(|it| it.status != after.status || it.due_date != after.due_date);
        if retiring || moved {
            check_open(tx, &after.period).await?;
        }
        let themes = reference::new(themes(after), before.into_iter().flat_map(themes));
        reference::check::<Themes>(tx, "priorities.theme", themes).await?;
        let areas = reference::new(areas(after), before.into_iter().flat_map(areas));
        reference::check::<WorkAreas>(tx, "priorities.work_areas", areas).await?;
        let countries = reference::new(countries(after), before.into_iter().flat_map(countries));
        reference::check::<Countries>(tx, "priorities.countries", countries).await?;
        party::admit(after, &before.map(parties).unwrap_or_default(), &parties(after));
        Ok(())
    }

    async fn index(tx: &Tx, submission: &PrioritySubmission) -> Result<()> {
        let holders = submission.holders.iter().flat_map(|holder| &holder.localities);
        let sectors = submission.priorities.iter().map(|priority| &priority.sector);
        let named = [&submission.locality, &submission.theme].into_iter().chain(holders).chain(sectors);
        mention::keep(tx, submission, named.chain(themes(submission)).map(String::as_str)).await
    }

    fn calendar(submission: &PrioritySubmission) -> Vec<Passing> {
        let due = Some(submission).filter(|it| life::is_awaited(it.status())).and_then(|it| it.due_date.parse().ok());
        due.map(|day: NaiveDate| Passing { day, tells: "prioritySubmission.overdue" }).into_iter().collect()
    }

    fn view(submission: &mut PrioritySubmission, view: &View) {
        let today = view.today.to_string();
        submission.overdue = life::is_awaited(submission.status()) && submission.due_date < today;
        submission.answering = life::answering(submission, &view.as_of.to_string());
    }

    /// The ministry asks, and takes back what it asked for. What a locality does to its submission, the verbs know.
    fn may_own(caller: &Caller, _: &PrioritySubmission) -> bool {
        [Role::MinistryOfficer, Role::Administrator, Role::Service].into_iter().any(|role| caller.is(role))
    }
}

fn themes(submission: &PrioritySubmission) -> impl Iterator<Item = &String> {
    submission.priorities.iter().map(|priority| &priority.theme)
}

fn areas(submission: &PrioritySubmission) -> impl Iterator<Item = &String> {
    submission.priorities.iter().flat_map(|priority| &priority.work_areas)
}

fn countries(submission: &PrioritySubmission) -> impl Iterator<Item = &String> {
    submission.priorities.iter().flat_map(|priority| &priority.countries)
}

/// Who may read a submission because it names them.
fn parties(submission: &PrioritySubmission) -> Vec<String> {
    let holders = submission.holders.iter().flat_map(|holder| &holder.localities);
    [&submission.requester].into_iter().chain(holders).cloned().collect()
}

/// Who answers for a locality's submission once the locality has ended.
fn holders(units: &Units, locality: &str) -> Vec<Holder> {
    let holder = |(valid_from, localities)| Holder { valid_from, localities };
    units.after(locality).into_iter().map(holder).collect()
}

/// A submission that is not accepted yet goes over to the units into which its locality went: from their first day on they
/// answer for it, and they may read it at once, so that nobody has to be asked again. Where the locality was divided, any of
/// them may submit. It stays the submission of the locality that was asked; what was accepted stays that locality's word.
pub async fn hand_over(tx: &Tx, steps: &[LineageStep]) -> Result<()> {
    let units = Units::load(tx).await?;
    for gone in ended(tx, steps).await? {
        let select = row::Entity::find()
            .filter(Condition::all().add_option(mention::of::<PrioritySubmission>(Column::Id, &gone.unit)))
            .filter(Column::Status.ne(Status::Accepted as i32));
        for name in names(tx, select, u64::MAX).await? {
            let before = store::load::<PrioritySubmissions>(tx, &Scope::everything(), &name).await?;
            let after = PrioritySubmission { holders: holders(&units, &before.locality), ..before.clone() };
            store::save::<PrioritySubmissions>(tx, "prioritySubmission.handedOver", before, after).await?;
        }
    }
    Ok(())
}

/// The submissions for a period that wait for review; some of them, if there are many.
pub async fn waiting(tx: &Tx, period: &str) -> Result<Vec<String>> {
    let select = row::Entity::find().filter(Column::Period.eq(period));
    names(tx, select.filter(Column::Status.eq(Status::Submitted as i32)), NAMED_MAX).await
}

async fn names(tx: &Tx, select: store::sea_orm::Select<row::Entity>, limit: u64) -> Result<Vec<String>> {
    let select = select.select_only().column(Column::Id).filter(Column::RetiredAt.is_null()).order_by_asc(Column::Id);
    let select = if limit == u64::MAX { select } else { select.limit(limit) };
    let ids: Vec<String> = select.into_tuple().all(tx).await.map_err(store::database)?;
    Ok(ids.into_iter().map(|id| format!("prioritySubmissions/{id}")).collect())
}

fn review(submission: &mut PrioritySubmission, request: ReviewPrioritySubmissionRequest, act: &Act<'_>) -> Result<()> {
    let (decision, audience) = (request.decision(), request.audience.clone());
    life::review(submission, request, act)?;
    if decision == Decision::Accept {
        let parties = parties(submission);
        let mut audience = audience.unwrap_or(Audience { circle: 0, organizations: parties.clone() });
        if audience.circle() == Circle::Unspecified {
            audience.set_circle(Circle::Government);
        }
        submission.audience = Some(audience);
        party::admit(submission, &[], &parties);
    }
    Ok(())
}

impl PrioritySubmissions {
    /// All submissions for a period that the caller of a request may see; there is one a locality at most.
    async fn of_period<T>(
        &self,
        request: Request<T>,
        period: String,
    ) -> Result<Vec<PrioritySubmission>, tonic::Status> {
        let (metadata, extensions, _) = request.into_parts();
        let list = ListPrioritySubmissionsRequest { period, page_size: 1000, ..Default::default() };
        let listed = store::list::<Self>(&self.store, Request::from_parts(metadata, extensions, list)).await?;
        Ok(listed.into_inner().priority_submissions)
    }
}

#[tonic::async_trait]
impl PrioritySubmissionService for PrioritySubmissions {
    async fn get_priority_submission(
        &self,
        request: Request<GetPrioritySubmissionRequest>,
    ) -> Reply<PrioritySubmission> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_priority_submissions(
        &self,
        request: Request<ListPrioritySubmissionsRequest>,
    ) -> Reply<ListPrioritySubmissionsResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn retire_priority_submission(
        &self,
        request: Request<RetirePrioritySubmissionRequest>,
    ) -> Reply<PrioritySubmission> {
        store::retire::<Self>(&self.store, request).await
    }

    async fn request_priority_submissions(
        &self,
        request: Request<RequestPrioritySubmissionsRequest>,
    ) -> Reply<RequestPrioritySubmissionsResponse> {
        let asked = request.get_ref().clone();
        let done = self.store.write(&request, async move |tx: Tx| request::request(&tx, asked).await);
        Ok(Response::new(done.await?))
    }

    async fn submit_priorities(&self, request: Request<SubmitPrioritiesRequest>) -> Reply<PrioritySubmission> {
        store::apply::<Self, _>(&self.store, request, life::submit).await
    }

    async fn review_priority_submission(
        &self,
        request: Request<ReviewPrioritySubmissionRequest>,
    ) -> Reply<PrioritySubmission> {
        store::apply::<Self, _>(&self.store, request, review).await
    }

    async fn postpone_priority_submission(
        &self,
        request: Request<PostponePrioritySubmissionRequest>,
    ) -> Reply<PrioritySubmission> {
        store::apply::<Self, _>(&self.store, request, life::postpone).await
    }

    async fn list_missing_submissions(
        &self,
        request: Request<ListMissingSubmissionsRequest>,
    ) -> Reply<ListMissingSubmissionsResponse> {
        let ListMissingSubmissionsRequest { period, as_of } = request.get_ref().clone();
        let day = visible::view(&self.store, &as_of)?.as_of;
        let submissions = self.of_period(request, period).await?;
        Ok(Response::new(missing::missing(&submissions, day)))
    }

    async fn remind_priority_submissions(
        &self,
        request: Request<RemindPrioritySubmissionsRequest>,
    ) -> Reply<RemindPrioritySubmissionsResponse> {
        let asked = request.get_ref().clone();
        let done = self.store.write(&request, async move |tx: Tx| request::remind(&tx, asked).await);
        Ok(Response::new(done.await?))
    }
}
