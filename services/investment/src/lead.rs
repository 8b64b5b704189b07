//! Investors' interest, and how far it has come.

use std::time::SystemTime;

use api::investment::v1::lead::Stage;
use api::investment::v1::lead_service_server::LeadService;
use api::investment::v1::*;
use api::shared::v1::audience::Circle;
use chassis::context::Context;
use chassis::error::{Error, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;
use store::register::{References, Within};
use store::{Desc, Order, Reply, Scope, Store, Tx, View, mention, party};
use tonic::{Request, Response};

use crate::money::range_fault;
use crate::opportunity::Opportunities;
use crate::stage;

store::entity!(row, "lead", {
    country: String,
    mission: String,
    engagement: String,
    stage: i32,
});

use row::Column;

/// Serves them.
pub struct Leads {
    pub store: Store,
}

impl store::Resource for Leads {
    type Message = Lead;
    type List = ListLeadsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(message: &Lead, row: &mut row::ActiveModel) {
        row.country = Set(message.country.clone());
        row.mission = Set(message.mission.clone());
        row.engagement = Set(message.engagement.clone());
        row.stage = Set(message.stage);
    }

    fn filter(list: &ListLeadsRequest, _view: &View) -> Condition {
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        Condition::all()
            .add_option(text(Column::Country, &list.country))
            .add_option(text(Column::Mission, &list.mission))
            .add_option(text(Column::Engagement, &list.engagement))
            .add_option((list.stage != 0).then(|| Column::Stage.eq(list.stage)))
            .add_option(mention::of::<Lead>(Column::Id, &list.locality))
            .add_option(mention::of::<Lead>(Column::Id, &list.sector))
    }

    fn search_words(message: &Lead) -> Vec<&str> {
        vec![&message.title, &message.investor_name, &message.interest]
    }

    /// Ids are time-ordered.
    fn order() -> Order {
        Order::by(Column::Id, Desc)
    }

    async fn prepare(tx: &Tx, before: Option<&Lead>, after: &mut Lead) -> Result<()> {
        if before.is_none() {
            after.set_stage(Stage::New);
            after.stage_time = Some(SystemTime::from(tx.now()).into());
        }
        if let Some((field, why)) = range_fault(after.capital_min_musd, after.capital_max_musd) {
            return Err(Error::invalid(format!("lead.{field}"), why));
        }
        complete(after, after.stage(), |field| format!("lead.{field}"))?;
        references(tx, before, after).await?;
        party::admit(after, &before.map(parties).unwrap_or_default(), &parties(after));
        Ok(())
    }

    async fn index(tx: &Tx, message: &Lead) -> Result<()> {
        let names = message.localities.iter().chain(&message.sectors).map(String::as_str);
        mention::keep(tx, message, names).await
    }
}

/// Who may read a lead because it names them.
fn parties(lead: &Lead) -> Vec<String> {
    lead.localities.iter().chain([&lead.mission]).cloned().collect()
}

/// What a lead newly refers to must be there. Engagements are another service's: their form was checked by the contract.
async fn references(tx: &Tx, before: Option<&Lead>, after: &Lead) -> Result<()> {
    let today = Within::instant(tx.today());
    let mut references = References::default();
    if before.map(|lead| &lead.country) != Some(&after.country) {
        references.add("lead.country", &after.country, today);
    }
    if before.map(|lead| &lead.mission) != Some(&after.mission) {
        references.add("lead.mission", &after.mission, today);
    }
    let old = |list: fn(&Lead) -> &Vec<String>, name: &String| before.is_some_and(|before| list(before).contains(name));
    for (index, name) in after.localities.iter().enumerate().filter(|(_, name)| !old(|lead| &lead.localities, name)) {
        references.add(format!("lead.localities[{index}]"), name, today);
    }
    references.check(tx).await?;
    for (index, name) in
        after.opportunities.iter().enumerate().filter(|(_, name)| !old(|lead| &lead.opportunities, name))
    {
        store::require::<Opportunities>(tx, &format!("lead.opportunities[{index}]"), name).await?;
    }
    Ok(())
}

/// Refuses a lead that lacks what a stage needs, with all of it named: by `path`, if it is in the request.
fn complete(lead: &Lead, stage: Stage, path: fn(&str) -> String) -> Result<()> {
    let missing = stage::missing(lead, stage);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing.iter().map(|field| stage::json_name(field)).collect();
    let error = Error::of(LeadFailure::StageIncomplete)
        .with("name", lead.name.clone())
        .with("stage", stage.as_str_name())
        .with("missing", names.join(", "));
    let why = format!("is required of a lead that is {}", stage.as_str_name());
    Err(missing.into_iter().fold(error, |error, field| error.violation(path(field), why.clone())))
}

/// Takes a step, if there is one.
fn step(lead: &mut Lead, request: ChangeLeadStageRequest, tx: &Tx) -> Result<()> {
    let (from, to) = (lead.stage(), request.stage());
    let reachable = stage::reachable(from);
    if !reachable.contains(&to) {
        let names: Vec<&str> = reachable.iter().map(Stage::as_str_name).collect();
        let reachable = if names.is_empty() { "nothing else".to_owned() } else { names.join(" or ") };
        let error = Error::of(LeadFailure::StageNotReachable).with("name", lead.name.clone());
        return Err(error
            .with("from", from.as_str_name())
            .with("stage", to.as_str_name())
            .with("reachable", reachable));
    }
    complete(lead, to, stage::json_name)?;
    lead.set_stage(to);
    lead.stage_reason = request.reason;
    lead.stage_time = Some(SystemTime::from(tx.now()).into());
    Ok(())
}

store::serve!(LeadService for Leads, lead, leads, {
    async fn change_lead_stage(&self, request: Request<ChangeLeadStageRequest>) -> Reply<Lead> {
        let work = async |tx: Tx, request: ChangeLeadStageRequest, mut lead: Lead| {
            step(&mut lead, request, &tx)?;
            Ok(lead)
        };
        store::act::<Self, _, _>(&self.store, request, work).await
    }

    async fn check_lead_stage(&self, request: Request<CheckLeadStageRequest>) -> Reply<CheckLeadStageResponse> {
        let scope = Scope::of(&Context::of(&request).caller);
        let request = request.into_inner();
        let lead = store::load::<Self>(self.store.read(), &scope, &request.name).await?;
        let to = if request.stage() == Stage::Unspecified { stage::next(lead.stage()) } else { request.stage() };
        let missing = stage::missing(&lead, to);
        Ok(Response::new(CheckLeadStageResponse {
            stage: to.into(),
            reachable: stage::reachable(lead.stage()).contains(&to),
            missing_fields: missing.into_iter().map(stage::json_name).collect(),
        }))
    }
});
