//! A write transaction, as the work in it holds it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chassis::caller::Caller;
use chassis::clock;
use chassis::error::{Error, Result};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::held::Held;
use crate::personal::{Asking, Vault};
use crate::resource::View;
use crate::scope::Scope;
use crate::session::Session;

/// A write transaction. Queries of sea-orm take it as their connection. Clones are the same transaction; it ends with
/// the work that it was given to. A statement that fails ends it too: nothing of it stays, whatever the work answers.
#[derive(Clone)]
pub struct Tx(Arc<Inner>);

struct Inner {
    session: Session,
    context: TxContext,
    written: Mutex<Vec<Written>>,
    wakes_queue: AtomicBool,
    wakes_feed: AtomicBool,
}

/// The circumstances of a write.
#[derive(Debug, Clone)]
pub struct TxContext {
    /// Who does it.
    pub caller: Arc<Caller>,
    /// When: one instant for all that one transaction writes.
    pub now: DateTime<Utc>,
    /// The trace that it belongs to: 32 hexadecimal digits; empty if none.
    pub trace_id: String,
    /// The span in it: 16 hexadecimal digits; empty if nobody records it.
    pub(crate) span_id: String,
    /// What the rpc writes to the change log, as the contract has it; empty in background work.
    pub change_type: String,
    /// The rpc, by its path; empty in background work.
    pub(crate) method: String,
    pub(crate) vault: Option<Arc<Vault>>,
}

/// One entry that a transaction has written to the change log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Such as `partnership.handedOver`.
    pub change_type: String,
    /// The record's name.
    pub name: String,
    /// The record before, in protobuf, complete but for its personal data; `None` for a new one.
    pub before: Option<Vec<u8>>,
    /// The record as it is kept now: its personal data is sealed.
    pub after: Vec<u8>,
}

impl Tx {
    pub(crate) fn new(session: Session, context: TxContext) -> Tx {
        let (wakes_queue, wakes_feed, written) = Default::default();
        Tx(Arc::new(Inner { session, context, written, wakes_queue, wakes_feed }))
    }

    /// What this transaction has written to the change log so far, in order: for previews, trails and what undoes them.
    pub fn written(&self) -> Vec<Written> {
        self.0.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, written: Written) {
        self.0.written.lock().unwrap_or_else(PoisonError::into_inner).push(written);
    }

    /// Who writes, and when.
    pub fn context(&self) -> &TxContext {
        &self.0.context
    }

    /// Who writes.
    pub fn caller(&self) -> &Caller {
        &self.0.context.caller
    }

    /// The time of everything that this transaction writes, to the microsecond.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.context.now
    }

    /// The day of that time in Viet Nam.
    pub fn today(&self) -> NaiveDate {
        clock::day(self.now())
    }

    /// What the writer may see.
    pub fn scope(&self) -> Scope {
        Scope::of(self.caller())
    }

    /// Records as of today.
    pub fn view(&self) -> View {
        View::at(self.now())
    }

    /// The keys of personal data.
    pub(crate) fn vault(&self) -> Result<&Vault> {
        self.0
            .context
            .vault
            .as_deref()
            .ok_or_else(|| Error::internal("a transaction without the keys of personal data"))
    }

    /// The access that an answer with personal data is.
    pub(crate) fn asking(&self) -> Asking {
        let context = self.context();
        Asking {
            caller: context.caller.clone(),
            method: context.method.clone(),
            trace_id: context.trace_id.clone(),
            reason: String::new(),
        }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.0.session
    }

    pub(crate) async fn hold(&self, held: Held) -> Result<()> {
        self.0.session.hold(held).await
    }

    /// Tells whoever waits for work in this process ([`Store::work_told`](crate::Store::work_told)), once this is
    /// durable. A queue does so by itself.
    pub fn wake_queue(&self) {
        self.0.wakes_queue.store(true, Ordering::Relaxed);
    }

    pub(crate) fn wake_feed(&self) {
        self.0.wakes_feed.store(true, Ordering::Relaxed);
    }

    /// Whether, once this is durable, work waits in a queue, and whether there is something new in the change log.
    pub(crate) fn wakes(&self) -> (bool, bool) {
        (self.0.wakes_queue.load(Ordering::Relaxed), self.0.wakes_feed.load(Ordering::Relaxed))
    }
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tx").field(&self.0.context).finish()
    }
}

#[tonic::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.0.session.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.session.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.session.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.0.session.query_one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.session.query_all(statement).await
    }
}
