//! Statements as an operator sees them: how long each kind takes, and where in a trace. Nothing of what they are about: the
//! text has places for values, never values. Where nobody wants to know, nothing is measured.

use std::fmt::Write as _;

use chassis::telemetry::{self, catalogue, trace};
use opentelemetry::KeyValue;
use sea_orm::{DatabaseConnection, DbBackend, Statement};

/// The most of a statement's text that a span keeps, in bytes.
const TEXT_MAX: usize = 1_024;

/// Names of tables are short; longer words are no such.
const TABLE_MAX: usize = 40;

/// What statements begin with. Others are told together.
const OPERATIONS: [&str; 5] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];

/// Has the statements of a connection of `service` measured, if telemetry is sent anywhere.
pub(crate) fn observe(db: &mut DatabaseConnection, service: &str) {
    if !telemetry::counts() {
        return;
    }
    let service: std::sync::Arc<str> = service.into();
    let system = match db.get_database_backend() {
        DbBackend::Postgres => "postgresql",
        _ => "sqlite",
    };
    db.set_metric_callback(move |info| {
        let operation = operation(&info.statement.sql);
        let seconds = info.elapsed.as_secs_f64();
        catalogue::STATEMENT_DURATION.record(seconds, [service.clone().into(), operation.into()]);
        trace::ended(info.elapsed, info.failed, || {
            let attributes = vec![
                KeyValue::new("db.system.name", system),
                KeyValue::new("db.operation.name", operation),
                KeyValue::new("db.query.text", text(info.statement)),
            ];
            (name(operation, &info.statement.sql), attributes)
        });
    });
}

/// What a statement does; a savepoint may ride in front of it.
fn operation(sql: &str) -> &'static str {
    let begin = sql.rsplit("SAVEPOINT job; ").next().unwrap_or(sql).trim_start();
    let first = begin.split([' ', '\n', '(']).next().unwrap_or_default();
    OPERATIONS.iter().find(|known| known.eq_ignore_ascii_case(first)).copied().unwrap_or("OTHER")
}

/// `SELECT country`: what is done, and the first table that is named.
fn name(operation: &str, sql: &str) -> String {
    let mut name = String::from(operation);
    let mut words = sql.split_whitespace();
    let tables = ["FROM", "INTO", "UPDATE"];
    while let Some(word) = words.next() {
        if tables.iter().any(|before| before.eq_ignore_ascii_case(word))
            && let Some(table) = words.next()
        {
            let table = table.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let known = !table.is_empty() && table.len() <= TABLE_MAX && !table.contains(['"', '\'']);
            if known && !tables.iter().any(|before| before.eq_ignore_ascii_case(table)) {
                let _ = write!(name, " {table}");
                break;
            }
        }
    }
    name
}

/// The text, cut. One without places for values might have values in it, and is not told.
fn text(statement: &Statement) -> String {
    let has_text_in_it = statement.sql.contains('\'');
    match has_text_in_it {
        true => String::new(),
        false => {
            let mut end = statement.sql.len().min(TEXT_MAX);
            while !statement.sql.is_char_boundary(end) {
                end -= 1;
            }
            statement.sql[..end].to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_by_what_it_does_and_to_what() {
        for (sql, expected) in [
            (r#"SELECT "country"."id" FROM "country" WHERE "id" = ?"#, "SELECT country"),
            (r#"SAVEPOINT job; INSERT INTO "change" ("time") VALUES (?)"#, "INSERT change"),
            (r#"RELEASE job; SAVEPOINT job; UPDATE "job" SET "epoch" = ?"#, "UPDATE job"),
            (r#"WITH w0 AS (INSERT INTO "a" VALUES ($1) RETURNING 1) SELECT 1 FROM w0"#, "WITH a"),
            ("ROLLBACK TO job", "OTHER"),
        ] {
            assert_eq!(name(operation(sql), sql), expected, "{sql}");
        }
    }

    #[test]
    fn a_text_with_values_in_it_is_not_told() {
        let told = |sql: &str| text(&Statement::from_string(DbBackend::Sqlite, sql));
        assert_eq!(told("SELECT 1 FROM contact WHERE name = 'Lan'"), "");
        assert_eq!(told("SELECT 1 FROM contact WHERE name = ?"), "SELECT 1 FROM contact WHERE name = ?");
        assert_eq!(told(&"ư".repeat(1_000)).len(), TEXT_MAX);
    }
}
