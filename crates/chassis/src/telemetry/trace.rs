//! The trace that a request belongs to, after the W3C recommendation: taken from the headers or begun here, and handed on
//! to every peer, whether or not anybody records it.

use std::cell::Cell;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::KeyValue;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _,
};
use rand::Rng as _;
use tonic::Code;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::clock::Clock;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// One place in one trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
    state: Option<HeaderValue>,
}

tokio::task_local! {
    static CURRENT: Trace;
}

/// The part of traces that is recorded, as the bits of a float: none before telemetry begins.
static RATIO: AtomicU64 = AtomicU64::new(0);

/// Runs `work` as a part of `trace`.
pub fn within<F: Future>(trace: Trace, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(trace, work)
}

/// The trace that this task works for, if there is one.
pub(crate) fn current() -> Option<Trace> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs `work`, which nobody asked for, in `span` and as the beginning of a trace.
pub fn begin<F: Future>(span: Span, work: F) -> impl Future<Output = F::Output> {
    let trace = Trace::of(&span, None).unwrap_or_else(Trace::begin);
    CURRENT.scope(trace, work.instrument(span))
}

/// A span within the one at work; none if there is no such, so that what nobody asked for leaves no traces of a single span.
pub fn inner(span: impl FnOnce() -> Span) -> Span {
    if Span::current().is_none() { Span::none() } else { span() }
}

/// Says that what goes on in `span` follows from what was done in another, whose ids are as the change log has them.
pub fn follows(span: &Span, trace_id: &str, span_id: &str) {
    if span.is_none() {
        return;
    }
    let (Some(trace_id), Some(span_id)) = (hexadecimal(trace_id, 32), hexadecimal(span_id, 16)) else { return };
    let (trace_id, span_id) = (TraceId::from(trace_id), SpanId::from(span_id as u64));
    span.add_link(SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, true, TraceState::default()));
}

/// Records that something of this name has just ended in the span at work, if that is recorded. For what tells only
/// afterwards how long it took.
pub fn ended(time: Duration, failed: bool, what: impl FnOnce() -> (String, Vec<KeyValue>)) {
    let span = Span::current();
    if span.is_none() {
        return;
    }
    let context = span.context();
    if !context.span().span_context().is_sampled() {
        return;
    }
    let end = SystemTime::from(Clock::system().now());
    let (name, attributes) = what();
    let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Client).with_attributes(attributes);
    let builder = builder.with_start_time(end.checked_sub(time).unwrap_or(end));
    let mut recorded = opentelemetry::global::tracer("ngkt").build_with_context(builder, &context);
    if failed {
        recorded.set_status(Status::error(""));
    }
    recorded.end_with_timestamp(end);
}

/// The place at which a task works, for what is done on its behalf in another task.
#[derive(Debug, Clone)]
pub struct Carried {
    trace: Option<Trace>,
    span: Span,
}

impl Carried {
    /// Of this task.
    pub fn here() -> Carried {
        Carried { trace: current(), span: Span::current() }
    }

    /// The same in `span`.
    pub fn in_span(self, span: Span) -> Carried {
        Carried { span, ..self }
    }

    /// The trace's id: 32 hexadecimal digits; empty if there is none.
    pub fn trace_id(&self) -> String {
        self.trace.as_ref().map(Trace::trace_id_text).unwrap_or_default()
    }

    /// The id of the span in which the trace is here: 16 hexadecimal digits; empty if nobody records it.
    pub fn span_id(&self) -> String {
        let recorded = self.trace.as_ref().filter(|trace| trace.sampled);
        recorded.map(|trace| format!("{:016x}", trace.span_id)).unwrap_or_default()
    }

    /// Does `work` at this place.
    pub async fn run<F: Future>(&self, work: F) -> F::Output {
        let work = work.instrument(self.span.clone());
        match &self.trace {
            Some(trace) => CURRENT.scope(trace.clone(), work).await,
            None => work.await,
        }
    }
}

/// The id of the trace that this task works for, if there is one.
pub(super) fn current_id() -> Option<u128> {
    CURRENT.try_with(|trace| trace.trace_id).ok()
}

/// The place at which a server works on a request for `path` with these headers, and its span, which is none unless
/// somebody records it.
pub(crate) fn enter(headers: &HeaderMap, path: &str) -> (Trace, Span) {
    enter_as(headers, || server_span(path))
}

/// The place at which a server works on a request with these headers, and its span, which continues the caller's trace:
/// recorded if the caller's is, or, where there is no caller's, if the draw says so. Spans of other servers than ours are
/// recorded if their target begins with `ngkt::`.
pub fn enter_as(headers: &HeaderMap, span: impl FnOnce() -> Span) -> (Trace, Span) {
    let parent = Trace::extract(headers);
    let sampled = parent.as_ref().map_or_else(is_drawn, |parent| parent.sampled);
    let span = if sampled { span() } else { Span::none() };
    if let (false, Some(parent)) = (span.is_none(), &parent) {
        let remote = opentelemetry::Context::new().with_remote_span_context(parent.span_context());
        let _ = span.set_parent(remote);
    }
    let state = parent.as_ref().and_then(|parent| parent.state.clone());
    let trace = Trace::of(&span, state).or(parent).unwrap_or_else(Trace::begin);
    (trace, span)
}

/// A span with which a trace begins, unless one is at work; none if the draw says that it is not recorded. What is not
/// recorded costs next to nothing so: a span that the sampler drops later costs as much as one that it keeps.
pub fn root(span: impl FnOnce() -> Span) -> Span {
    if Span::current().is_none() && !is_drawn() { Span::none() } else { span() }
}

/// From now on so large a part of the traces that begin here are recorded.
pub(super) fn record(ratio: f64) {
    RATIO.store(ratio.to_bits(), Ordering::Relaxed);
}

fn is_drawn() -> bool {
    let ratio = f64::from_bits(RATIO.load(Ordering::Relaxed));
    ratio > 0.0 && (ratio >= 1.0 || rand::rng().random_bool(ratio))
}

fn server_span(path: &str) -> Span {
    tracing::info_span!(target: "ngkt::rpc", "rpc", otel.name = path.trim_start_matches('/'), otel.kind = "server",
        rpc.system.name = "grpc", rpc.response.status_code = Empty, otel.status_code = Empty)
}

/// The span of a call to a peer; none unless what it is made for is recorded, or the draw says so of one that is made for
/// nothing.
pub(crate) fn client_span(path: &str, peer: &str) -> Span {
    let span = || {
        tracing::info_span!(target: "ngkt::rpc", "call", otel.name = path.trim_start_matches('/'), otel.kind = "client",
            rpc.system.name = "grpc", server.address = peer, rpc.response.status_code = Empty, otel.status_code = Empty)
    };
    if CURRENT.try_with(|_| ()).is_ok() { inner(span) } else { root(span) }
}

/// Gives a span that has begun another name: recording `otel.name` comes too late for it.
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

/// Says in a span how the call ended. Only faults of the server are errors: a caller's own mistakes are its business.
pub(crate) fn close(span: &Span, code: Code) {
    if span.is_none() {
        return;
    }
    span.record("rpc.response.status_code", crate::error::name_of(code));
    if matches!(code, Code::Unknown | Code::Internal | Code::Unavailable | Code::DataLoss | Code::DeadlineExceeded) {
        span.record("otel.status_code", "ERROR");
    }
}

/// Writes the current place into the headers of a call to a peer: that of `span` if it is recorded.
pub(crate) fn inject(headers: &mut HeaderMap, span: &Span) {
    let current = current();
    let state = current.as_ref().and_then(|trace| trace.state.clone());
    let trace = Trace::of(span, state).or(current).unwrap_or_else(Trace::begin);
    headers.insert(TRACEPARENT, trace.traceparent());
    if let Some(state) = trace.state {
        headers.insert(TRACESTATE, state);
    }
}

impl Trace {
    /// A new trace. It is not marked as sampled: whoever records spans decides that.
    fn begin() -> Trace {
        let mut random = rand::rng();
        Trace { trace_id: random.random_range(1..=u128::MAX), span_id: next_span_id(), sampled: false, state: None }
    }

    /// The place of a span; none if nobody records it, even where it shows in the log.
    fn of(span: &Span, state: Option<HeaderValue>) -> Option<Trace> {
        if span.is_none() {
            return None;
        }
        let context = span.context();
        let context = context.span().span_context().clone();
        context.is_valid().then(|| Trace {
            trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(context.span_id().to_bytes()),
            sampled: context.is_sampled(),
            state,
        })
    }

    /// What `traceparent` says; nothing if it is missing or malformed.
    fn extract(headers: &HeaderMap) -> Option<Trace> {
        let text = headers.get(TRACEPARENT)?.to_str().ok()?;
        let mut parts = text.split('-');
        let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let version = hexadecimal(version, 2)?;
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let trace_id = hexadecimal(trace_id, 32).filter(|id| *id != 0)?;
        let span_id = hexadecimal(span_id, 16).filter(|id| *id != 0)? as u64;
        let sampled = hexadecimal(flags, 2)? & 1 == 1;
        Some(Trace { trace_id, span_id, sampled, state: headers.get(TRACESTATE).cloned() })
    }

    fn traceparent(&self) -> HeaderValue {
        let flags = u8::from(self.sampled);
        let text = format!("00-{:032x}-{:016x}-{flags:02x}", self.trace_id, self.span_id);
        let mut value = HeaderValue::try_from(text).expect("invariant: hexadecimal digits and hyphens");
        // Not secret, but never the same twice: HTTP/2 is not to keep it in the table of headers to come.
        value.set_sensitive(true);
        value
    }

    /// The trace's id as it is written: 32 hexadecimal digits.
    pub fn trace_id_text(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    fn span_context(&self) -> SpanContext {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let state = self.state.as_ref().and_then(|state| state.to_str().ok()?.parse::<TraceState>().ok());
        let (trace_id, span_id) = (TraceId::from(self.trace_id), SpanId::from(self.span_id));
        SpanContext::new(trace_id, span_id, flags, true, state.unwrap_or_default())
    }
}

/// Exactly `digits` lower-case hexadecimal digits.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let valid = text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if valid { u128::from_str_radix(text, 16).ok() } else { None }
}

fn next_span_id() -> u64 {
    thread_local! { static NEXT: Cell<u64> = Cell::new(rand::rng().random()); }
    NEXT.with(|next| {
        let id = next.get().wrapping_add(0x9e37_79b9_7f4a_7c15).max(1);
        next.set(id);
        id
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(traceparent: &str) -> HeaderMap {
        HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_str(traceparent).unwrap())])
    }

    #[test]
    fn a_trace_context_survives_the_hop() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let trace = Trace::extract(&headers(text)).unwrap();
        assert_eq!(trace.traceparent(), text);
        assert_eq!(trace.trace_id_text(), "0af7651916cd43dd8448eb211c80319c");
    }

    #[test]
    fn a_malformed_trace_context_is_as_good_as_none() {
        for text in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(Trace::extract(&headers(text)), None, "{text}");
        }
    }

    #[test]
    fn a_span_that_only_the_log_sees_is_no_place_in_a_trace() {
        let log = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
        tracing::subscriber::with_default(log, || {
            let recorded = headers("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            let (trace, span) = enter_as(&recorded, || server_span("/x/Y"));
            assert!(!span.is_none());
            assert_eq!(Some(trace), Trace::extract(&recorded));
            let begun = || enter_as(&HeaderMap::new(), || server_span("/x/Y"));
            let (first, second) = (begun(), begun());
            assert!(first.1.is_none(), "nobody drew it");
            assert_ne!(first.0.trace_id, 0);
            assert_ne!(first.0.trace_id, second.0.trace_id);
        });
    }

    #[tokio::test]
    async fn a_peer_is_called_in_the_same_trace() {
        let incoming = headers("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
        let (trace, span) = enter(&incoming, "/x/Y");
        let mut outgoing = HeaderMap::new();
        within(trace, async { inject(&mut outgoing, &span) }).await;
        assert_eq!(Trace::extract(&outgoing).unwrap().trace_id, Trace::extract(&incoming).unwrap().trace_id);
    }
}
