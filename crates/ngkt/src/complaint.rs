//! What an operator is told when a command fails.

use std::error::Error;
use std::fmt::{self, Debug, Display};

/// One clear line, or a few where a file has several faults.
pub struct Complaint(String);

impl Complaint {
    /// A complaint in these words.
    pub fn new(words: impl Into<String>) -> Complaint {
        Complaint(words.into())
    }
}

impl Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Debug for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error and what caused it, each cause once.
impl<E: Error> From<E> for Complaint {
    fn from(error: E) -> Complaint {
        let mut words = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let more = error.to_string();
            if !words.contains(&more) {
                words = format!("{words}: {more}");
            }
            cause = error.source();
        }
        Complaint(words)
    }
}

/// Says what was being done when it failed.
pub(crate) trait While<T> {
    /// Puts `doing` before the complaint, such as "reading figures.csv".
    fn while_doing(self, doing: impl FnOnce() -> String) -> Result<T, Complaint>;
}

impl<T, E: Into<Complaint>> While<T> for Result<T, E> {
    fn while_doing(self, doing: impl FnOnce() -> String) -> Result<T, Complaint> {
        self.map_err(|error| Complaint(format!("{}: {}", doing(), error.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let cause = std::io::Error::other("no space left");
        let error = std::io::Error::other(cause);
        assert_eq!(Complaint::from(error).to_string(), "no space left");
    }
}
