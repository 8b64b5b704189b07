//! mission_counts.csv

use api::registry::v1::PublishedMissionCount;
use api::registry::v1::published_mission_count::Counted;
use serde::Deserialize;

use super::{Broken, rows, source};

#[derive(Deserialize)]
struct Row {
    date: String,
    count: i32,
    counted: String,
    source: String,
    confidence: String,
}

/// What documents say of the number of missions, the latest first.
pub fn mission_counts() -> Result<Vec<PublishedMissionCount>, Broken> {
    let rows: Vec<Row> = rows("mission_counts.csv", include_str!("../../data/mission_counts.csv"))?;
    let mut counts = rows.into_iter().map(count).collect::<Result<Vec<_>, _>>()?;
    counts.sort_by(|one, other| other.date.cmp(&one.date));
    Ok(counts)
}

fn count(row: Row) -> Result<PublishedMissionCount, Broken> {
    let counted = Counted::from_str_name(&row.counted.to_uppercase());
    let counted = counted.ok_or_else(|| Broken(format!("mission_counts.csv: {:?} is not counted", row.counted)))?;
    Ok(PublishedMissionCount {
        date: row.date,
        count: row.count,
        counted: counted as i32,
        source: source(row.source, row.confidence),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_say_what_they_count() {
        let counts = mission_counts().expect("the file parses");
        let told: Vec<_> = counts.iter().map(|it| (it.date.as_str(), it.count, it.counted())).collect();
        assert!(told.contains(&("2021-12-18", 94, Counted::Missions)), "{told:?}");
        assert!(told.contains(&("2021-07-29", 96, Counted::Heads)), "{told:?}");
        assert_eq!(told[0], ("2026-01-10", 98, Counted::Heads));
    }
}
