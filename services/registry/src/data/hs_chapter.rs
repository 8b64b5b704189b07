//! hs_chapters.csv and hs_sections.csv

use api::registry::v1::HsChapter;
use serde::Deserialize;

use super::{Broken, rows, source, yes};

#[derive(Deserialize)]
struct SectionRow {
    section: i32,
    first_chapter: String,
    last_chapter: String,
    name_vi: String,
    name_en: String,
}

#[derive(Deserialize)]
struct Row {
    chapter: String,
    name_vi: String,
    name_en: String,
    reserved: String,
    edition: String,
    source: String,
    confidence: String,
}

/// The chapters of the Harmonized System.
pub fn hs_chapters() -> Result<Vec<HsChapter>, Broken> {
    let sections: Vec<SectionRow> = rows("hs_sections.csv", include_str!("../../data/hs_sections.csv"))?;
    let rows: Vec<Row> = rows("hs_chapters.csv", include_str!("../../data/hs_chapters.csv"))?;
    rows.into_iter().map(|row| chapter(row, &sections)).collect()
}

fn chapter(row: Row, sections: &[SectionRow]) -> Result<HsChapter, Broken> {
    let holds = |section: &&SectionRow| section.first_chapter <= row.chapter && row.chapter <= section.last_chapter;
    let section = sections.iter().find(holds);
    let section =
        section.ok_or_else(|| Broken(format!("hs_sections.csv: no section holds chapter {}", row.chapter)))?;
    Ok(HsChapter {
        name: format!("hsChapters/{}", row.chapter),
        display_name: row.name_vi,
        english_name: row.name_en,
        section: section.section,
        section_display_name: section.name_vi.clone(),
        section_english_name: section.name_en.clone(),
        reserved: yes("hs_chapters.csv", &row.reserved)?,
        edition: row.edition,
        source: source(row.source, row.confidence),
        ..HsChapter::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_97_chapters_in_21_sections_and_one_is_kept_free() {
        let chapters = hs_chapters().expect("the files parse");
        assert_eq!(chapters.len(), 97);
        let sections: Vec<i32> = chapters.iter().map(|chapter| chapter.section).collect();
        assert!(sections.is_sorted() && (1..=21).all(|section| sections.contains(&section)));
        let reserved: Vec<_> = chapters.iter().filter(|it| it.reserved).map(|it| it.name.as_str()).collect();
        assert_eq!(reserved, ["hsChapters/77"]);
        let section_of = |code: &str| {
            let chapter = chapters.iter().find(|it| it.name == format!("hsChapters/{code}"));
            chapter.map(|it| it.section)
        };
        for (code, section) in
            [("05", 1), ("08", 2), ("15", 3), ("27", 5), ("61", 11), ("71", 14), ("85", 16), ("97", 21)]
        {
            assert_eq!(section_of(code), Some(section), "{code}");
        }
    }
}
