//! missions.csv

use api::registry::v1::{Accreditation, Mission, accreditation, mission};
use serde::Deserialize;

use super::{Broken, countries_of, rows, source, yes};

/// What the column of unconfirmed accreditations rests on.
const UNVERIFIED: &str = "from memory, unverified";

#[derive(Deserialize)]
struct Row {
    id: String,
    kind: String,
    counted: String,
    host_country_iso: String,
    host_or_organisation_vi: String,
    city: String,
    name_vi: String,
    name_en: String,
    resident_accreditation: String,
    concurrent_accreditation: String,
    concurrent_unverified: String,
    opened: String,
    closed: String,
    note: String,
    source: String,
    confidence: String,
}

/// The missions abroad.
pub fn missions() -> Result<Vec<Mission>, Broken> {
    let rows: Vec<Row> = rows("missions.csv", include_str!("../../data/missions.csv"))?;
    rows.into_iter().map(mission).collect()
}

fn mission(row: Row) -> Result<Mission, Broken> {
    let kind = kind(&row.kind)?;
    let accreditations = accreditations(&row);
    let international = [mission::Kind::PermanentMission, mission::Kind::PermanentDelegation].contains(&kind);
    Ok(Mission {
        name: format!("missions/{}", row.id.to_lowercase()),
        display_name: row.name_vi,
        english_name: row.name_en,
        kind: kind as i32,
        host_country: format!("countries/{}", row.host_country_iso),
        city: row.city,
        host_organization: if international { row.host_or_organisation_vi } else { String::new() },
        opened_date: row.opened,
        closed_date: row.closed,
        counted: yes("missions.csv", &row.counted)?,
        accreditations,
        note: row.note,
        source: source(row.source, row.confidence),
        ..Mission::default()
    })
}

fn kind(word: &str) -> Result<mission::Kind, Broken> {
    mission::Kind::from_str_name(&word.to_uppercase()).ok_or_else(|| Broken(format!("missions.csv: no kind {word:?}")))
}

fn accreditations(row: &Row) -> Vec<Accreditation> {
    let confirmed = (row.source.as_str(), row.confidence.as_str());
    let columns = [
        (&row.resident_accreditation, accreditation::Kind::Resident, confirmed),
        (&row.concurrent_accreditation, accreditation::Kind::Concurrent, confirmed),
        (&row.concurrent_unverified, accreditation::Kind::Concurrent, (UNVERIFIED, UNVERIFIED)),
    ];
    let of_column = |(countries, kind, (citation, confidence)): (&String, accreditation::Kind, (&str, &str))| {
        let accreditation = move |country: String| Accreditation {
            country,
            kind: kind as i32,
            unverified: confidence == UNVERIFIED,
            source: source(citation.to_owned(), confidence.to_owned()),
            ..Accreditation::default()
        };
        countries_of(countries).into_iter().map(accreditation).collect::<Vec<_>>()
    };
    columns.into_iter().flat_map(of_column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accreditation::{Rank, check_dates, life, span};

    fn answering(missions: &[Mission], country: &str, day: &str) -> Option<String> {
        let country = format!("countries/{country}");
        let held = missions.iter().flat_map(|mission| {
            let fitting = mission.accreditations.iter().filter(|it| it.country == country);
            fitting.filter(|it| span(it, &life(mission)).contains(day)).map(move |it| (mission, it))
        });
        let first = held.min_by_key(|(mission, it)| Rank::of(&mission.name, mission.kind, it.kind, it.unverified));
        first.map(|(mission, _)| mission.name.clone())
    }

    #[test]
    fn the_published_number_of_missions_is_counted() {
        let missions = missions().expect("the file parses");
        let counted = |day: &str| missions.iter().filter(|it| it.counted && life(it).contains(day)).count();
        for (day, count) in [("2021-12-18", 94), ("2023-03-09", 94), ("2026-01-10", 98)] {
            assert_eq!(counted(day), count, "{day}");
        }
        assert_eq!(missions.len(), 99, "the delegation to UNESCO is listed and not counted");
        assert!(missions.iter().all(|mission| check_dates(mission).is_ok()));
    }

    #[test]
    fn a_country_is_answered_by_its_own_embassy_else_by_a_concurrent_one() {
        let missions = missions().expect("the file parses");
        for (country, mission) in [
            ("LB", Some("vn-eg-emb")),
            ("KR", Some("vn-kr-emb")),
            ("JP", Some("vn-jp-emb")),
            ("CH", Some("vn-ch-emb")),
            ("FR", Some("vn-fr-emb")),
            ("HK", Some("vn-hk-cg-hong-kong")),
            ("TW", Some("vn-tw-eco-taipei")),
            ("NP", Some("vn-in-emb")),
            ("SY", Some("vn-eg-emb")),
            ("PA", None),
            ("VN", None),
        ] {
            let name = mission.map(|id| format!("missions/{id}"));
            assert_eq!(answering(&missions, country, "2026-01-10"), name, "{country}");
        }
        assert_eq!(answering(&missions, "IE", "2024-12-31"), None, "Dublin is new in 2025");
    }
}
