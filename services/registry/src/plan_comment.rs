//! Comments on plans, and how they were answered.

use std::time::SystemTime;

use api::Resource as _;
use api::registry::v1::plan_comment::Decision;
use api::registry::v1::plan_comment_service_server::PlanCommentService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::caller::Role;
use chassis::error::{Error, Result};
use store::sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use store::{Asc, Order, Reply, Scope, Store, Tx, View, party};
use tonic::{Request, Response};

use crate::plan_consultation::{PlanConsultations, check_open};

store::entity!(row, "plan_comment", { plan_consultation: String, decision: i32, late: bool });

use row::Column;

/// How many unanswered comments are looked at when a consultation is to be closed.
const UNANSWERED_MAX: u64 = 1000;

/// The comments.
pub struct PlanComments {
    store: Store,
}

impl PlanComments {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

/// How many comments of one body were answered in one way.
#[derive(Debug)]
pub struct Tally {
    pub owner: String,
    pub decision: i32,
    pub late: bool,
    pub number: i64,
}

impl store::Resource for PlanComments {
    type Message = PlanComment;
    type List = ListPlanCommentsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(comment: &PlanComment, row: &mut row::ActiveModel) {
        row.plan_consultation = Set(comment.plan_consultation.clone());
        row.decision = Set(comment.decision);
        row.late = Set(comment.late);
    }

    fn filter(list: &ListPlanCommentsRequest, _: &View) -> Condition {
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        Condition::all()
            .add_option(text(Column::PlanConsultation, &list.plan_consultation))
            .add_option(text(Column::Owner, &list.owner))
            .add_option((list.decision != 0).then(|| Column::Decision.eq(list.decision)))
    }

    fn search_words(comment: &PlanComment) -> Vec<&str> {
        vec![&comment.section, &comment.text, &comment.proposed_wording]
    }

    fn order() -> Order {
        Order::by(Column::CreatedAt, Asc)
    }

    async fn prepare(tx: &Tx, before: Option<&PlanComment>, after: &mut PlanComment) -> Result<()> {
        let Some(before) = before else { return Ok(()) };
        let written = |field: &&str| ["section", "text", "proposed_wording"].contains(field);
        let rewritten = after.fields_changed(before).iter().any(written);
        let retiring = after.retire_time.is_some() && before.retire_time.is_none();
        if (rewritten || retiring) && before.decision() != Decision::Unanswered {
            let error = Error::of(PlanConsultationFailure::ConsultationCommentAnswered);
            return Err(error.with("name", &before.name));
        }
        if rewritten || retiring || after.decision != before.decision {
            let of = &after.plan_consultation;
            check_open(&store::load::<PlanConsultations>(tx, &Scope::everything(), of).await?)?;
        }
        Ok(())
    }
}

/// The comments on a consultation that wait for an answer, the earliest first.
pub async fn unanswered(tx: &Tx, consultation: &str) -> Result<Vec<String>> {
    let select = row::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::PlanConsultation.eq(consultation))
        .filter(Column::Decision.eq(Decision::Unanswered as i32))
        .filter(Column::RetiredAt.is_null())
        .order_by_asc(Column::Id)
        .limit(UNANSWERED_MAX);
    let ids: Vec<String> = select.into_tuple().all(tx).await.map_err(store::database)?;
    Ok(ids.into_iter().map(|id| format!("planComments/{id}")).collect())
}

/// The comments on a consultation, counted. Bodies are told apart; what they said is not told.
pub async fn tallies(from: &impl ConnectionTrait, consultation: &str) -> Result<Vec<Tally>> {
    let counted: Vec<(String, i32, bool, i64)> = row::Entity::find()
        .select_only()
        .column(Column::Owner)
        .column(Column::Decision)
        .column(Column::Late)
        .column_as(Column::Id.count(), "number")
        .filter(Column::PlanConsultation.eq(consultation))
        .filter(Column::RetiredAt.is_null())
        .group_by(Column::Owner)
        .group_by(Column::Decision)
        .group_by(Column::Late)
        .into_tuple()
        .all(from)
        .await
        .map_err(store::database)?;
    let tally = |(owner, decision, late, number)| Tally { owner, decision, late, number };
    Ok(counted.into_iter().map(tally).collect())
}

/// The comments of a consultation that has another owner now: whoever owns it, reads them.
pub async fn hand_over(tx: &Tx, before: &PlanConsultation, after: &PlanConsultation) -> Result<()> {
    if before.owner == after.owner {
        return Ok(());
    }
    let select = row::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::PlanConsultation.eq(before.name.as_str()))
        .filter(Column::RetiredAt.is_null())
        .order_by_asc(Column::Id);
    let ids: Vec<String> = select.into_tuple().all(tx).await.map_err(store::database)?;
    for id in ids {
        let name = format!("planComments/{id}");
        let comment = store::load::<PlanComments>(tx, &Scope::everything(), &name).await?;
        let mut given = comment.clone();
        party::admit(&mut given, std::slice::from_ref(&before.owner), std::slice::from_ref(&after.owner));
        store::save::<PlanComments>(tx, "planComment.handedOver", comment, given).await?;
    }
    Ok(())
}

/// A comment by the caller's body, which was invited. The consultation is kept from other writes meanwhile, so that it is not
/// closed over it.
async fn add(tx: &Tx, request: AddPlanCommentRequest) -> Result<PlanComment> {
    let name = &request.plan_consultation;
    let consultation = store::load_for::<PlanConsultations>(tx, name, |_, _| true).await?;
    let by = tx.caller();
    if !consultation.invited.contains(&by.organization) {
        let error = Error::of(PlanConsultationFailure::ConsultationNotInvited).with("name", name);
        return Err(error.with("organization", &by.organization));
    }
    check_open(&consultation)?;
    let mut comment = PlanComment {
        plan_consultation: consultation.name.clone(),
        section: request.section,
        text: request.text,
        proposed_wording: request.proposed_wording,
        late: consultation.due_date < tx.today().to_string(),
        written_by: by.subject.clone(),
        owner: by.organization.clone(),
        ..PlanComment::default()
    };
    comment.set_decision(Decision::Unanswered);
    party::admit(&mut comment, &[], std::slice::from_ref(&consultation.owner));
    store::insert::<PlanComments>(tx, comment, "").await
}

/// Answered by the owner of the consultation.
async fn respond(tx: Tx, request: RespondToPlanCommentRequest, mut comment: PlanComment) -> Result<PlanComment> {
    let consultation = store::load_for::<PlanConsultations>(&tx, &comment.plan_consultation, |_, _| true).await?;
    let by = tx.caller();
    if by.organization != consultation.owner && !by.is(Role::Administrator) {
        return Err(Error::permission_denied(format!(
            "{} answers comments on {}",
            consultation.owner, consultation.name
        )));
    }
    check_open(&consultation)?;
    if request.reason.is_empty() && request.decision() != Decision::Accepted {
        return Err(Error::invalid("reason", "is required unless the comment is accepted"));
    }
    comment.decision = request.decision;
    comment.reason = request.reason;
    comment.answered_by = by.subject.clone();
    comment.answering_organization = by.organization.clone();
    comment.answer_time = Some(SystemTime::from(tx.now()).into());
    Ok(comment)
}

#[tonic::async_trait]
impl PlanCommentService for PlanComments {
    async fn get_plan_comment(&self, request: Request<GetPlanCommentRequest>) -> Reply<PlanComment> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_plan_comments(&self, request: Request<ListPlanCommentsRequest>) -> Reply<ListPlanCommentsResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn update_plan_comment(&self, request: Request<UpdatePlanCommentRequest>) -> Reply<PlanComment> {
        store::update::<Self>(&self.store, request).await
    }

    async fn retire_plan_comment(&self, request: Request<RetirePlanCommentRequest>) -> Reply<PlanComment> {
        store::retire::<Self>(&self.store, request).await
    }

    async fn add_plan_comment(&self, request: Request<AddPlanCommentRequest>) -> Reply<PlanComment> {
        let asked = request.get_ref().clone();
        let done = self.store.write(&request, async move |tx: Tx| add(&tx, asked).await);
        Ok(Response::new(done.await?))
    }

    async fn respond_to_plan_comment(&self, request: Request<RespondToPlanCommentRequest>) -> Reply<PlanComment> {
        store::act_for::<Self, _, _>(&self.store, request, |_, _| true, respond).await
    }
}
