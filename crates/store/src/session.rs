//! One transaction as the code inside of it sees it: statements one at a time, held writes before the next statement,
//! and a memory of what went wrong.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Lock, PoisonError};

use chassis::error::{Error, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult};
use sea_orm::{Statement, TransactionTrait};
use tokio::sync::{Mutex, MutexGuard};

use crate::failure::{Kind, database, kind};
use crate::held::{Added, HELD_MAX, Held, Refusal, What, combine};

pub(crate) struct Session {
    pub backend: DbBackend,
    state: Mutex<State>,
    /// Rows as they were read in this transaction.
    known: Lock<HashMap<RowKey, Known>>,
}

/// Table and id.
type RowKey = (&'static str, String);
/// What is known of a row.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub version: i64,
    /// The hash of the last change.
    pub change_hash: Vec<u8>,
    pub search_text: String,
}

struct State {
    link: Link,
    held: Vec<Held>,
    /// Why a held write was refused.
    refusal: Option<Error>,
    /// A statement failed: nothing of this transaction may stay.
    failed: Option<Fault>,
}

enum Link {
    /// PostgreSQL, and nothing was asked yet: the transaction begins with the first statement that needs one.
    Waiting {
        db: DatabaseConnection,
        /// What is held at the end is given back instead of sent, if it goes together with that of others.
        gives_back: bool,
    },
    /// PostgreSQL, in a transaction of its own.
    Alone(DatabaseTransaction),
    /// SQLite, before its turn in a transaction: nothing can be asked.
    Apart,
    /// SQLite, in a transaction with others.
    Shared(Share),
    /// Ended; whoever still holds it comes too late.
    Over,
}

/// A piece of work's part in a transaction on SQLite.
pub(crate) struct Share {
    pub transaction: Arc<DatabaseTransaction>,
    /// Opens the savepoint; goes before the first statement. None once it has.
    pub savepoint: Option<&'static str>,
    /// What is held at the end is given back instead of sent, if it goes together with that of others.
    pub gives_back: bool,
}

/// What went wrong in a transaction, besides what its code made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Repeating it may help: a deadlock, a serialization failure, a row that changed between read and write.
    Passing,
    /// The idempotency key was used before.
    Repeated,
    /// A statement came before its turn: run it again in a transaction.
    Blocked,
    /// A statement failed.
    Lasting,
}

/// How a session ended.
pub(crate) enum End {
    /// PostgreSQL: to be committed, or nothing was written at all.
    Open(Option<DatabaseTransaction>),
    /// SQLite: whether its savepoint was opened.
    Shared { touched: bool },
    /// Nothing was asked, and this is to be inserted together with what others insert.
    GivenBack(Vec<Added>),
}

impl Session {
    pub fn alone(db: DatabaseConnection, gives_back: bool) -> Session {
        Session::new(DbBackend::Postgres, Link::Waiting { db, gives_back })
    }

    /// For what may be worked out before its turn on SQLite, because it only adds.
    pub fn apart() -> Session {
        Session::new(DbBackend::Sqlite, Link::Apart)
    }

    pub fn shared(share: Share) -> Session {
        Session::new(DbBackend::Sqlite, Link::Shared(share))
    }

    fn new(backend: DbBackend, link: Link) -> Session {
        let state = State { link, held: Vec::new(), refusal: None, failed: None };
        Session { backend, state: Mutex::new(state), known: Lock::default() }
    }

    /// Holds a write until the next statement or the end.
    pub async fn hold(&self, held: Held) -> Result<()> {
        let mut state = self.state.lock().await;
        if matches!(state.link, Link::Over) {
            return Err(database(over()));
        }
        let again = state.held.iter().any(|other| other.row == held.row);
        if (again || state.held.len() >= HELD_MAX)
            && let Err(error) = state.flush(self.backend).await
        {
            return Err(state.refusal.take().unwrap_or_else(|| database(error)));
        }
        state.held.push(held);
        Ok(())
    }

    /// Ends the session: sends what is held if the work went well. No statement is taken afterwards. What a held write
    /// was refused for is truer than what the work made of it.
    pub async fn finish(&self, worked: Result<()>) -> (Result<()>, Option<Fault>, End) {
        let mut state = self.state.lock().await;
        if worked.is_ok()
            && let Some(inserts) = state.give_back()
        {
            state.link = Link::Over;
            return (Ok(()), None, End::GivenBack(inserts));
        }
        let mut result = match (worked, state.failed) {
            (Ok(()), None) => state.flush_last(self.backend).await.map_err(database),
            (Ok(()), Some(_)) => Err(Error::internal("a statement failed, and the work went on as if it had not")),
            (Err(error), _) => Err(error),
        };
        if let Some(refusal) = state.refusal.take() {
            result = Err(refusal);
        }
        let end = match std::mem::replace(&mut state.link, Link::Over) {
            Link::Waiting { .. } | Link::Apart | Link::Over => End::Open(None),
            Link::Alone(transaction) => End::Open(Some(transaction)),
            Link::Shared(share) => End::Shared { touched: share.savepoint.is_none() },
        };
        (result, state.failed, end)
    }

    pub fn remember(&self, table: &'static str, id: &str, row: Known) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((table, id.to_owned()), row);
    }

    pub fn recall(&self, table: &'static str, id: &str) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(table, id.to_owned())).cloned()
    }

    async fn ready(&self) -> Result<MutexGuard<'_, State>, DbErr> {
        let mut state = self.state.lock().await;
        state.flush(self.backend).await?;
        Ok(state)
    }

    /// Sends what is held, so that what it is refused for is known.
    pub async fn settle(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        match state.flush(self.backend).await {
            Ok(()) => Ok(()),
            Err(error) => Err(state.refusal.take().unwrap_or_else(|| database(error))),
        }
    }

    pub async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.ready().await?.query_all(statement).await
    }

    pub async fn query_one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut state = self.ready().await?;
        let statement = state.open(statement).await?;
        let answer = state.link.query_one(statement).await;
        state.noted(answer)
    }

    pub async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut state = self.ready().await?;
        state.open_apart().await?;
        let answer = state.link.execute(statement).await;
        state.noted(answer)
    }

    pub async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut state = self.ready().await?;
        state.open_apart().await?;
        let answer = state.link.execute_unprepared(sql).await;
        state.noted(answer)
    }
}

impl State {
    /// Begins the transaction if it waits for its first statement; the savepoint rides on the statement.
    async fn open(&mut self, mut statement: Statement) -> Result<Statement, DbErr> {
        self.pass()?;
        if let Link::Shared(share) = &mut self.link {
            if let Some(savepoint) = share.savepoint.take() {
                statement.sql.insert_str(0, savepoint);
            }
            return Ok(statement);
        }
        self.begin().await?;
        Ok(statement)
    }

    /// The same, with the savepoint as a statement apart: SQLite adds up the rows that statements together change.
    async fn open_apart(&mut self) -> Result<(), DbErr> {
        self.pass()?;
        if let Link::Shared(share) = &mut self.link {
            if let Some(savepoint) = share.savepoint.take() {
                let answer = share.transaction.execute_unprepared(savepoint).await;
                self.noted(answer)?;
            }
            return Ok(());
        }
        self.begin().await
    }

    fn pass(&mut self) -> Result<(), DbErr> {
        if matches!(&self.link, Link::Apart) {
            self.failed = Some(Fault::Blocked);
            return Err(DbErr::Custom("it is not its turn".to_owned()));
        }
        Ok(())
    }

    /// What is held, if nothing was asked and all of it may go with what others insert.
    fn give_back(&mut self) -> Option<Vec<Added>> {
        let untouched = match &self.link {
            Link::Shared(share) => share.gives_back && share.savepoint.is_some(),
            Link::Waiting { gives_back, .. } => *gives_back && !self.held.is_empty(),
            Link::Apart => true,
            Link::Alone(_) | Link::Over => false,
        };
        let inserts = self.held.iter().all(|held| matches!(held.what, What::Insert(_) | What::Words(_)));
        if !untouched || !inserts || self.failed.is_some() {
            return None;
        }
        let added = |held: Held| match held.what {
            What::Insert(insert) => vec![Added::Row(insert)],
            What::Words(words) => words.into_iter().map(Added::Words).collect(),
            What::Rows(_) | What::Upsert(_) | What::Update(_) | What::Delete(_) => Vec::new(),
        };
        Some(self.held.drain(..).flat_map(added).collect())
    }

    async fn begin(&mut self) -> Result<(), DbErr> {
        let begun = match &self.link {
            Link::Waiting { db, .. } => db.begin().await,
            Link::Alone(_) | Link::Shared(..) => return Ok(()),
            Link::Apart | Link::Over => return Err(over()),
        };
        self.link = Link::Alone(self.noted(begun)?);
        Ok(())
    }

    async fn query_all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let statement = self.open(statement).await?;
        let answer = self.link.query_all(statement).await;
        self.noted(answer)
    }

    /// Sends what is held, as one statement.
    async fn flush(&mut self, backend: DbBackend) -> Result<(), DbErr> {
        if self.held.is_empty() {
            return Ok(());
        }
        let (what, why) = self.take_held();
        let (statement, wanted) = combine(backend, what);
        let answer = self.query_all(statement).await;
        self.judge(answer.map(|rows| rows.len()), wanted, why)
    }

    /// Sends what is held as the last statement. On PostgreSQL one statement that only inserts is a transaction by
    /// itself; a statement that updates is not sent so, for whether it found its row is known only afterwards.
    async fn flush_last(&mut self, backend: DbBackend) -> Result<(), DbErr> {
        let inserts = self.held.iter().all(|held| !matches!(held.what, What::Update(_)));
        let db = match &self.link {
            Link::Waiting { db, .. } if inserts && !self.held.is_empty() => db.clone(),
            _ => return self.flush(backend).await,
        };
        let (what, why) = self.take_held();
        let (statement, wanted) = combine(backend, what);
        let answer = db.query_all_raw(statement).await;
        let answer = self.noted(answer);
        self.judge(answer.map(|rows| rows.len()), wanted, why)
    }

    fn take_held(&mut self) -> (Vec<What>, Vec<(&'static str, Refusal)>) {
        self.held.drain(..).map(|held| (held.what, (held.row.0, held.refusal))).unzip()
    }

    /// Makes of a refusal what the write said that it means.
    fn judge(
        &mut self,
        answer: Result<usize, DbErr>,
        wanted: usize,
        why: Vec<(&'static str, Refusal)>,
    ) -> Result<(), DbErr> {
        let refused = match &answer {
            Ok(rows) if *rows == wanted => return Ok(()),
            Ok(_) => why
                .into_iter()
                .find(|(_, refusal)| matches!(refusal, Refusal::Stale { .. }))
                .map(|found| (found.1, None)),
            Err(error) => match kind(error) {
                Kind::Taken(taken) => {
                    why.into_iter().find(|(table, _)| *table == taken.table).map(|found| (found.1, Some(taken)))
                }
                _ => None,
            },
        };
        let (fault, refusal) = match refused {
            Some((Refusal::Stale { name }, _)) => {
                (Fault::Passing, Some(Error::of(api::options::v1::Failure::EtagMismatch).with("name", name)))
            }
            Some((Refusal::Taken { name, told }, Some(taken))) => {
                (Fault::Lasting, Some(told(&taken.index).unwrap_or_else(|| Error::already_exists(name))))
            }
            Some((Refusal::Repeated, _)) => (Fault::Repeated, None),
            _ => (self.failed.unwrap_or(Fault::Lasting), None),
        };
        self.failed = Some(fault);
        self.refusal = refusal;
        Err(answer.err().unwrap_or_else(|| DbErr::RecordNotUpdated))
    }

    fn noted<T>(&mut self, answer: Result<T, DbErr>) -> Result<T, DbErr> {
        if let Err(error) = &answer {
            self.failed = Some(if kind(error) == Kind::Again { Fault::Passing } else { Fault::Lasting });
        }
        answer
    }
}

impl Link {
    fn transaction(&self) -> Result<&DatabaseTransaction, DbErr> {
        match self {
            Link::Alone(transaction) => Ok(transaction),
            Link::Shared(share) => Ok(&share.transaction),
            Link::Waiting { .. } | Link::Apart | Link::Over => Err(over()),
        }
    }

    async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.transaction()?.query_all_raw(statement).await
    }

    async fn query_one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.transaction()?.query_one_raw(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.transaction()?.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.transaction()?.execute_unprepared(sql).await
    }
}

fn over() -> DbErr {
    DbErr::Custom("the transaction is over; a Tx is not to be kept beyond the work that it was given to".to_owned())
}
