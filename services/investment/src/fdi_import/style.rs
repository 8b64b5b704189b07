//! How a file writes numbers: decided once for the whole file, by what its cells prove. Pure.
//!
//! A cell such as "4.046,5", "4,46" or "1.234.567" can be read one way only, and so can "2.013" in a column of counts. All such
//! cells must agree. Where nothing is proved and a cell such as "1.234" may be a thousand or a little more than one, the file
//! is refused until number_style says which: a guess would be wrong by a factor of a thousand.

use api::investment::v1::import_fdi_flows_request::NumberStyle;

use super::Fault;
use super::table::{AMOUNTS, COUNTS, Table};
use crate::number::{Evidence, Style, evidence};

/// The style of a file, given what the request says of it.
pub fn decide(table: &Table, said: NumberStyle) -> Result<Style, Vec<Fault>> {
    match said {
        NumberStyle::DecimalComma => return Ok(Style::Comma),
        NumberStyle::DecimalPoint => return Ok(Style::Point),
        NumberStyle::Unspecified => {}
    }
    let mut first: [Option<(usize, &str)>; 2] = [None; 2];
    let mut either = None;
    for row in 0..table.rows.len() {
        for (column, counts) in columns() {
            match evidence(table.cell(row, column), counts) {
                Evidence::None => {}
                Evidence::Either => either = either.or(Some((row, column))),
                Evidence::Only(style) => {
                    let place = &mut first[usize::from(style == Style::Point)];
                    *place = place.or(Some((row, column)));
                }
            }
        }
    }
    match (first, either) {
        ([Some(comma), Some(point)], _) => Err(vec![contradiction(table, comma, point)]),
        ([Some(_), None], _) => Ok(Style::Comma),
        ([None, None], Some((row, column))) => Err(vec![Fault::at(table, row, column, open(table.cell(row, column)))]),
        // With no mark in any number, either style reads them alike.
        ([None, _], _) => Ok(Style::Point),
    }
}

fn columns() -> impl Iterator<Item = (&'static str, bool)> {
    COUNTS.into_iter().map(|column| (column, true)).chain(AMOUNTS.into_iter().map(|column| (column, false)))
}

/// The later of the two cells is the one that is out of line.
fn contradiction(table: &Table, comma: (usize, &'static str), point: (usize, &'static str)) -> Fault {
    let (one, other, style, of_other) = if comma > point {
        (comma, point, Style::Comma, Style::Point)
    } else {
        (point, comma, Style::Point, Style::Comma)
    };
    let (cell, before) = (table.cell(one.0, one.1), table.cell(other.0, other.1));
    let line = table.rows[other.0].line;
    Fault::at(
        table,
        one.0,
        one.1,
        format!("is written with {style}: {cell}, but {before} on line {line} with {of_other}"),
    )
}

fn open(cell: &str) -> String {
    format!("may be a thousand times as much or not, and no number of the file shows which: {cell}; give number_style")
}

#[cfg(test)]
mod tests {
    use super::super::table::COLUMNS;
    use super::*;

    /// A file whose rows have these cells in projects_new and capital_new_musd.
    fn table(rows: &[(&str, &str)]) -> Table {
        let line = |&(count, amount): &(&str, &str)| {
            let cell = |column: &&str| match *column {
                "projects_new" => format!("\"{count}\""),
                "capital_new_musd" => format!("\"{amount}\""),
                _ => "\"1\"".to_owned(),
            };
            COLUMNS.iter().map(cell).collect::<Vec<_>>().join(",")
        };
        let lines: Vec<_> = [COLUMNS.join(",")].into_iter().chain(rows.iter().map(line)).collect();
        Table::read(&lines.join("\n")).unwrap()
    }

    fn decided(rows: &[(&str, &str)]) -> Result<Style, String> {
        decide(&table(rows), NumberStyle::Unspecified).map_err(|faults| faults[0].field())
    }

    #[test]
    fn one_number_that_can_only_be_read_one_way_settles_the_file() {
        for (rows, expected) in [
            (&[("1", "1.234"), ("1", "4.046,5")][..], Ok(Style::Comma)),
            (&[("1", "1.234"), ("1", "149.6")], Ok(Style::Point)),
            (&[("2.013", "1.234")], Ok(Style::Comma)),
            (&[("2,013", "1,234")], Ok(Style::Point)),
            (&[("1", "4,46")], Ok(Style::Comma)),
            (&[("1", "1234")], Ok(Style::Point)),
            (&[("1", "1.234"), ("1", "5")], Err("rows[0].capital_new_musd")),
            (&[("1", "4.046,5"), ("1", "149.6")], Err("rows[1].capital_new_musd")),
            (&[("1", "149.6"), ("2.013", "1")], Err("rows[1].projects_new")),
        ] {
            assert_eq!(decided(rows), expected.map_err(str::to_owned), "{rows:?}");
        }
    }

    #[test]
    fn what_the_request_says_goes_before() {
        assert_eq!(decide(&table(&[("1", "1.234")]), NumberStyle::DecimalComma).ok(), Some(Style::Comma));
    }
}
