//! Workbooks of Office Open XML.

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, Xlsx, XlsxError};
use chassis::error::{Error, Result};
use chrono::{Days, NaiveDate};
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use unicode_normalization::UnicodeNormalization;
use zip::ZipArchive;

use super::super::fault::Fault;
use super::{Book, COLUMNS_MAX, Cell, Filling, ROWS_MAX, Sheet};

/// What a workbook may unpack to. A kilobyte may unpack to a gigabyte.
const UNPACKED_MAX: u64 = 64 << 20;

/// The most files in the archive that a workbook is.
const ENTRIES_MAX: usize = 1_000;

/// The last row that may hold something: remarks and empty rows may stand between the others.
const LAST_ROW: u32 = 4 * ROWS_MAX as u32;

/// The width of the columns of a sheet that is given out, in letters.
const WIDTH: f64 = 24.0;

fn broken(error: impl std::fmt::Display) -> Vec<Fault> {
    vec![Fault::of_file(format!("is not a workbook that can be read: {error}"))]
}

/// Reads the first sheet of a workbook.
pub fn read(content: &[u8]) -> Result<Sheet, Vec<Fault>> {
    unpacks(content)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(content)).map_err(broken)?;
    let name = book.sheet_names().first().cloned().ok_or_else(|| vec![Fault::of_file("has no sheet")])?;
    let is_1904 = book.has_1904_epoch();
    let mut cells = book.worksheet_cells_reader(&name).map_err(broken)?;
    let mut filling = Filling::new();
    let mut current: (u32, Vec<Cell>) = (0, Vec::new());
    // Cells come in the order of the file; a dense table of all that the sheet claims to span may fill any memory.
    while let Some(found) = cells.next_cell().map_err(|error: XlsxError| broken(error))? {
        let (row, column) = found.get_position();
        if *found.get_value() == DataRef::Empty {
            continue;
        }
        if column as usize >= COLUMNS_MAX {
            return Err(vec![Fault::of_file(format!("has more than {COLUMNS_MAX} columns in row {}", row + 1))]);
        }
        if row > LAST_ROW {
            let why = format!("has a cell in row {}; at most {ROWS_MAX} rows are taken", u64::from(row) + 1);
            return Err(vec![Fault::of_file(why)]);
        }
        if row < current.0 {
            return Err(broken("its rows do not stand in their order"));
        }
        if row > current.0 {
            let (done, cells) = std::mem::replace(&mut current, (row, Vec::new()));
            filling.take(done as usize + 1, cells)?;
        }
        let column = column as usize;
        if current.1.len() <= column {
            current.1.resize(column + 1, Cell::Empty);
        }
        current.1[column] = cell(found.get_value(), is_1904).map_err(|why| {
            vec![Fault::of_file(format!("has a cell that {why} in row {}, column {}", row + 1, column + 1))]
        })?;
    }
    filling.take(current.0 as usize + 1, current.1)?;
    Ok(filling.sheet)
}

/// Refuses an archive that unpacks to more than is good, whatever it says of itself.
fn unpacks(content: &[u8]) -> Result<(), Vec<Fault>> {
    let mut archive = ZipArchive::new(Cursor::new(content)).map_err(broken)?;
    if archive.len() > ENTRIES_MAX {
        return Err(broken(format!("it holds {} files", archive.len())));
    }
    let mut left = UNPACKED_MAX;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(broken)?;
        let read = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink()).map_err(broken)?;
        if read > left {
            let why = format!("unpacks to more than {} MiB", UNPACKED_MAX >> 20);
            return Err(vec![Fault::of_file(why)]);
        }
        left -= read;
    }
    Ok(())
}

fn cell(value: &DataRef<'_>, is_1904: bool) -> Result<Cell, &'static str> {
    let text = |text: &str| match text.trim() {
        "" => Cell::Empty,
        text => Cell::Text(text.nfc().collect()),
    };
    Ok(match value {
        DataRef::Empty => Cell::Empty,
        DataRef::String(words) => text(words),
        DataRef::SharedString(words) => text(words),
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Bool(flag) => Cell::Flag(*flag),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            Cell::Day(day(moment.as_f64(), is_1904).ok_or("holds no day")?)
        }
        DataRef::DateTime(_) | DataRef::DurationIso(_) => return Err("holds a stretch of time"),
        DataRef::DateTimeIso(moment) => Cell::Day(moment.chars().take(10).collect()),
        DataRef::Error(_) => return Err("holds an error of a formula"),
    })
}

/// The day of a serial number. Workbooks count from 1900 as if that had been a leap year, or from 1904.
fn day(serial: f64, is_1904: bool) -> Option<String> {
    let days = serial.floor();
    if !(0.0..3_000_000.0).contains(&days) {
        return None;
    }
    let (year, month, first) = if is_1904 { (1904, 1, 1) } else { (1899, 12, 30) };
    let epoch = NaiveDate::from_ymd_opt(year, month, first)?;
    Some(epoch.checked_add_days(Days::new(days as u64))?.to_string())
}

/// Writes a workbook. Texts are texts there: none is a formula.
pub fn write(book: &Book<'_>) -> Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let bold = Format::new().set_bold();
    let sheet = workbook.add_worksheet();
    sheet.set_name(book.title).map_err(Error::internal)?;
    for (column, name) in book.header.iter().enumerate() {
        sheet.write_string_with_format(0, at(column)?, name, &bold).map_err(Error::internal)?;
    }
    fill(sheet, 1, &book.rows, book.header.len())?;
    sheet.set_freeze_panes(1, 0).map_err(Error::internal)?;
    if let Some((title, rows)) = &book.second {
        let sheet = workbook.add_worksheet();
        sheet.set_name(*title).map_err(Error::internal)?;
        fill(sheet, 0, rows, rows.iter().map(Vec::len).max().unwrap_or_default())?;
    }
    workbook.save_to_buffer().map_err(Error::internal)
}

fn fill(sheet: &mut Worksheet, first: u32, rows: &[Vec<Cell>], columns: usize) -> Result<()> {
    for column in 0..columns {
        sheet.set_column_width(at(column)?, WIDTH).map_err(Error::internal)?;
    }
    for (row, cells) in (first..).zip(rows) {
        for (column, cell) in cells.iter().enumerate() {
            let column = at(column)?;
            match cell {
                Cell::Empty => continue,
                Cell::Text(text) | Cell::Day(text) => sheet.write_string(row, column, text),
                Cell::Number(number) => sheet.write_number(row, column, *number),
                Cell::Flag(flag) => sheet.write_string(row, column, if *flag { "yes" } else { "no" }),
            }
            .map_err(Error::internal)?;
        }
    }
    Ok(())
}

fn at(column: usize) -> Result<u16> {
    u16::try_from(column).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use zip::write::SimpleFileOptions;

    fn told(content: &[u8]) -> String {
        read(content).expect_err("it is refused").remove(0).description
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, SimpleFileOptions::default()).expect("a file begins");
            zip.write_all(content).expect("it is written");
        }
        zip.finish().expect("it ends").into_inner()
    }

    #[test]
    fn bombs_and_other_files_are_refused() {
        assert!(told(b"name,displayName\n").contains("not a workbook"));
        assert!(told(&archive(&[("hello.txt", b"xin chao")])).contains("not a workbook"));
        let zeros = vec![0_u8; (UNPACKED_MAX + 1) as usize];
        let bomb = archive(&[("xl/workbook.xml", &zeros)]);
        assert!(bomb.len() < 1 << 20, "it is small before it is unpacked");
        assert!(told(&bomb).contains("unpacks to more than 64 MiB"));
        let many: Vec<(String, &[u8])> = (0..=ENTRIES_MAX).map(|n| (n.to_string(), &b""[..])).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(name, content)| (name.as_str(), *content)).collect();
        assert!(told(&archive(&many)).contains("1001 files"));
    }

    #[test]
    fn a_sheet_that_spans_everything_is_refused_and_not_filled() {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.write_string(0, 0, "name").expect("written");
        sheet.write_string(1_048_575, 0, "x").expect("written");
        assert!(told(&workbook.save_to_buffer().expect("saved")).contains("row 1048576"));
        let mut workbook = Workbook::new();
        workbook.add_worksheet().write_string(0, 16_383, "name").expect("written");
        assert!(told(&workbook.save_to_buffer().expect("saved")).contains("columns"));
    }

    #[test]
    fn numbers_flags_and_days_are_what_the_sheet_says() {
        let mut workbook = Workbook::new();
        let date = Format::new().set_num_format("dd/mm/yyyy");
        let sheet = workbook.add_worksheet();
        for (column, name) in ["a", "b", "c", "d"].iter().enumerate() {
            sheet.write_string(0, column as u16, *name).expect("written");
        }
        sheet.write_number(1, 0, 4.46).expect("written");
        sheet.write_boolean(1, 1, true).expect("written");
        sheet.write_number_with_format(1, 2, 45_839.0, &date).expect("written");
        sheet.write_string(1, 3, "Ba\u{306}\u{301}c Giang ").expect("written");
        let sheet = read(&workbook.save_to_buffer().expect("saved")).expect("it is read");
        let expected =
            [Cell::Number(4.46), Cell::Flag(true), Cell::Day("2025-07-01".into()), Cell::Text("Bắc Giang".into())];
        assert_eq!((sheet.rows[0].number, &sheet.rows[0].cells[..]), (2, &expected[..]));
        assert_eq!(day(0.0, true).as_deref(), Some("1904-01-01"));
    }
}
