use std::sync::Arc;

use api::registry::v1::{Locality, LocalityPeriod};

use super::*;

const FILE: &str = include_str!("../../data/fdi_flows_2015_2020.csv");

/// A register that knows every slug and code of the data file.
fn register() -> Known {
    let mut register = Known::default();
    let table = Table::read(FILE).expect("the project's own file");
    for row in 0..table.rows.len() {
        let (slug, code) = (table.cell(row, "locality_slug"), table.cell(row, "partner_iso"));
        if !slug.is_empty() && slug != "offshore-oil-gas" {
            let period = LocalityPeriod { slug: slug.into(), ..LocalityPeriod::default() };
            let name = format!("localities/{slug}");
            if !register.localities.iter().any(|unit| unit.name == name) {
                register.localities.push(Arc::new(Locality { name, periods: vec![period], ..Locality::default() }));
            }
        }
        if !code.is_empty() && code != "-" {
            register.countries.insert(format!("countries/{code}"));
        }
    }
    register
}

fn read(content: &str) -> Result<File, Error> {
    File::read(content, NumberStyle::Unspecified, &register())
}

#[test]
fn the_projects_own_file_is_in_order() {
    let file = read(FILE).expect("the project's own file");
    assert_eq!((file.flows.len(), file.style, file.warnings.len()), (1086, NumberStyle::DecimalPoint, 0));
}

#[test]
fn each_breakdown_of_the_file_gives_the_published_total() {
    let flows = read(FILE).expect("the project's own file").flows;
    for (year, published) in
        [(2015, 22_757), (2016, 24_373), (2017, 35_602), (2018, 35_466), (2019, 38_019), (2020, 28_530)]
    {
        for dimension in [Dimension::Locality, Dimension::Partner, Dimension::Sector, Dimension::National] {
            let of = |flow: &&FdiFlow| flow.dimension() == dimension && fdi_rule::year(flow) == year;
            let total: i64 = flows.iter().filter(of).filter_map(|flow| dollars(flow.capital_total_musd?)).sum();
            assert!((musd(total) - f64::from(published)).abs() <= 1.0, "{year} {dimension:?}: {}", musd(total));
        }
    }
}

#[test]
fn the_same_file_with_vietnamese_numbers_and_semicolons_is_the_same() {
    let table = Table::read(FILE).expect("the project's own file");
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    writer.write_record(table::COLUMNS).expect("a header");
    for row in 0..table.rows.len() {
        let cell = |column: &str| match table::AMOUNTS.contains(&column) {
            true => vietnamese(table.cell(row, column)),
            false => table.cell(row, column).to_owned(),
        };
        writer.write_record(table::COLUMNS.map(cell)).expect("a row");
    }
    let content = String::from_utf8(writer.into_inner().expect("a file")).expect("text");
    let file = read(&format!("\u{feff}{content}")).expect("the same file");
    assert_eq!(file.style, NumberStyle::DecimalComma);
    assert_eq!(file.flows, read(FILE).expect("the project's own file").flows);
}

/// 4046.5 as 4.046,5.
fn vietnamese(number: &str) -> String {
    if number.contains('e') {
        return number.replace('.', ",");
    }
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let reversed: Vec<char> = whole.chars().rev().collect();
    let grouped: Vec<String> = reversed.chunks(3).map(|group| group.iter().collect()).collect();
    let whole: String = grouped.join(".").chars().rev().collect();
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole},{fraction}") }
}

#[test]
fn one_bad_cell_refuses_the_whole_file_and_is_named() {
    let bad = FILE.replacen("149.6,103,3500.2,,,3649.8", "149.6,103,3500.2,,,9649.8", 1);
    let error = read(&bad).err().expect("a refusal");
    let fields: Vec<_> = error.violations().iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["rows[0].capital_total_musd"]);
}

#[test]
fn a_row_that_stands_twice_is_named_with_the_other() {
    let first = FILE.lines().nth(1).expect("a row");
    let error = read(&format!("{}\n{first}\n", FILE.trim_end())).err().expect("a refusal");
    assert_eq!(error.violations()[0].field, "rows[1086]");
    assert!(error.violations()[0].description.contains("as line 2"), "{error}");
}

#[test]
fn many_faults_are_told_in_part() {
    let error = read(&FILE.replace("annual_flow", "Annual")).err().expect("a refusal");
    assert_eq!(error.violations().len(), FAULTS_MAX + 1);
    assert_eq!(error.violations()[FAULTS_MAX].description, "has 986 more faults");
}

#[test]
fn breakdowns_that_disagree_are_told_but_taken() {
    let lines: Vec<_> = FILE.lines().take(40).collect();
    let partner = FILE.lines().find(|line| line.contains("2015-12-31,partner")).expect("a partner's row");
    let file = read(&format!("{}\n{partner}\n", lines.join("\n"))).expect("a part of the file");
    assert!(
        file.warnings[0].starts_with("annual_flow, 2015-01-01 to 2015-12-31: the breakdowns"),
        "{:?}",
        file.warnings
    );
}
