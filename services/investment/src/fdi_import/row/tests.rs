use api::registry::v1::LocalityPeriod;

use super::super::table::COLUMNS;
use super::*;

const GOOD: [(&str, &str); 12] = [
    ("series", "annual_flow"),
    ("period_from", "2015-01-01"),
    ("period_to", "2015-12-31"),
    ("dimension", "locality"),
    ("locality_slug", "bac-ninh"),
    ("name_vi", "Bắc Ninh"),
    ("projects_new", "133"),
    ("capital_new_musd", "149.6"),
    ("capital_adjusted_musd", "3500.2"),
    ("capital_total_musd", "3649.8"),
    ("source", "FIA"),
    ("confidence", "high"),
];

fn register() -> Known {
    let unit = |id: &str, slug: &str, from: &str, to: &str| {
        let period = LocalityPeriod {
            slug: slug.into(),
            valid_from: from.into(),
            valid_to: to.into(),
            ..LocalityPeriod::default()
        };
        Arc::new(Locality { name: format!("localities/{id}"), periods: vec![period], ..Locality::default() })
    };
    Known {
        localities: vec![
            unit("bac-ninh-2025", "bac-ninh", "2008-08-01", "2025-06-30"),
            unit("bac-ninh", "bac-ninh", "2025-07-01", ""),
            unit("bac-giang", "bac-giang", "2008-08-01", "2025-06-30"),
        ],
        countries: ["countries/KR".to_owned()].into(),
    }
}

fn read_with(style: Style, changes: &[(&str, &str)]) -> Result<FdiFlow, Vec<(String, String)>> {
    let extra = changes.iter().any(|(column, _)| *column == SECTOR_2025);
    let columns: Vec<&str> = COLUMNS.into_iter().chain(extra.then_some(SECTOR_2025)).collect();
    let value = |column: &str| {
        let in_order = changes.iter().rev().chain(&GOOD);
        in_order.into_iter().find(|(name, _)| *name == column).map_or("", |(_, value)| value)
    };
    let cells: Vec<String> = columns.iter().map(|column| format!("\"{}\"", value(column))).collect();
    let table = Table::read(&format!("{}\n{}\n", columns.join(","), cells.join(","))).expect("a table");
    let flows = read(&table, style, &register());
    let told = |faults: Vec<Fault>| faults.into_iter().map(|fault| (fault.field(), fault.sentence())).collect();
    flows.map(|mut flows| flows.remove(0)).map_err(told)
}

fn read_row(changes: &[(&str, &str)]) -> Result<FdiFlow, Vec<(String, String)>> {
    read_with(Style::Point, changes)
}

/// Changes that make the row one of a partner, or of a sector.
const PARTNER: [(&str, &str); 4] =
    [("dimension", "partner"), ("locality_slug", ""), ("partner_iso", "KR"), ("name_vi", "Hàn Quốc")];
const SECTOR: [(&str, &str); 3] = [("dimension", "sector"), ("locality_slug", ""), ("sector_vsic2018", "C")];

#[test]
fn what_is_not_published_stays_absent() {
    let flow = read_row(&[]).unwrap();
    assert_eq!(
        (flow.projects_new, flow.capital_new_musd, flow.capital_total_musd),
        (Some(133), Some(149.6), Some(3649.8))
    );
    assert_eq!((flow.ma_capital_musd, flow.capital_realised_musd, flow.projects_stock), (None, None, None));
    assert_eq!(flow.source.map(|source| source.citation).as_deref(), Some("FIA"));
}

#[test]
fn subjects_are_those_of_the_register_at_the_end_of_the_period() {
    assert_eq!(read_row(&[]).unwrap().locality, "localities/bac-ninh-2025");
    let later = [("period_from", "2026-01-01"), ("period_to", "2026-12-31")];
    assert_eq!(read_row(&later).unwrap().locality, "localities/bac-ninh");
    assert_eq!(read_row(&PARTNER).unwrap().country, "countries/KR");
    assert_eq!(read_row(&SECTOR).unwrap().sector, "VSIC2018/C");
    let new_letters = [("dimension", "sector"), ("locality_slug", ""), (SECTOR_2025, "V")];
    assert_eq!(read_row(&new_letters).unwrap().sector, "VSIC2025/V");
    let national = [("dimension", "NATIONAL"), ("locality_slug", ""), ("name_vi", "Cả nước")];
    assert_eq!(read_row(&national).unwrap().dimension(), Dimension::National);
}

#[test]
fn a_subject_that_is_in_no_register_keeps_its_name() {
    for (changes, name) in [
        (&[("locality_slug", "offshore-oil-gas"), ("name_vi", "Dầu khí")][..], "Dầu khí"),
        (
            &[("dimension", "partner"), ("locality_slug", ""), ("partner_iso", "-"), ("name_vi", "British Isles")],
            "British Isles",
        ),
    ] {
        let flow = read_row(changes).unwrap();
        assert_eq!((flow.published_name.as_str(), flow.locality.as_str(), flow.country.as_str()), (name, "", ""));
    }
}

#[test]
fn vietnamese_numbers_are_what_they_say() {
    let changes =
        [("capital_new_musd", "4.046,5"), ("capital_adjusted_musd", "4,46"), ("capital_total_musd", "4.050,96")];
    let flow = read_with(Style::Comma, &changes).unwrap();
    assert_eq!(
        (flow.capital_new_musd, flow.capital_adjusted_musd, flow.capital_total_musd),
        (Some(4046.5), Some(4.46), Some(4050.96))
    );
}

#[test]
fn a_fault_names_row_column_and_line() {
    for (column, value) in [
        ("series", ""),
        ("series", "Annual Flow"),
        ("period_from", "2015"),
        ("period_to", "2015-02-30"),
        ("period_to", "2014-12-31"),
        ("dimension", "province"),
        ("locality_slug", ""),
        ("locality_slug", "bac-nin"),
        ("partner_iso", "KR"),
        ("name_vi", ""),
        ("projects_new", "-1"),
        ("projects_new", "1.5"),
        ("capital_new_musd", "149,6"),
        ("capital_new_musd", "a lot"),
        ("capital_adjusted_musd", "99999999999"),
        ("capital_total_musd", ""),
        ("capital_total_musd", "3649.5"),
    ] {
        let faults = read_row(&[(column, value)]).expect_err(value);
        assert_eq!(faults[0].0, format!("rows[0].{column}"), "{column} = {value:?}: {faults:?}");
        assert!(faults[0].1.ends_with("(line 2)"), "{faults:?}");
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
}

#[test]
fn every_broken_cell_of_a_row_is_named() {
    let faults = read_row(&[("period_to", "2015-02-30"), ("projects_new", "many"), ("series", "")]).unwrap_err();
    let fields: Vec<_> = faults.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["rows[0].projects_new", "rows[0].series", "rows[0].period_to"]);
}

#[test]
fn a_locality_that_had_ended_by_then_is_refused() {
    let changes = [("locality_slug", "bac-giang"), ("period_from", "2026-01-01"), ("period_to", "2026-12-31")];
    let faults = read_row(&changes).unwrap_err();
    assert!(faults[0].1.contains("localities/bac-giang ended on 2025-06-30"), "{faults:?}");
}

#[test]
fn sectors_and_partners_that_nobody_knows_are_refused() {
    for (base, column, value) in [
        (&PARTNER[..], "partner_iso", "XX"),
        (&PARTNER, "partner_iso", ""),
        (&SECTOR, "sector_vsic2018", "V"),
        (&SECTOR, "sector_vsic2018", ""),
    ] {
        let changes: Vec<_> = base.iter().copied().chain([(column, value)]).collect();
        assert_eq!(read_row(&changes).expect_err(value)[0].0, format!("rows[0].{column}"));
    }
}
