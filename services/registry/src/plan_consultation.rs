//! Consultations on plans, strategies and master plans: who is invited to comment, until when, and what came of it.

mod life;
mod summary;

use api::registry::v1::plan_consultation::Status;
use api::registry::v1::plan_consultation_service_server::PlanConsultationService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use chrono::NaiveDate;
use store::calendar::Passing;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Asc, Order, Reply, Scope, Store, Tx, View, mention, party};
use tonic::{Request, Response};

use crate::locality::ended;
use crate::theme::Themes;
use crate::work_area::WorkAreas;
use crate::{plan_comment, reference, visible};

pub use life::{check_open, is_open};

store::entity!(row, "plan_consultation", { plan_kind: i32, stage: i32, status: i32, due_date: String });

use row::Column;

/// The consultations.
pub struct PlanConsultations {
    store: Store,
}

impl PlanConsultations {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for PlanConsultations {
    type Message = PlanConsultation;
    type List = ListPlanConsultationsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(consultation: &PlanConsultation, row: &mut row::ActiveModel) {
        row.plan_kind = Set(consultation.plan_kind);
        row.stage = Set(consultation.stage);
        row.status = Set(consultation.status);
        row.due_date = Set(consultation.due_date.clone());
    }

    fn filter(list: &ListPlanConsultationsRequest, view: &View) -> Condition {
        let overdue = Condition::all()
            .add(Column::Status.eq(Status::Open as i32))
            .add(Column::DueDate.lt(view.today.to_string()));
        let number = |column: Column, value: i32| (value != 0).then(|| column.eq(value));
        let names = |name: &str| mention::of::<PlanConsultation>(Column::Id, name);
        Condition::all()
            .add_option((!list.owner.is_empty()).then(|| Column::Owner.eq(list.owner.as_str())))
            .add_option(number(Column::PlanKind, list.plan_kind))
            .add_option(number(Column::Stage, list.stage))
            .add_option(number(Column::Status, list.status))
            .add_option(list.overdue.then_some(overdue))
            .add_option(names(&list.invited))
            .add_option(names(&list.theme))
            .add_option(names(&list.work_area))
    }

    fn search_words(consultation: &PlanConsultation) -> Vec<&str> {
        vec![&consultation.title, &consultation.description]
    }

    fn order() -> Order {
        Order::by(Column::DueDate, Asc)
    }

    async fn prepare(tx: &Tx, before: Option<&PlanConsultation>, after: &mut PlanConsultation) -> Result<()> {
        // Told on reading only: what is kept must not depend on when it was written.
        after.overdue = false;
        match before {
            None => after.set_status(Status::Open),
            Some(before) => life::change(before, after)?,
        }
        if before.is_none_or(|before| before.due_date != after.due_date) {
            life::not_past("plan_consultation.due_date", &after.due_date, tx.today())?;
        }
        if let Some(at) = after.invited.iter().position(|body| *body == after.owner) {
            return Err(Error::invalid(
                format!("plan_consultation.invited[{at}]"),
                "must be another body than the owner",
            ));
        }
        let known = before.map_or(&[] as &[String], |before| &before.invited);
        for (at, body) in after.invited.iter().enumerate().filter(|(_, body)| !known.contains(body)) {
            reference::check_body(tx, &format!("plan_consultation.invited[{at}]"), body, "").await?;
        }
        let themes = reference::new(&after.themes, before.into_iter().flat_map(|before| &before.themes));
        reference::check::<Themes>(tx, "plan_consultation.themes", themes).await?;
        let areas = reference::new(&after.work_areas, before.into_iter().flat_map(|before| &before.work_areas));
        reference::check::<WorkAreas>(tx, "plan_consultation.work_areas", areas).await?;
        let invited = after.invited.clone();
        party::admit(after, known, &invited);
        Ok(())
    }

    async fn index(tx: &Tx, consultation: &PlanConsultation) -> Result<()> {
        let named = consultation.invited.iter().chain(&consultation.themes).chain(&consultation.work_areas);
        mention::keep(tx, consultation, named.map(String::as_str)).await
    }

    fn calendar(consultation: &PlanConsultation) -> Vec<Passing> {
        let due = Some(consultation).filter(|it| is_open(it)).and_then(|it| it.due_date.parse().ok());
        due.map(|day: NaiveDate| Passing { day, tells: "planConsultation.due" }).into_iter().collect()
    }

    fn view(consultation: &mut PlanConsultation, view: &View) {
        consultation.overdue = is_open(consultation) && consultation.due_date < view.today.to_string();
    }
}

/// An open consultation to which a unit that ends was invited, invites the units into which it went as well: what the old
/// unit said stays its comment, and they answer from then on. A consultation of the unit itself goes over to its successor
/// with all its comments; where the unit was divided, it stays with the old unit, for the ministry to give away.
pub async fn hand_over(tx: &Tx, steps: &[LineageStep]) -> Result<()> {
    for gone in ended(tx, steps).await? {
        let concerned =
            Condition::any()
                .add(Column::Owner.eq(gone.unit.as_str()))
                .add_option(mention::of::<PlanConsultation>(Column::Id, &gone.unit));
        let select = row::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(concerned)
            .filter(Column::Status.eq(Status::Open as i32))
            .filter(Column::RetiredAt.is_null())
            .order_by_asc(Column::Id);
        let ids: Vec<String> = select.into_tuple().all(tx).await.map_err(store::database)?;
        for id in ids {
            let name = format!("planConsultations/{id}");
            let before = store::load::<PlanConsultations>(tx, &Scope::everything(), &name).await?;
            let after = life::over(&before, &gone.unit, &gone.successors);
            plan_comment::hand_over(tx, &before, &after).await?;
            store::save::<PlanConsultations>(tx, "planConsultation.handedOver", before, after).await?;
        }
    }
    Ok(())
}

async fn close(
    tx: Tx,
    request: ClosePlanConsultationRequest,
    mut consultation: PlanConsultation,
) -> Result<PlanConsultation> {
    check_open(&consultation)?;
    let unanswered = plan_comment::unanswered(&tx, &consultation.name).await?;
    life::all_answered(&consultation, &unanswered)?;
    life::step(&mut consultation, Status::Closed, request.note, &tx)?;
    Ok(consultation)
}

async fn reopen(
    tx: Tx,
    request: ReopenPlanConsultationRequest,
    mut consultation: PlanConsultation,
) -> Result<PlanConsultation> {
    if is_open(&consultation) {
        let error = Error::of(PlanConsultationFailure::ConsultationNotClosed);
        return Err(error.with("name", consultation.name));
    }
    life::not_past("due_date", &request.due_date, tx.today())?;
    consultation.due_date = request.due_date;
    life::step(&mut consultation, Status::Open, request.reason, &tx)?;
    Ok(consultation)
}

store::serve!(PlanConsultationService for PlanConsultations, plan_consultation, plan_consultations, {
    async fn close_plan_consultation(
        &self,
        request: Request<ClosePlanConsultationRequest>,
    ) -> Reply<PlanConsultation> {
        store::act::<Self, _, _>(&self.store, request, close).await
    }

    async fn reopen_plan_consultation(
        &self,
        request: Request<ReopenPlanConsultationRequest>,
    ) -> Reply<PlanConsultation> {
        store::act::<Self, _, _>(&self.store, request, reopen).await
    }

    async fn summarize_plan_consultation(
        &self,
        request: Request<SummarizePlanConsultationRequest>,
    ) -> Reply<SummarizePlanConsultationResponse> {
        let scope = visible::scope(&request);
        let consultation = store::load::<Self>(self.store.read(), &scope, &request.get_ref().name).await?;
        let tallies = plan_comment::tallies(self.store.read(), &consultation.name).await?;
        Ok(Response::new(summary::of(&consultation.invited, &tallies)))
    }
});
