//! sectors.csv

use api::registry::v1::{Sector, SectorSuccessor};
use serde::Deserialize;

use super::{Broken, parts, rows, source};

/// The version that each version's successor codes are of.
const NEXT: &[(&str, &str)] = &[("VSIC2018", "VSIC2025")];

#[derive(Deserialize)]
struct Row {
    version: String,
    code: String,
    name_vi: String,
    name_en: String,
    valid_from: String,
    valid_to: String,
    successor_codes: String,
    successor_parts: String,
    source: String,
    confidence: String,
}

/// The sections of the standard industrial classification; those of a later version first, because the earlier refer to them.
pub fn sectors() -> Result<Vec<Sector>, Broken> {
    let rows: Vec<Row> = rows("sectors.csv", include_str!("../../data/sectors.csv"))?;
    rows.into_iter().map(sector).collect()
}

fn sector(row: Row) -> Result<Sector, Broken> {
    let successors = successors(&row)?;
    Ok(Sector {
        name: format!("sectors/{}-{}", row.version, row.code),
        version: row.version,
        code: row.code,
        display_name: row.name_vi,
        english_name: row.name_en,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        successors,
        source: source(row.source, row.confidence),
        ..Sector::default()
    })
}

fn successors(row: &Row) -> Result<Vec<SectorSuccessor>, Broken> {
    let (codes, said): (Vec<_>, Vec<_>) =
        (parts(&row.successor_codes).collect(), parts(&row.successor_parts).collect());
    if !said.is_empty() && said.len() != codes.len() {
        return Err(Broken(format!("sectors.csv: {}/{}: not one part for each successor", row.version, row.code)));
    }
    let next = NEXT.iter().find(|(version, _)| *version == row.version).map(|(_, next)| *next);
    let mut said = said.into_iter();
    let successor = |code: String| {
        let next = next.ok_or_else(|| Broken(format!("sectors.csv: {}: nothing follows", row.version)))?;
        Ok(SectorSuccessor { sector: format!("sectors/{next}-{code}"), part: said.next().unwrap_or_default() })
    };
    codes.into_iter().map(successor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_shift_and_every_new_section_has_an_old_one() {
        let sectors = sectors().expect("the file parses");
        let of = |version: &str| sectors.iter().filter(|it| it.version == version).collect::<Vec<_>>();
        let (old, new) = (of("VSIC2018"), of("VSIC2025"));
        assert_eq!((old.len(), new.len()), (21, 22));
        let followers = |code: &str| {
            let sector = old.iter().find(|it| it.code == code).expect(code);
            let codes = sector.successors.iter().map(|it| it.sector.trim_start_matches("sectors/VSIC2025-"));
            codes.collect::<Vec<_>>().join(" ")
        };
        for (code, followed) in [("A", "A"), ("I", "I"), ("J", "J K"), ("K", "L"), ("M", "N"), ("T", "U"), ("U", "V")] {
            assert_eq!(followers(code), followed, "{code}");
        }
        let reached: Vec<_> = old.iter().flat_map(|it| &it.successors).map(|it| &it.sector).collect();
        assert!(new.iter().all(|it| reached.iter().filter(|name| ***name == it.name).count() == 1));
        assert!(
            sectors.iter().position(|it| it.version == "VSIC2018")
                > sectors.iter().rposition(|it| it.version == "VSIC2025")
        );
    }

    #[test]
    fn one_version_ends_on_the_day_before_the_next_begins() {
        for sector in sectors().expect("the file parses") {
            let (from, to) = (sector.valid_from.as_str(), sector.valid_to.as_str());
            match sector.version.as_str() {
                "VSIC2018" => assert_eq!((from, to), ("2018-08-20", "2025-11-14"), "{}", sector.name),
                _ => assert_eq!((from, to), ("2025-11-15", ""), "{}", sector.name),
            }
        }
    }
}
