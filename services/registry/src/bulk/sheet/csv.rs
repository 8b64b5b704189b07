//! Comma-separated values, in UTF-8.

use chassis::error::{Error, Result};
use unicode_normalization::UnicodeNormalization;

use super::super::fault::Fault;
use super::{Book, Cell, Filling, Sheet};

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The mark that makes a spreadsheet take a cell for text.
const TEXT: char = '\'';

const MARK: &str = "\u{feff}";

/// Reads a file, with or without byte order mark, with commas, semicolons or tabs.
pub fn read(content: &[u8], known: impl Fn(&str) -> bool) -> Result<Sheet, Vec<Fault>> {
    let utf8 = |_| vec![Fault::of_file("is not UTF-8; save it as “CSV UTF-8”, or as XLSX")];
    let content = std::str::from_utf8(content).map_err(utf8)?;
    let content = content.strip_prefix(MARK).unwrap_or(content);
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(separator(content, known)).flexible(true).has_headers(false);
    let mut lines = Lines { content, byte: 0, line: 1 };
    let mut filling = Filling::new();
    for record in builder.from_reader(content.as_bytes()).into_records() {
        let record = record.map_err(|error| vec![Fault::of_file(format!("is not CSV: {error}"))])?;
        let line = lines.of(&record);
        filling.take(line, record.iter().map(cell).collect())?;
    }
    Ok(filling.sheet)
}

fn cell(text: &str) -> Cell {
    let text = match unmarked(text) {
        Some(text) => text.nfc().collect(),
        None => text.trim().nfc().collect::<String>(),
    };
    if text.trim().is_empty() { Cell::Empty } else { Cell::Text(text) }
}

/// The text that was marked as such, for a spreadsheet would have taken it for a formula.
fn unmarked(text: &str) -> Option<&str> {
    text.strip_prefix(TEXT).filter(|rest| rest.trim_start_matches(TEXT).starts_with(FORMULA))
}

/// The separator under which the first line names the most of the columns that mean something.
fn separator(content: &str, known: impl Fn(&str) -> bool) -> u8 {
    let first = content.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let named = |separator: &u8| {
        let cells = first.split(char::from(*separator)).map(|cell| cell.trim().trim_matches('"').trim());
        cells.filter(|cell| known(cell)).count()
    };
    // Of equals the last is the greatest: commas are what is meant if nothing tells.
    [b'\t', b';', b','].into_iter().max_by_key(named).unwrap_or(b',')
}

/// On which lines rows begin. The reader counts lines too, but with line ends of Windows it is one behind.
struct Lines<'a> {
    content: &'a str,
    byte: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, record: &csv::StringRecord) -> usize {
        let at = record.position().map_or(self.byte, |position| position.byte() as usize);
        let rest = self.content.as_bytes().get(at..).unwrap_or_default();
        let start = at + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self.content.as_bytes().get(self.byte..start).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.byte = start;
        self.line
    }
}

/// Writes a file, with a byte order mark, by which spreadsheets know UTF-8.
pub fn write(book: &Book<'_>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(MARK.as_bytes().to_vec());
    writer.write_record(&book.header).map_err(Error::internal)?;
    for row in &book.rows {
        writer.write_record(row.iter().map(written)).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|error| Error::internal(error.to_string()))
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) if text.trim_start_matches(TEXT).starts_with(FORMULA) => format!("{TEXT}{text}"),
        Cell::Text(text) | Cell::Day(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_marks_and_line_ends_do_not_matter() {
        for separator in [",", ";", "\t"] {
            let content = format!("\u{feff}name{separator}displayName\r\n\r\nx{separator}Ba\u{306}\u{301}c Giang\r\n");
            let sheet = read(content.as_bytes(), |name| ["name", "displayName"].contains(&name)).expect("it is read");
            assert_eq!(sheet.header, ["name", "displayName"], "{separator:?}");
            assert_eq!((sheet.rows.len(), sheet.rows[0].number), (1, 3), "{separator:?}");
            assert_eq!(sheet.rows[0].cells[1], Cell::Text("Bắc Giang".into()), "{separator:?}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_said_so() {
        let faults = read(b"name\nB\xe1c", |_| true).expect_err("not UTF-8");
        assert!(faults[0].description.contains("UTF-8"), "{faults:?}");
    }
}
