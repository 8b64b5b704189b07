//! Work areas of external relations, under which engagements, cases and reports are found.

use api::registry::v1::work_area_service_server::WorkAreaService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Store, Tx, View};

use crate::reference;

store::entity!(row, "work_area", { parent: String });

/// The work areas.
pub struct WorkAreas {
    store: Store,
}

impl WorkAreas {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for WorkAreas {
    type Message = WorkArea;
    type List = ListWorkAreasRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(area: &WorkArea, row: &mut row::ActiveModel) {
        row.parent = Set(area.parent.clone());
    }

    fn filter(list: &ListWorkAreasRequest, _: &View) -> Condition {
        let parent = Some(&list.parent).filter(|parent| !parent.is_empty());
        Condition::all().add_option(parent.map(|parent| row::Column::Parent.eq(parent)))
    }

    fn search_words(area: &WorkArea) -> Vec<&str> {
        vec![&area.display_name, &area.english_name]
    }

    async fn prepare(tx: &Tx, before: Option<&WorkArea>, after: &mut WorkArea) -> Result<()> {
        if !after.parent.is_empty() && after.parent == after.name {
            return Err(Error::invalid("work_area.parent", "must be another work area"));
        }
        let parents = reference::new([&after.parent], before.map(|area| &area.parent));
        reference::check::<Self>(tx, "work_area.parent", parents).await
    }
}

store::serve!(WorkAreaService for WorkAreas, work_area, work_areas);
