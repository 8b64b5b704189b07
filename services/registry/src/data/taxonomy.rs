//! themes.csv and work_areas.csv

use api::registry::v1::{Theme, WorkArea};
use serde::Deserialize;

use super::{Broken, rows, source};

#[derive(Deserialize)]
struct Row {
    id: String,
    name_vi: String,
    name_en: String,
    description: String,
    parent: String,
    source: String,
    confidence: String,
}

impl Row {
    fn parent(&self, collection: &str) -> String {
        if self.parent.is_empty() { String::new() } else { format!("{collection}/{}", self.parent) }
    }
}

/// The common themes, a wider one before its parts.
pub fn themes() -> Result<Vec<Theme>, Broken> {
    let theme = |row: Row| Theme {
        name: format!("themes/{}", row.id),
        parent: row.parent("themes"),
        display_name: row.name_vi,
        english_name: row.name_en,
        description: row.description,
        source: source(row.source, row.confidence),
        ..Theme::default()
    };
    Ok(rows("themes.csv", include_str!("../../data/themes.csv"))?.into_iter().map(theme).collect())
}

/// The work areas, a wider one before its parts.
pub fn work_areas() -> Result<Vec<WorkArea>, Broken> {
    let area = |row: Row| WorkArea {
        name: format!("workAreas/{}", row.id),
        parent: row.parent("workAreas"),
        display_name: row.name_vi,
        english_name: row.name_en,
        description: row.description,
        source: source(row.source, row.confidence),
        ..WorkArea::default()
    };
    Ok(rows("work_areas.csv", include_str!("../../data/work_areas.csv"))?.into_iter().map(area).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_wider_one_comes_before_its_parts() {
        let themes = themes().expect("the file parses");
        let areas = work_areas().expect("the file parses");
        let mut seen = HashSet::from([""]);
        let themes = themes.iter().map(|it| (it.name.as_str(), it.parent.as_str()));
        for (name, parent) in themes.chain(areas.iter().map(|it| (it.name.as_str(), it.parent.as_str()))) {
            assert!(seen.contains(parent), "{name} comes before {parent}");
            seen.insert(name);
        }
    }
}
