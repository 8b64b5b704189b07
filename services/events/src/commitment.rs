//! What was promised on an engagement, and what became of it.

mod life;

use api::events::v1::commitment::Status;
use api::events::v1::commitment_service_server::CommitmentService;
use api::events::v1::*;
use api::shared::v1::audience::Circle;
use chassis::caller::{Caller, Role};
use chassis::error::{Error, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;
use store::calendar::Passing;
use store::register::{References, Within, span};
use store::{Asc, Order, Reply, Store, Tx, View, party};
use tonic::Request;

use crate::date::day;
use crate::engagement::{Engagements, is_organization};

store::entity!(row, "commitment", {
    engagement: String,
    country: String,
    status: i32,
    due_date: String,
});

use row::Column;

/// Serves them.
pub struct Commitments {
    pub store: Store,
}

impl store::Resource for Commitments {
    type Message = Commitment;
    type List = ListCommitmentsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(message: &Commitment, row: &mut row::ActiveModel) {
        row.engagement = Set(message.engagement.clone());
        row.country = Set(message.country.clone());
        row.status = Set(message.status);
        row.due_date = Set(message.due_date.clone());
    }

    fn filter(list: &ListCommitmentsRequest, view: &View) -> Condition {
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        let today = view.today.to_string();
        let overdue = Condition::all().add(Column::Status.eq(Status::Open as i32)).add(Column::DueDate.lt(today));
        Condition::all()
            .add_option(text(Column::Engagement, &list.engagement))
            .add_option(text(Column::Owner, &list.owner))
            .add_option(text(Column::Country, &list.country))
            .add_option((list.status != 0).then(|| Column::Status.eq(list.status)))
            .add_option(list.overdue.then_some(overdue))
            .add_option((!list.due_from.is_empty()).then(|| Column::DueDate.gte(list.due_from.as_str())))
            .add_option((!list.due_to.is_empty()).then(|| Column::DueDate.lte(list.due_to.as_str())))
    }

    fn search_words(message: &Commitment) -> Vec<&str> {
        vec![&message.title, &message.description, &message.partner]
    }

    fn order() -> Order {
        Order::by(Column::DueDate, Asc)
    }

    async fn prepare(tx: &Tx, before: Option<&Commitment>, after: &mut Commitment) -> Result<()> {
        // Told on reading only: what is kept must not depend on when it was written.
        after.overdue = false;
        if !is_organization(&after.beneficiary) {
            let why = "must be an agency, a mission, a locality or an organization";
            return Err(Error::invalid("commitment.beneficiary", why));
        }
        if before.is_none() {
            after.set_status(Status::Open);
            after.original_due_date.clone_from(&after.due_date);
            after.recorder.clone_from(&tx.caller().organization);
            on_its_engagement(tx, after).await?;
        }
        references(tx, before, after).check(tx).await?;
        party::admit(after, &before.map(parties).unwrap_or_default(), &parties(after));
        Ok(())
    }

    fn calendar(commitment: &Commitment) -> Vec<Passing> {
        let due = Some(commitment).filter(|commitment| commitment.status() == Status::Open);
        let due = due.and_then(|commitment| day(&commitment.due_date));
        due.map(|day| Passing { day, tells: "commitment.overdue" }).into_iter().collect()
    }

    fn view(message: &mut Commitment, view: &View) {
        message.overdue = life::is_overdue(message, view.today);
    }

    /// Missions and the ministry record what others have to deliver; afterwards it is theirs who have to deliver it.
    fn may_own(caller: &Caller, message: &Commitment) -> bool {
        let for_others = caller.is(Role::MissionOfficer) || caller.is(Role::MinistryOfficer);
        let own = message.owner == caller.organization;
        let recording = message.name.is_empty() && for_others;
        own || recording || caller.is(Role::Administrator) || caller.is(Role::Service)
    }
}

/// Who may read a commitment because it names them.
fn parties(commitment: &Commitment) -> Vec<String> {
    let named = [&commitment.recorder, &commitment.beneficiary];
    named.into_iter().filter(|name| !name.is_empty()).cloned().collect()
}

/// The engagement is there for whoever records the commitment, and did not begin after the due date.
async fn on_its_engagement(tx: &Tx, commitment: &Commitment) -> Result<()> {
    store::require::<Engagements>(tx, "commitment.engagement", &commitment.engagement).await?;
    let engagement = store::load::<Engagements>(tx, &tx.scope(), &commitment.engagement).await?;
    let begins = span(&engagement.start_date).map(|(first, _)| first);
    match (begins, day(&commitment.due_date)) {
        (Some(begins), Some(due)) if due < begins => {
            let why = format!("must not be before the engagement, which begins on {begins}");
            Err(Error::invalid("commitment.due_date", why))
        }
        _ => Ok(()),
    }
}

/// What a commitment newly refers to must be there today.
fn references(tx: &Tx, before: Option<&Commitment>, after: &Commitment) -> References {
    let mut references = References::default();
    let mut newly = |field: &str, of: fn(&Commitment) -> &String| {
        if before.map(of) != Some(of(after)) {
            references.add(field, of(after), Within::instant(tx.today()));
        }
    };
    newly("commitment.owner", |commitment| &commitment.owner);
    newly("commitment.beneficiary", |commitment| &commitment.beneficiary);
    newly("commitment.country", |commitment| &commitment.country);
    references
}

store::serve!(CommitmentService for Commitments, commitment, commitments, {
    async fn fulfil_commitment(&self, request: Request<FulfilCommitmentRequest>) -> Reply<Commitment> {
        store::apply::<Self, _>(&self.store, request, life::fulfil).await
    }

    async fn report_commitment_progress(
        &self,
        request: Request<ReportCommitmentProgressRequest>,
    ) -> Reply<Commitment> {
        store::apply::<Self, _>(&self.store, request, life::report).await
    }

    async fn cancel_commitment(&self, request: Request<CancelCommitmentRequest>) -> Reply<Commitment> {
        store::apply::<Self, _>(&self.store, request, life::cancel).await
    }

    async fn request_commitment_extension(
        &self,
        request: Request<RequestCommitmentExtensionRequest>,
    ) -> Reply<Commitment> {
        store::apply::<Self, _>(&self.store, request, life::request_extension).await
    }

    async fn decide_commitment_extension(
        &self,
        request: Request<DecideCommitmentExtensionRequest>,
    ) -> Reply<Commitment> {
        store::apply::<Self, _>(&self.store, request, life::decide_extension).await
    }
});
