//! Roles of Viet Nam in international bodies.

mod stage;

use api::registry::v1::multilateral_role_service_server::MultilateralRoleService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::fold::fold;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Desc, Order, Store, Tx, View};

use self::stage::{Stage, check, steps};
use crate::mission::Missions;
use crate::reference;

store::entity!(row, "multilateral_role", {
    body: String,
    first: String,
    candidate: String,
    decided: String,
    serving: String,
    last: String,
    refused: bool,
});

/// The roles.
pub struct MultilateralRoles {
    store: Store,
}

impl MultilateralRoles {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for MultilateralRoles {
    type Message = MultilateralRole;
    type List = ListMultilateralRolesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(role: &MultilateralRole, row: &mut row::ActiveModel) {
        let steps = steps(role);
        row.body = Set(fold(&role.body));
        row.first = Set(steps.first().to_owned());
        row.candidate = Set(steps.candidate);
        row.decided = Set(steps.decided);
        row.serving = Set(steps.serving);
        row.last = Set(steps.last);
        row.refused = Set(steps.refused);
    }

    fn filter(list: &ListMultilateralRolesRequest, view: &View) -> Condition {
        let stage = match (list.stage(), list.as_of.is_empty()) {
            (Stage::Unspecified, true) => None,
            (Stage::Unspecified, false) => Some(Stage::Serving),
            (stage, _) => Some(stage),
        };
        let body = (!list.body.is_empty()).then(|| row::Column::Body.eq(fold(&list.body)));
        Condition::all().add_option(stage.map(|stage| reached(stage, &view.as_of.to_string()))).add_option(body)
    }

    fn search_words(role: &MultilateralRole) -> Vec<&str> {
        vec![&role.display_name, &role.english_name, &role.body, &role.body_display_name, &role.role]
    }

    fn order() -> Order {
        Order::by(row::Column::First, Desc)
    }

    async fn prepare(tx: &Tx, before: Option<&MultilateralRole>, after: &mut MultilateralRole) -> Result<()> {
        check(after).map_err(|why| Error::of(MultilateralRoleFailure::RoleDatesBroken).with("why", why))?;
        let missions = reference::new([&after.mission], before.map(|role| &role.mission));
        reference::check::<Missions>(tx, "multilateral_role.mission", missions).await
    }

    fn view(role: &mut MultilateralRole, view: &View) {
        role.stage = steps(role).on(&view.as_of.to_string()) as i32;
    }
}

/// The condition for what [`stage::Steps::on`] tells.
fn reached(stage: Stage, day: &str) -> Condition {
    use row::Column;
    let all = Condition::all();
    let ahead = |all: Condition, column: Column| all.add(column.gt(day));
    match stage {
        Stage::Unspecified => all,
        Stage::Serving => all.add(Column::Serving.lte(day)).add(Column::Last.gte(day)),
        Stage::Completed => all.add(Column::Serving.lte(day)).add(Column::Last.lt(day)),
        Stage::NotChosen => ahead(all, Column::Serving).add(Column::Decided.lte(day)).add(Column::Refused.eq(true)),
        Stage::Chosen => ahead(all, Column::Serving).add(Column::Decided.lte(day)).add(Column::Refused.eq(false)),
        Stage::Candidate => ahead(ahead(all, Column::Serving), Column::Decided).add(Column::Candidate.lte(day)),
        Stage::NotBegun => ahead(ahead(ahead(all, Column::Serving), Column::Decided), Column::Candidate),
    }
}

store::serve!(MultilateralRoleService for MultilateralRoles, multilateral_role, multilateral_roles);
