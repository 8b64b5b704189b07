//! What an error of the database means to whoever asked.

use chassis::error::Error;
use chassis::telemetry::catalogue;
use sea_orm::sqlx::{self, error::DatabaseError};
use sea_orm::{DbErr, RuntimeErr};

/// What a caller is told to have failed; names no technology.
const DATABASE: &str = "the database";

/// The failure that an error of the database is: `UNAVAILABLE`, to be tried again, if the database is away, busy,
/// read-only or full; `INTERNAL` otherwise. For use as `.map_err(store::database)?`.
pub fn database(error: DbErr) -> Error {
    if matches!(error, DbErr::ConnectionAcquire(_)) {
        catalogue::POOL_TIMEOUTS.record(1.0, []);
    }
    match kind(&error) {
        Kind::Away | Kind::Again => Error::unavailable(DATABASE).because(error),
        Kind::Taken(_) | Kind::Other => Error::internal(error),
    }
}

/// Whether an error says that the database is away, read-only or full.
pub(crate) fn is_of_database(error: &Error) -> bool {
    error.code() == tonic::Code::Unavailable && error.metadata().get("service").is_some_and(|told| told == DATABASE)
}

/// What an error is, as far as anything depends on it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The database cannot be reached, or cannot write just now.
    Away,
    /// Nothing is wrong with the transaction but its moment: repeat it.
    Again,
    /// A unique index has the value already.
    Taken(Taken),
    /// Anything else is a fault of ours.
    Other,
}

/// A unique index that has a value already.
#[derive(Debug, PartialEq, Eq, Clone)]
pub(crate) struct Taken {
    /// The table.
    pub table: String,
    /// What the database says of the index: its name, or `table.column` of each of its columns.
    pub index: String,
}

pub(crate) fn kind(error: &DbErr) -> Kind {
    match error {
        DbErr::ConnectionAcquire(_) => Kind::Away,
        // A server that takes no connection is away, whatever it says: with a full disk, that of an internal error.
        DbErr::Conn(RuntimeErr::SqlxError(cause)) if matches!(cause.as_ref(), sqlx::Error::Database(_)) => Kind::Away,
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => match cause.as_ref() {
            sqlx::Error::Database(told) => told_kind(told.as_ref()),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => Kind::Away,
            _ => Kind::Other,
        },
        _ => Kind::Other,
    }
}

fn told_kind(told: &dyn DatabaseError) -> Kind {
    if told.is_unique_violation() {
        return Kind::Taken(taken(told));
    }
    let code = told.code().unwrap_or_default();
    match told.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        Some(_) => postgres_kind(&code),
        None => code.parse().map_or(Kind::Other, sqlite_kind),
    }
}

/// SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
fn postgres_kind(state: &str) -> Kind {
    match state {
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => Kind::Again,
        // read_only_sql_transaction (a standby, or a full disk), lock_not_available, query_canceled (by a timeout),
        // idle_in_transaction_session_timeout
        "25006" | "55P03" | "57014" | "25P03" => Kind::Away,
        // connection exceptions, insufficient resources (also disk full), operator intervention (shutdown, starting up),
        // errors of the system under it (input and output)
        _ if ["08", "53", "57P", "58"].iter().any(|class| state.starts_with(class)) => Kind::Away,
        _ => Kind::Other,
    }
}

/// Result codes: https://www.sqlite.org/rescode.html; the low byte is the primary one.
fn sqlite_kind(code: i32) -> Kind {
    match code & 0xFF {
        // BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN
        5 | 6 | 8 | 10 | 13 | 14 => Kind::Away,
        _ => Kind::Other,
    }
}

fn taken(told: &dyn DatabaseError) -> Taken {
    if let (Some(table), Some(index)) = (told.table(), told.constraint()) {
        return Taken { table: table.to_owned(), index: index.to_owned() };
    }
    // SQLite: "UNIQUE constraint failed: country.id"
    let columns = told.message().rsplit(": ").next().unwrap_or_default();
    let table = columns.split('.').next().unwrap_or_default();
    Taken { table: table.to_owned(), index: columns.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_is_wrong() {
        for (state, kind) in [
            ("40001", Kind::Again),
            ("40P01", Kind::Again),
            ("25006", Kind::Away),
            ("57P03", Kind::Away),
            ("53100", Kind::Away),
            ("08006", Kind::Away),
            ("58030", Kind::Away),
            ("42601", Kind::Other),
            ("23503", Kind::Other),
        ] {
            assert_eq!(postgres_kind(state), kind, "{state}");
        }
        for (code, kind) in [(5, Kind::Away), (517, Kind::Away), (13, Kind::Away), (1, Kind::Other), (787, Kind::Other)]
        {
            assert_eq!(sqlite_kind(code), kind, "{code}");
        }
    }
}
