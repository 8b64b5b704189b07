//! multilateral_roles.csv

use api::registry::v1::{MultilateralRole, multilateral_role};
use serde::Deserialize;

use super::{Broken, rows, source};

#[derive(Deserialize)]
struct Row {
    id: String,
    name_vi: String,
    name_en: String,
    body: String,
    body_vi: String,
    role: String,
    candidature_date: String,
    decided_date: String,
    result: String,
    valid_from: String,
    valid_to: String,
    decision: String,
    mission: String,
    note: String,
    source: String,
    confidence: String,
}

/// The roles of Viet Nam in international bodies.
pub fn multilateral_roles() -> Result<Vec<MultilateralRole>, Broken> {
    let rows: Vec<Row> = rows("multilateral_roles.csv", include_str!("../../data/multilateral_roles.csv"))?;
    rows.into_iter().map(role).collect()
}

fn role(row: Row) -> Result<MultilateralRole, Broken> {
    let result = multilateral_role::Result::from_str_name(&row.result.to_uppercase());
    let result = result.ok_or_else(|| Broken(format!("multilateral_roles.csv: no result {:?}", row.result)))?;
    Ok(MultilateralRole {
        name: format!("multilateralRoles/{}", row.id),
        display_name: row.name_vi,
        english_name: row.name_en,
        body: row.body,
        body_display_name: row.body_vi,
        role: row.role,
        candidature_date: row.candidature_date,
        decided_date: row.decided_date,
        result: result as i32,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        decision: row.decision,
        mission: if row.mission.is_empty() { row.mission } else { format!("missions/{}", row.mission) },
        note: row.note,
        source: source(row.source, row.confidence),
        ..MultilateralRole::default()
    })
}
