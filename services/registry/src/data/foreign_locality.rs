//! foreign_localities.csv

use api::registry::v1::{ForeignLocality, foreign_locality};
use serde::Deserialize;

use super::{Broken, parts, rows, source};

#[derive(Deserialize)]
struct Row {
    id: String,
    country_iso: String,
    kind: String,
    name_vi: String,
    name_native: String,
    name_en: String,
    other_names: String,
    parent: String,
    source: String,
    confidence: String,
}

/// Provinces, states and cities abroad, a unit after that which it is a part of.
pub fn foreign_localities() -> Result<Vec<ForeignLocality>, Broken> {
    let rows: Vec<Row> = rows("foreign_localities.csv", include_str!("../../data/foreign_localities.csv"))?;
    rows.into_iter().map(foreign_locality).collect()
}

fn foreign_locality(row: Row) -> Result<ForeignLocality, Broken> {
    let kind = foreign_locality::Kind::from_str_name(&row.kind);
    let kind = kind.ok_or_else(|| Broken(format!("foreign_localities.csv: no kind {:?}", row.kind)))?;
    let parent = Some(row.parent).filter(|parent| !parent.is_empty());
    Ok(ForeignLocality {
        name: format!("foreignLocalities/{}", row.id),
        display_name: row.name_vi,
        native_name: row.name_native,
        english_name: row.name_en,
        other_names: parts(&row.other_names).collect(),
        country: format!("countries/{}", row.country_iso),
        kind: kind as i32,
        parent: parent.map(|parent| format!("foreignLocalities/{parent}")).unwrap_or_default(),
        source: source(row.source, row.confidence),
        ..ForeignLocality::default()
    })
}
