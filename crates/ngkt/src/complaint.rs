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

/// An error and what caused it, each cause once. What the platform tells its callers of an internal error is no news to
/// an operator: there the cause stands alone.
impl<E: Error + 'static> From<E> for Complaint {
    fn from(error: E) -> Complaint {
        let internal =
            (&error as &dyn Error).downcast_ref::<chassis::Error>().filter(|error| error.reason() == "INTERNAL");
        let mut next = Some(&error as &dyn Error);
        if internal.is_some_and(|error| error.cause().is_some()) {
            next = error.source();
        }
        let mut words = String::new();
        while let Some(cause) = next {
            let more = cause.to_string();
            if words.is_empty() {
                words = more;
            } else if !words.contains(&more) {
                words = format!("{words}: {more}");
            }
            next = cause.source();
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

    #[test]
    fn an_internal_error_is_told_by_its_cause() {
        let error = chassis::Error::internal(std::io::Error::other("no space left"));
        assert_eq!(Complaint::from(error).to_string(), "no space left");
        let error = chassis::Error::not_found("countries/QQ");
        assert_eq!(Complaint::from(error).to_string(), "NOT_FOUND: countries/QQ was not found");
    }
}
