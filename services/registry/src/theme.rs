//! Common themes, under which engagements, cases and reports are found.

use api::registry::v1::theme_service_server::ThemeService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Store, Tx, View};

use crate::reference;

store::entity!(row, "theme", { parent: String });

/// The themes.
pub struct Themes {
    store: Store,
}

impl Themes {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Themes {
    type Message = Theme;
    type List = ListThemesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(theme: &Theme, row: &mut row::ActiveModel) {
        row.parent = Set(theme.parent.clone());
    }

    fn filter(list: &ListThemesRequest, _: &View) -> Condition {
        let parent = Some(&list.parent).filter(|parent| !parent.is_empty());
        Condition::all().add_option(parent.map(|parent| row::Column::Parent.eq(parent)))
    }

    fn search_words(theme: &Theme) -> Vec<&str> {
        vec![&theme.display_name, &theme.english_name]
    }

    async fn prepare(tx: &Tx, before: Option<&Theme>, after: &mut Theme) -> Result<()> {
        if !after.parent.is_empty() && after.parent == after.name {
            return Err(Error::invalid("theme.parent", "must be another theme"));
        }
        let parents = reference::new([&after.parent], before.map(|theme| &theme.parent));
        reference::check::<Self>(tx, "theme.parent", parents).await
    }
}

store::serve!(ThemeService for Themes, theme, themes);
