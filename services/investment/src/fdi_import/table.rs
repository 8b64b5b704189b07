//! The file as a table: columns by name, cells as text, each row with its line. Pure.

use super::Fault;

/// The columns of a file, as the first line names them.
pub const COLUMNS: [&str; 20] = [
    "series",
    "period_from",
    "period_to",
    "dimension",
    "locality_slug",
    "partner_iso",
    "sector_vsic2018",
    "name_vi",
    "projects_new",
    "capital_new_musd",
    "adjustments",
    "capital_adjusted_musd",
    "ma_deals",
    "ma_capital_musd",
    "capital_total_musd",
    "projects_stock",
    "capital_stock_musd",
    "capital_realised_musd",
    "source",
    "confidence",
];

/// The column that a file may have besides: since November 2025 sectors are those of VSIC 2025.
pub const SECTOR_2025: &str = "sector_vsic2025";

/// Columns of counts, and of amounts.
pub const COUNTS: [&str; 4] = ["projects_new", "adjustments", "ma_deals", "projects_stock"];
pub const AMOUNTS: [&str; 6] = [
    "capital_new_musd",
    "capital_adjusted_musd",
    "ma_capital_musd",
    "capital_total_musd",
    "capital_realised_musd",
    "capital_stock_musd",
];

/// The most rows that are taken at once: they are written in one transaction, for which other writers wait.
const ROWS_MAX: usize = 5_000;

/// A row of the file.
#[derive(Debug)]
pub struct Row {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    cells: Vec<String>,
}

/// The file.
#[derive(Debug)]
pub struct Table {
    pub rows: Vec<Row>,
    header: Vec<String>,
}

impl Table {
    /// Reads the file. The faults are those of the file's form; then there is no table.
    pub fn read(content: &str) -> Result<Self, Vec<Fault>> {
        let content = content.trim_start_matches('\u{feff}');
        let Some(separator) = separator(content) else {
            return Err(vec![Fault::of_file("has no line that names its columns".into())]);
        };
        let mut builder = csv::ReaderBuilder::new();
        builder.delimiter(separator).flexible(true).has_headers(false);
        let mut records = builder.from_reader(content.as_bytes()).into_records();
        let header: Vec<String> = match records.next() {
            Some(Ok(names)) => names.iter().map(column_name).collect(),
            Some(Err(error)) => return Err(vec![Fault::of_file(format!("is not CSV: {error}"))]),
            None => Vec::new(),
        };
        let mut faults = header_faults(&header);
        let mut lines = Lines { content, byte: 0, line: 1 };
        let mut rows = Vec::new();
        if faults.is_empty() {
            for (index, record) in records.enumerate() {
                match record {
                    Ok(record) if record.iter().all(|cell| cell.trim().is_empty()) => {}
                    Ok(record) => rows.push(row((index, lines.of(&record)), &record, header.len(), &mut faults)),
                    Err(error) => faults.push(Fault::of_file(format!("is not CSV: {error}"))),
                }
            }
        }
        if rows.len() > ROWS_MAX {
            faults.push(Fault::of_file(format!("has {} rows; at most {ROWS_MAX} are taken at once", rows.len())));
        } else if rows.is_empty() && faults.is_empty() {
            faults.push(Fault::of_file("has no rows".into()));
        }
        if faults.is_empty() { Ok(Self { rows, header }) } else { Err(faults) }
    }

    /// A cell, without spaces around it; empty for a column that the file does not have.
    pub fn cell(&self, row: usize, column: &str) -> &str {
        let place = self.header.iter().position(|name| name == column);
        place.and_then(|place| self.rows[row].cells.get(place)).map_or("", String::as_str)
    }
}

/// On which lines rows begin. The reader counts lines too, but with line ends of Windows it is one behind.
struct Lines<'a> {
    content: &'a str,
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, record: &csv::StringRecord) -> u64 {
        let at = record.position().map_or(self.byte, |position| position.byte() as usize);
        let rest = &self.content.as_bytes()[at..];
        let start = at + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = &self.content.as_bytes()[self.byte..start];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.byte = start;
        self.line
    }
}

fn row(place: (usize, u64), record: &csv::StringRecord, width: usize, faults: &mut Vec<Fault>) -> Row {
    if record.len() != width {
        let description = format!("has {} cells where the first line names {width} columns", record.len());
        faults.push(Fault { row: Some(place), column: "", description });
    }
    Row { line: place.1, cells: record.iter().map(|cell| cell.trim().to_owned()).collect() }
}

fn column_name(cell: &str) -> String {
    cell.trim().to_lowercase()
}

/// The separator under which the first line names the most of our columns; none if it names none of them.
fn separator(content: &str) -> Option<u8> {
    let first = content.lines().next().unwrap_or_default();
    let known = |separator: u8| {
        let cells = first.split(char::from(separator)).map(|cell| column_name(cell.trim().trim_matches('"')));
        cells.filter(|cell| COLUMNS.contains(&cell.as_str())).count()
    };
    let best = [b',', b';', b'\t'].into_iter().max_by_key(|&separator| known(separator))?;
    (known(best) > 0).then_some(best)
}

fn header_faults(header: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for column in COLUMNS.iter().filter(|column| !header.iter().any(|name| name == *column)) {
        faults.push(Fault::of_file(format!("lacks the column {column}")));
    }
    for (place, name) in header.iter().enumerate() {
        if header[..place].contains(name) {
            faults.push(Fault::of_file(format!("has the column {name} twice")));
        } else if !COLUMNS.contains(&name.as_str()) && name != SECTOR_2025 {
            faults.push(Fault::of_file(format!("has a column that is not known: {name}")));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(separator: &str, row: &str) -> String {
        format!("{}\r\n{}\r\n", COLUMNS.join(separator), row)
    }

    fn told(content: &str) -> Vec<String> {
        Table::read(content).err().unwrap_or_default().into_iter().map(|fault| fault.description).collect()
    }

    #[test]
    fn separators_and_a_byte_order_mark_do_not_matter() {
        for separator in [",", ";", "\t"] {
            let row = vec!["x"; COLUMNS.len()].join(separator);
            let content = format!("\u{feff}{}", file(separator, &row));
            let table = Table::read(&content).unwrap_or_else(|_| panic!("{separator:?}"));
            assert_eq!((table.rows.len(), table.rows[0].line, table.cell(0, "confidence")), (1, 2, "x"));
            assert_eq!(table.cell(0, SECTOR_2025), "");
        }
    }

    #[test]
    fn cells_are_read_by_column_and_empty_lines_passed_over() {
        let cells: Vec<String> = COLUMNS.iter().map(|column| format!("\" {column}, quoted\"")).collect();
        let table = Table::read(&file(",", &format!("{}\r\n,,,\r\n", cells.join(",")))).unwrap();
        assert_eq!(table.rows.len(), 1);
        assert!(COLUMNS.iter().all(|column| table.cell(0, column) == format!("{column}, quoted")));
    }

    #[test]
    fn a_file_of_another_form_is_refused_with_the_reason() {
        let full = vec![""; COLUMNS.len()].join(",");
        let row = format!("x{full}");
        assert_eq!(told(""), ["has no line that names its columns"]);
        assert_eq!(told("a,b\n1,2\n"), ["has no line that names its columns"]);
        assert_eq!(told(&COLUMNS.join(",")), ["has no rows"]);
        assert_eq!(
            told(&file(",", &row).replace("name_vi", "name_en")),
            ["lacks the column name_vi", "has a column that is not known: name_en"]
        );
        assert_eq!(
            told(&file(",", &row).replace("name_vi", "source")),
            ["lacks the column name_vi", "has the column source twice"]
        );
        assert_eq!(told(&file(",", "x,y")), ["has 2 cells where the first line names 20 columns"]);
        assert_eq!(
            told(&file(",", &format!("{row}\n").repeat(ROWS_MAX + 1))),
            ["has 5001 rows; at most 5000 are taken at once"]
        );
    }
}
