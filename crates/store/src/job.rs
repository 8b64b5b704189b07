//! A piece of work for a transaction, its answer, and whoever waits for it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use api::options::v1::Failure;
use chassis::caller::Caller;
use chassis::context::Context;
use chassis::error::{Error, Result};
use chassis::telemetry::trace::Carried;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::idempotency::{self, Key};
use crate::personal::Vault;
use crate::session::{End, Fault};
use crate::tx::{Tx, TxContext};

/// The longest that one piece of work may take: on SQLite everybody else waits for it.
const WORK_MAX: Duration = Duration::from_secs(30);

/// Where a write comes from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub caller: Arc<Caller>,
    /// The place in a trace at which it is asked for.
    pub carried: Carried,
    pub change_type: String,
    pub deadline: Option<Instant>,
    /// The request, if there was one.
    pub context: Option<Context>,
    /// Set by the writer.
    pub vault: Option<Arc<Vault>>,
    /// Set if the caller may repeat the request without doing it twice.
    pub key: Option<Key>,
}

impl Origin {
    /// A write that a request asks for.
    pub fn of<M: prost::Message>(request: &tonic::Request<M>) -> Result<Origin> {
        let context = Context::of(request);
        Ok(Origin {
            caller: context.caller.clone(),
            carried: Carried::here(),
            change_type: context.method.change.clone().unwrap_or_default(),
            deadline: context.deadline,
            key: idempotency::Key::of(&context, request.get_ref())?,
            context: Some(context),
            vault: None,
        })
    }

    /// A write that nobody asked for.
    pub fn background(caller: Caller) -> Origin {
        let (caller, carried, change_type) = (Arc::new(caller), Carried::here(), String::new());
        Origin { caller, carried, change_type, deadline: None, context: None, vault: None, key: None }
    }

    fn context(&self, now: DateTime<Utc>) -> TxContext {
        let asked = self.context.as_ref().map(|context| context.trace_id.clone());
        TxContext {
            caller: self.caller.clone(),
            now,
            trace_id: asked.unwrap_or_else(|| self.carried.trace_id()),
            span_id: self.carried.span_id(),
            change_type: self.change_type.clone(),
            method: self.context.as_ref().map(|context| context.method.path.clone()).unwrap_or_default(),
            vault: self.vault.clone(),
        }
    }
}

/// Work without the type of its answer, as the writers have it.
pub(crate) trait Job: Send {
    fn origin(&self) -> &Origin;
    /// The same for all pieces of work of one place in the code.
    fn kind(&self) -> &'static str;
    /// Runs the work; the answer stays inside. May be called again.
    fn run(&mut self, tx: Tx) -> BoxFuture<'_, Result<()>>;
    /// The answer as the idempotency record keeps it.
    fn answer(&self) -> Vec<u8>;
    /// Takes the answer of the record instead of doing the work.
    fn replay(&mut self, answer: &[u8]) -> Result<()>;
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Tells whoever waits.
    fn settle(self: Box<Self>, end: Result<()>);
}

pub(crate) struct Work<W, R> {
    origin: Origin,
    work: W,
    form: Form<R>,
    answer: Option<R>,
    reply: oneshot::Sender<Result<R>>,
}

/// How an answer is kept.
pub(crate) struct Form<R> {
    pub encode: fn(&R) -> Vec<u8>,
    pub decode: fn(&[u8]) -> Result<R>,
}

impl<R: prost::Message + Default> Form<R> {
    /// As protobuf.
    pub const MESSAGE: Form<R> =
        Form { encode: |answer| answer.encode_to_vec(), decode: |bytes| R::decode(bytes).map_err(Error::internal) };
}

impl<R> Form<R> {
    /// Not at all: for work that has no idempotency key.
    pub const NONE: Form<R> =
        Form { encode: |_| Vec::new(), decode: |_| Err(Error::internal("an answer was kept that cannot be read")) };
}

impl<W, R> Work<W, R> {
    pub fn new(origin: Origin, work: W, form: Form<R>) -> (Work<W, R>, oneshot::Receiver<Result<R>>) {
        let (reply, waiting) = oneshot::channel();
        (Work { origin, work, form, answer: None, reply }, waiting)
    }
}

impl<W, F, R> Job for Work<W, R>
where
    W: FnOnce(Tx) -> F + Clone + Send,
    F: Future<Output = Result<R>> + Send,
    R: Send,
{
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn kind(&self) -> &'static str {
        std::any::type_name::<W>()
    }

    fn run(&mut self, tx: Tx) -> BoxFuture<'_, Result<()>> {
        let work = self.work.clone();
        Box::pin(async move {
            self.answer = Some(work(tx).await?);
            Ok(())
        })
    }

    fn answer(&self) -> Vec<u8> {
        self.answer.as_ref().map(self.form.encode).unwrap_or_default()
    }

    fn replay(&mut self, answer: &[u8]) -> Result<()> {
        self.answer = Some((self.form.decode)(answer)?);
        Ok(())
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn settle(self: Box<Self>, end: Result<()>) {
        let Work { answer, reply, .. } = *self;
        let answer = end.and_then(|()| answer.ok_or_else(|| Error::internal("work ended without an answer")));
        // Whoever asked may have gone meanwhile; what was written is written.
        let _ = reply.send(answer);
    }
}

/// What came of running a job, short of committing it.
pub(crate) struct Attempt {
    pub result: Result<()>,
    pub fault: Option<Fault>,
    pub end: End,
    pub tx: Tx,
}

/// Runs a job in a session, with its idempotency record, as a part of the trace in which it was asked for. A panic, or
/// running out of time, is a failure like any other.
pub(crate) async fn attempt(job: &mut dyn Job, session: crate::session::Session, now: DateTime<Utc>) -> Attempt {
    job.origin().carried.clone().run(tried(job, session, now)).await
}

async fn tried(job: &mut dyn Job, session: crate::session::Session, now: DateTime<Utc>) -> Attempt {
    let tx = Tx::new(session, job.origin().context(now));
    let longest = Instant::now() + WORK_MAX;
    let until = job.origin().deadline.map_or(longest, |deadline| deadline.min(longest));
    let ran = AssertUnwindSafe(tokio::time::timeout_at(until, job.run(tx.clone()))).catch_unwind().await;
    let mut worked = match ran {
        Ok(Ok(worked)) => worked,
        Ok(Err(_)) => Err(Error::of(Failure::DeadlineExceeded)),
        Err(panic) => Err(Error::internal(format!("work panicked: {}", panic_text(&*panic)))),
    };
    if worked.is_ok()
        && let Some(key) = &job.origin().key
    {
        worked = tx.hold(key.record(job.answer(), now)).await;
    }
    let (result, fault, end) = tx.session().finish(worked).await;
    Attempt { result, fault, end, tx }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
