//! What is known of a request before its handler runs.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::caller::Caller;

/// The circumstances of one request. Cheap to clone; its facts are read as fields: `context.caller`.
#[derive(Debug, Clone)]
pub struct Context(Arc<Facts>);

/// The fields of [`Context`].
#[derive(Debug, Clone)]
pub struct Facts {
    /// Who calls.
    pub caller: Arc<Caller>,
    /// What is called, as the contract has it.
    pub method: &'static api::Method,
    /// The key under which the caller may repeat a write without doing it twice.
    pub idempotency_key: Option<String>,
    /// The trace that the request belongs to: 32 hexadecimal digits.
    pub trace_id: String,
    /// When the answer must be ready; none for streams.
    pub deadline: Option<Instant>,
}

impl Context {
    /// A context of these facts. Handlers do not need this: the server stack makes theirs.
    pub fn new(facts: Facts) -> Context {
        Context(Arc::new(facts))
    }

    /// The context of a request that came through the server stack.
    ///
    /// # Panics
    /// If the request did not come through the server stack: then nobody checked who calls, and nothing may be answered.
    pub fn of<T>(request: &tonic::Request<T>) -> Context {
        request
            .extensions()
            .get::<Context>()
            .cloned()
            .expect("invariant: requests reach handlers by the server stack only")
    }

    /// The time that is left; `None` if there is no deadline.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

impl Deref for Context {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs `work` so that the calls it makes to peers end by `deadline`.
pub(crate) fn with_deadline<F: Future>(deadline: Instant, work: F) -> impl Future<Output = F::Output> {
    DEADLINE.scope(deadline, work)
}

/// The deadline of the request that this task works on, if there is one.
pub(crate) fn deadline() -> Option<Instant> {
    DEADLINE.try_with(|deadline| *deadline).ok()
}
