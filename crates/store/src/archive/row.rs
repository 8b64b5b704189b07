//! Rows as bytes. A cell is a byte for what it is and its content: 0 nothing; 1 a whole number, 8 bytes, big-endian; 2 text
//! and 3 bytes, each after its length in 4 bytes, big-endian; 4 false; 5 true. A row is its cells in the order of the
//! table's columns. The sum of a table is SHA-256 over the table's form in JSON and all of its rows, in the order of the key.

use chassis::error::{Error, Result};
use sea_orm::{DbBackend, DbErr, QueryResult, Value};
use sha2::{Digest, Sha256};

use super::form::{Kind, Table};

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Nothing,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
    Flag(bool),
}

impl Cell {
    /// For a statement; what is nothing is nothing of its kind.
    pub fn value(self, kind: Kind) -> Value {
        match (self, kind) {
            (Cell::Nothing, Kind::Integer) => Value::BigInt(None),
            (Cell::Nothing, Kind::Text) => Value::String(None),
            (Cell::Nothing, Kind::Bytes) => Value::Bytes(None),
            (Cell::Nothing, Kind::Flag) => Value::Bool(None),
            (Cell::Integer(number), _) => number.into(),
            (Cell::Text(text), _) => text.into(),
            (Cell::Bytes(bytes), _) => bytes.into(),
            (Cell::Flag(flag), _) => flag.into(),
        }
    }

    fn is(&self, kind: Kind) -> bool {
        matches!(
            (self, kind),
            (Cell::Nothing, _)
                | (Cell::Integer(_), Kind::Integer)
                | (Cell::Text(_), Kind::Text)
                | (Cell::Bytes(_), Kind::Bytes)
                | (Cell::Flag(_), Kind::Flag)
        )
    }
}

/// Reads the row of a query that [`Table::select`] made.
pub(super) fn read(table: &Table, backend: DbBackend, row: &QueryResult) -> Result<Vec<Cell>, DbErr> {
    let cell = |(index, kind)| {
        Ok(match kind {
            Kind::Integer => row.try_get_by::<Option<i64>, _>(index)?.map_or(Cell::Nothing, Cell::Integer),
            Kind::Text => row.try_get_by::<Option<String>, _>(index)?.map_or(Cell::Nothing, Cell::Text),
            Kind::Bytes => row.try_get_by::<Option<Vec<u8>>, _>(index)?.map_or(Cell::Nothing, Cell::Bytes),
            Kind::Flag if backend == DbBackend::Postgres => {
                row.try_get_by::<Option<bool>, _>(index)?.map_or(Cell::Nothing, Cell::Flag)
            }
            Kind::Flag => {
                row.try_get_by::<Option<i64>, _>(index)?.map_or(Cell::Nothing, |number| Cell::Flag(number != 0))
            }
        })
    };
    table.columns.iter().map(|column| column.kind).enumerate().map(cell).collect()
}

/// Appends a row's bytes.
pub(super) fn write(cells: &[Cell], into: &mut Vec<u8>) {
    let sized = |tag: u8, bytes: &[u8], into: &mut Vec<u8>| {
        into.push(tag);
        into.extend_from_slice(&u32::try_from(bytes.len()).expect("invariant: a cell is below 4 GiB").to_be_bytes());
        into.extend_from_slice(bytes);
    };
    for cell in cells {
        match cell {
            Cell::Nothing => into.push(0),
            Cell::Integer(number) => {
                into.push(1);
                into.extend_from_slice(&number.to_be_bytes());
            }
            Cell::Text(text) => sized(2, text.as_bytes(), into),
            Cell::Bytes(bytes) => sized(3, bytes, into),
            Cell::Flag(flag) => into.push(if *flag { 5 } else { 4 }),
        }
    }
}

/// The rows that these bytes are.
pub(super) fn parse(table: &Table, mut bytes: &[u8]) -> Result<Vec<Vec<Cell>>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let mut row = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            let cell = cell(&mut bytes).filter(|cell| cell.is(column.kind));
            row.push(cell.ok_or_else(|| Error::internal(format!("rows of {} cannot be read", table.name)))?);
        }
        rows.push(row);
    }
    Ok(rows)
}

fn cell(bytes: &mut &[u8]) -> Option<Cell> {
    let (tag, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(match tag {
        0 => Cell::Nothing,
        1 => {
            let (number, rest) = bytes.split_first_chunk::<8>()?;
            *bytes = rest;
            Cell::Integer(i64::from_be_bytes(*number))
        }
        2 => Cell::Text(String::from_utf8(sized(bytes)?.to_vec()).ok()?),
        3 => Cell::Bytes(sized(bytes)?.to_vec()),
        4 => Cell::Flag(false),
        5 => Cell::Flag(true),
        _ => return None,
    })
}

fn sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (content, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *bytes = rest;
    Some(content)
}

/// The sum of a table, as its rows come.
#[derive(Debug, Clone)]
pub struct Sum(Sha256);

impl Sum {
    /// Of a table of this form.
    pub fn of(table: &Table) -> Sum {
        let form = serde_json::to_vec(table).expect("invariant: a form is JSON");
        Sum(Sha256::new().chain_update(form))
    }

    /// Takes rows in.
    pub fn add(&mut self, rows: &[u8]) {
        self.0.update(rows);
    }

    /// In hexadecimal digits.
    pub fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::Column;
    use super::*;

    #[test]
    fn rows_survive_the_way_out_and_back_and_broken_ones_are_refused() {
        let column = |name: &str, kind| Column { name: name.to_owned(), kind };
        let columns = vec![
            column("a", Kind::Integer),
            column("b", Kind::Text),
            column("c", Kind::Bytes),
            column("d", Kind::Flag),
        ];
        let table = Table { name: "t".to_owned(), columns, key: vec!["a".to_owned()] };
        let rows = vec![
            vec![Cell::Integer(-7), Cell::Text("Huế".to_owned()), Cell::Bytes(vec![0, 255]), Cell::Flag(true)],
            vec![Cell::Integer(8), Cell::Nothing, Cell::Bytes(Vec::new()), Cell::Flag(false)],
        ];
        let mut bytes = Vec::new();
        rows.iter().for_each(|row| write(row, &mut bytes));
        assert_eq!(parse(&table, &bytes).unwrap(), rows);
        assert!(parse(&table, &bytes[..bytes.len() - 1]).is_err());
        assert!(parse(&table, &[2, 0, 0, 0, 1, b'x']).is_err(), "text where a number belongs");
    }
}
