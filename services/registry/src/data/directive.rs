//! directives.csv and action_plan_measures.csv

use api::registry::v1::{ActionPlanMeasure, Directive, directive};
use serde::Deserialize;

use super::{Broken, parts, rows, source};

#[derive(Deserialize)]
struct Row {
    id: String,
    number: String,
    kind: String,
    issuer: String,
    issuer_english: String,
    issuing_body: String,
    issued: String,
    valid_from: String,
    valid_to: String,
    title: String,
    title_en: String,
    summary: String,
    replaces: String,
    implements: String,
    source: String,
    confidence: String,
}

#[derive(Deserialize)]
struct MeasureRow {
    id: String,
    directive: String,
    ordinal: i32,
    title: String,
    title_en: String,
    source: String,
    confidence: String,
}

/// The directives, each after those that it replaces or carries out.
pub fn directives() -> Result<Vec<Directive>, Broken> {
    const FILE: &str = "directives.csv";
    let rows: Vec<Row> = rows(FILE, include_str!("../../data/directives.csv"))?;
    let named = |cell: &str| parts(cell).map(|id| format!("directives/{id}")).collect::<Vec<_>>();
    let directive = |row: Row| {
        let kind = directive::Kind::from_str_name(&row.kind);
        Ok(Directive {
            name: format!("directives/{}", row.id),
            kind: kind.ok_or_else(|| Broken(format!("{FILE}: {:?} is no kind of document", row.kind)))? as i32,
            number: row.number,
            issuer: row.issuer,
            issuer_english: row.issuer_english,
            issuing_body: row.issuing_body,
            issued_date: row.issued,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            title: row.title,
            english_title: row.title_en,
            summary: row.summary,
            replaces: named(&row.replaces),
            implements: named(&row.implements),
            source: source(row.source, row.confidence),
            ..Directive::default()
        })
    };
    rows.into_iter().map(directive).collect()
}

/// The measures that are known of them.
pub fn action_plan_measures() -> Result<Vec<ActionPlanMeasure>, Broken> {
    let rows: Vec<MeasureRow> = rows("action_plan_measures.csv", include_str!("../../data/action_plan_measures.csv"))?;
    let measure = |row: MeasureRow| ActionPlanMeasure {
        name: format!("actionPlanMeasures/{}", row.id),
        directive: format!("directives/{}", row.directive),
        ordinal: row.ordinal,
        title: row.title,
        english_title: row.title_en,
        source: source(row.source, row.confidence),
        ..ActionPlanMeasure::default()
    };
    Ok(rows.into_iter().map(measure).collect())
}
