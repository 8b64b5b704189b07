//! What was found: a line for people, an object for machines.

use std::fmt;

use serde_json::{Value, json};

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Ok,
    Warning,
    Problem,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Problem => "problem",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug)]
pub struct Finding {
    pub state: State,
    /// What was looked at, such as `database of events`.
    pub check: String,
    /// How it is.
    pub what: String,
    /// What to do about it; empty if nothing.
    pub todo: String,
}

impl Finding {
    pub fn ok(check: impl Into<String>, what: impl Into<String>) -> Finding {
        Finding { state: State::Ok, check: check.into(), what: what.into(), todo: String::new() }
    }

    pub fn warning(check: impl Into<String>, what: impl Into<String>, todo: impl Into<String>) -> Finding {
        Finding { state: State::Warning, check: check.into(), what: what.into(), todo: todo.into() }
    }

    pub fn problem(check: impl Into<String>, what: impl Into<String>, todo: impl Into<String>) -> Finding {
        Finding { state: State::Problem, ..Finding::warning(check, what, todo) }
    }

    /// Of a figure that should be small: well up to `warning`, bad from `problem` on.
    pub fn of_size(
        check: impl Into<String>,
        figure: f64,
        [warning, problem]: [f64; 2],
        what: impl Into<String>,
        todo: impl Into<String>,
    ) -> Finding {
        match figure {
            _ if figure >= problem => Finding::problem(check, what, todo),
            _ if figure >= warning => Finding::warning(check, what, todo),
            _ => Finding::ok(check, what),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A cause may have several lines; a finding has one.
        let what = self.what.split_whitespace().collect::<Vec<_>>().join(" ");
        write!(f, "{:8}{}: {what}", self.state.name(), self.check)?;
        if !self.todo.is_empty() {
            write!(f, ". To do: {}", self.todo)?;
        }
        Ok(())
    }
}

/// All findings, and how it is in all.
pub fn json(findings: &[Finding]) -> Value {
    let worst = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok);
    let told: Vec<Value> = findings
        .iter()
        .map(|it| json!({"state": it.state.name(), "check": it.check, "what": it.what, "todo": it.todo}))
        .collect();
    json!({"state": worst.name(), "findings": told})
}
