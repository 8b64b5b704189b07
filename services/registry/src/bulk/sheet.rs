//! Files as tables: a row of column names, and rows of cells.

mod csv;
mod xlsx;

use api::registry::v1::bulk_file::Format;
use chassis::error::Result;

use super::fault::Fault;

/// The most rows, columns and letters of a cell that are taken in.
pub const ROWS_MAX: usize = 5_000;
pub const COLUMNS_MAX: usize = 1_000;
pub const LETTERS_MAX: usize = 32_767;

/// The mark with which the first cell of an explaining row begins; such rows are passed over.
pub const REMARK: char = '#';

/// A cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// Nothing, or blanks.
    #[default]
    Empty,
    /// Words, without blanks around them, in composed form.
    Text(String),
    /// A number that the file holds as one.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A day that the file holds as one, YYYY-MM-DD.
    Day(String),
}

/// A row of cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The row of the sheet, or the line of the text on which it begins, counted from 1.
    pub number: i32,
    pub cells: Vec<Cell>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sheet {
    /// The names of the columns.
    pub header: Vec<String>,
    pub rows: Vec<Row>,
}

/// A file to be written: its table, and for a workbook a second one besides.
pub struct Book<'a> {
    /// What the first sheet is called.
    pub title: &'a str,
    pub header: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
    /// What the second sheet is called, and its rows.
    pub second: Option<(&'a str, Vec<Vec<Cell>>)>,
}

/// Reads a file. `known` says which names of columns mean something, which tells the separator of a text.
pub fn read(format: Format, content: &[u8], known: impl Fn(&str) -> bool) -> Result<Sheet, Vec<Fault>> {
    let sheet = match format {
        Format::Csv => csv::read(content, known)?,
        Format::Xlsx => xlsx::read(content)?,
        Format::Unspecified => return Err(vec![Fault::of_file("must say how it is written: CSV or XLSX")]),
    };
    if sheet.header.iter().all(String::is_empty) {
        return Err(vec![Fault::of_file("has no first row that names its columns")]);
    }
    Ok(sheet)
}

/// Writes a file.
pub fn write(format: Format, book: &Book<'_>) -> Result<Vec<u8>> {
    match format {
        Format::Csv => csv::write(book),
        Format::Xlsx | Format::Unspecified => xlsx::write(book),
    }
}

/// A sheet being read: refuses what is too much as soon as it comes.
struct Filling {
    sheet: Sheet,
    /// Whether the row of names was met.
    named: bool,
}

impl Filling {
    fn new() -> Self {
        Self { sheet: Sheet::default(), named: false }
    }

    /// Takes the next row.
    fn take(&mut self, number: usize, mut cells: Vec<Cell>) -> Result<(), Vec<Fault>> {
        while cells.last() == Some(&Cell::Empty) {
            cells.pop();
        }
        if cells.len() > COLUMNS_MAX {
            let why = format!("has {} columns in row {number}; at most {COLUMNS_MAX} are taken", cells.len());
            return Err(vec![Fault::of_file(why)]);
        }
        let long = |cell: &Cell| matches!(cell, Cell::Text(text) if text.chars().nth(LETTERS_MAX).is_some());
        if cells.iter().any(long) {
            let why = format!("has a cell of more than {LETTERS_MAX} letters in row {number}");
            return Err(vec![Fault::of_file(why)]);
        }
        if !self.named {
            self.named = !cells.is_empty();
            let name = |cell: Cell| if let Cell::Text(name) = cell { name } else { String::new() };
            self.sheet.header = cells.into_iter().map(name).collect();
            return Ok(());
        }
        let remark = matches!(cells.first(), Some(Cell::Text(text)) if text.starts_with(REMARK));
        if cells.is_empty() || remark {
            return Ok(());
        }
        if self.sheet.rows.len() == ROWS_MAX {
            return Err(vec![Fault::of_file(format!("has more than {ROWS_MAX} rows; take them in several files"))]);
        }
        self.sheet.rows.push(Row { number: i32::try_from(number).unwrap_or(i32::MAX), cells });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &str) -> Cell {
        Cell::Text(words.to_owned())
    }

    fn book<'a>(rows: Vec<Vec<Cell>>) -> Book<'a> {
        Book { title: "themes", header: vec!["name".into(), "displayName".into()], rows, second: None }
    }

    #[test]
    fn what_is_written_is_read_again_the_same() {
        let written = vec![
            vec![text("themes/a"), text("Chuyển đổi xanh, \"số\"\nvà tuần hoàn")],
            vec![text("themes/b"), text("=1+1")],
            vec![text("themes/c"), text("'=1+1")],
            vec![text("themes/d"), text("''@x")],
            vec![text("themes/e"), text("-5 độ")],
            vec![text("themes/f"), text("'nháy")],
            vec![text("themes/g"), text("Đ/đ; ; 越南")],
        ];
        for format in [Format::Csv, Format::Xlsx] {
            let bytes = write(format, &book(written.clone())).expect("it is written");
            let sheet = read(format, &bytes, |name| name == "displayName").expect("it is read");
            assert_eq!(sheet.header, ["name", "displayName"]);
            let read: Vec<_> = sheet.rows.into_iter().map(|row| row.cells).collect();
            assert_eq!(read, written, "{format:?}");
        }
    }

    #[test]
    fn no_text_of_a_csv_file_is_a_formula() {
        let rows = ["=1+1", "+84", "-1", "@SUM(A1)", "'=x", "\tx", "\rx"].map(|it| vec![text("themes/a"), text(it)]);
        let bytes = write(Format::Csv, &book(rows.into())).expect("it is written");
        let content = String::from_utf8(bytes).expect("it is text");
        for cell in content.lines().skip(1).filter_map(|line| line.split_once(',')).map(|(_, cell)| cell) {
            let bare = cell.trim_start_matches('"');
            assert!(!bare.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?} in {content:?}");
        }
    }

    #[test]
    fn too_much_is_refused() {
        let header = b"name,displayName\n".to_vec();
        let rows = [header.clone(), b"a,b\n".repeat(ROWS_MAX + 1)].concat();
        let columns = [header.clone(), b",".repeat(COLUMNS_MAX + 1), b"x\n".to_vec()].concat();
        let cell = [header.clone(), "đ".repeat(LETTERS_MAX + 1).into_bytes()].concat();
        for (content, told) in [(rows, "rows"), (columns, "columns"), (cell, "letters"), (b"\n".to_vec(), "first row")]
        {
            let faults = read(Format::Csv, &content, |name| name == "displayName").expect_err(told);
            assert!(faults[0].description.contains(told), "{faults:?}");
        }
        let most = [header, b"a,b\n".repeat(ROWS_MAX)].concat();
        assert_eq!(read(Format::Csv, &most, |_| true).map(|sheet| sheet.rows.len()), Ok(ROWS_MAX));
    }
}
