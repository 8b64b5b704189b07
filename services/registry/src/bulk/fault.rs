//! What is wrong with a file: rows and fields by name, as many as an answer holds.

use api::options::v1::Failure;
use chassis::error::Error;

/// The most faults that an answer names: a file with one wrong column has one a row.
pub const FAULTS_MAX: usize = 100;

/// Something wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The record, counted from 0, and the row or line in which it stands, counted from 1; none for the file as such.
    pub row: Option<(usize, i32)>,
    /// The path of the column; empty for the row as such.
    pub column: String,
    pub description: String,
}

impl Fault {
    pub fn of_file(description: impl Into<String>) -> Self {
        Self { row: None, column: String::new(), description: description.into() }
    }

    pub fn at(row: (usize, i32), column: impl Into<String>, description: impl Into<String>) -> Self {
        Self { row: Some(row), column: column.into(), description: description.into() }
    }

    fn field(&self) -> String {
        match (self.row, self.column.as_str()) {
            (None, _) => "content".into(),
            (Some((row, _)), "") => format!("rows[{row}]"),
            (Some((row, _)), column) => format!("rows[{row}].{column}"),
        }
    }

    fn sentence(self) -> String {
        match self.row {
            None => self.description,
            Some((_, line)) => format!("{} (row {line})", self.description),
        }
    }
}

/// The refusal of a file.
pub fn refused(faults: Vec<Fault>) -> Error {
    let more = faults.len().saturating_sub(FAULTS_MAX);
    let mut error = Error::of(Failure::InvalidArgument);
    for fault in faults.into_iter().take(FAULTS_MAX) {
        let field = fault.field();
        error = error.violation(field, fault.sentence());
    }
    if more > 0 {
        error = error.violation("content", format!("has {more} more faults"));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_rows_and_fields_and_counts_the_rest() {
        let mut faults = vec![Fault::of_file("has no rows"), Fault::at((3, 5), "source.citation", "is too long")];
        faults.extend((0..FAULTS_MAX).map(|row| Fault::at((row, 9), "", "is there already")));
        let error = refused(faults);
        let told: Vec<_> = error.violations().iter().map(|it| (it.field.as_str(), it.description.as_str())).collect();
        assert_eq!(told[..2], [("content", "has no rows"), ("rows[3].source.citation", "is too long (row 5)")]);
        assert_eq!(told.last(), Some(&("content", "has 2 more faults")));
        assert_eq!(told.len(), FAULTS_MAX + 1);
    }
}
