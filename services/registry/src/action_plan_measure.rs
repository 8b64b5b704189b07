//! What directives and action programmes set as tasks, one by one.

use api::registry::v1::action_plan_measure_service_server::ActionPlanMeasureService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Asc, Order, Store, Tx, View};

use crate::child::{self, child, position};
use crate::directive::Directives;
use crate::naming::named;
use crate::period::last_day;
use crate::reference;
use crate::theme::Themes;

store::entity!(row, "action_plan_measure", { directive: String, parent: String, ordinal: i32, due: String });
child!(body_row, "action_plan_measure_body", { body: String });

/// How deep groups of tasks may lie in each other.
const DEPTH_MAX: usize = 10;

/// The measures.
pub struct ActionPlanMeasures {
    store: Store,
}

impl ActionPlanMeasures {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for ActionPlanMeasures {
    type Message = ActionPlanMeasure;
    type List = ListActionPlanMeasuresRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(measure: &ActionPlanMeasure, row: &mut row::ActiveModel) {
        row.directive = Set(measure.directive.clone());
        row.parent = Set(measure.parent.clone());
        row.ordinal = Set(measure.ordinal);
        // What goes on throughout is due at no day.
        row.due = Set(last_day(&measure.due_date));
    }

    fn filter(list: &ListActionPlanMeasuresRequest, _: &View) -> Condition {
        use row::Column;
        let mut wanted = Condition::all();
        if !list.directive.is_empty() {
            wanted = wanted.add(Column::Directive.eq(named("directives", &list.directive)));
        }
        if !list.parent.is_empty() {
            wanted = wanted.add(Column::Parent.eq(list.parent.as_str()));
        }
        if !list.body.is_empty() {
            let of = body_row::Entity::find()
                .select_only()
                .column(body_row::Column::Parent)
                .filter(body_row::Column::Body.eq(list.body.as_str()));
            wanted = wanted.add(Column::Id.in_subquery(of.into_query()));
        }
        if !list.due_to.is_empty() {
            wanted = wanted.add(Column::Due.lte(list.due_to.as_str()));
        }
        wanted
    }

    fn search_words(measure: &ActionPlanMeasure) -> Vec<&str> {
        let ActionPlanMeasure { number, title, english_title, text, .. } = measure;
        let mut words = vec![number.as_str(), title, english_title, text];
        words.extend(number.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty()));
        words
    }

    fn order() -> Order {
        Order::by(row::Column::Directive, Asc).then(row::Column::Parent, Asc).then(row::Column::Ordinal, Asc)
    }

    async fn prepare(tx: &Tx, before: Option<&ActionPlanMeasure>, after: &mut ActionPlanMeasure) -> Result<()> {
        let directive = reference::new([&after.directive], before.map(|before| &before.directive));
        reference::check::<Directives>(tx, "action_plan_measure.directive", directive).await?;
        let themes = reference::new(&after.themes, before.into_iter().flat_map(|before| &before.themes));
        reference::check::<Themes>(tx, "action_plan_measure.themes", themes).await?;
        let lead = before.map_or("", |before| &before.lead_body);
        reference::check_body(tx, "action_plan_measure.lead_body", &after.lead_body, lead).await?;
        let known = before.into_iter().flat_map(|before| &before.supporting_bodies);
        for body in reference::new(&after.supporting_bodies, known) {
            reference::check_body(tx, "action_plan_measure.supporting_bodies", &body, "").await?;
        }
        match before.is_some_and(|before| before.parent == after.parent) {
            true => Ok(()),
            false => check_parent(tx, after).await,
        }
    }

    async fn index(tx: &Tx, measure: &ActionPlanMeasure) -> Result<()> {
        let id = api::Resource::id(measure);
        let bodies = std::iter::once(&measure.lead_body).chain(&measure.supporting_bodies);
        let bodies = bodies.filter(|body| !body.is_empty()).enumerate().map(|(at, body)| body_row::Model {
            parent: id.to_owned(),
            position: position(at),
            body: body.clone(),
        });
        child::replace::<body_row::Entity>(tx, id, bodies.collect()).await.map_err(store::database)
    }
}

/// The group is of the same document, and neither the measure itself nor a part of it.
async fn check_parent(tx: &Tx, measure: &ActionPlanMeasure) -> Result<()> {
    let broken = |why: &str| {
        let failure = Error::of(ActionPlanMeasureFailure::MeasureParentBroken);
        Err(failure.with("parent", &measure.parent).with("why", why))
    };
    let mut above = measure.parent.clone();
    for _ in 0..DEPTH_MAX {
        if above.is_empty() {
            return Ok(());
        }
        if above == measure.name {
            return broken("it is the measure itself, or a part of it");
        }
        store::require::<ActionPlanMeasures>(tx, "action_plan_measure.parent", &above).await?;
        let group = store::load::<ActionPlanMeasures>(tx, &tx.scope(), &above).await?;
        if group.directive != measure.directive {
            return broken("it is of another document");
        }
        above = group.parent;
    }
    broken("groups lie too deep in each other")
}

store::serve!(ActionPlanMeasureService for ActionPlanMeasures, action_plan_measure, action_plan_measures);
