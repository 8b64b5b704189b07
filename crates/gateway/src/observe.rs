//! What is seen of each request: a span, a line in the log, a count. Nothing of its content, and no names of persons.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use chassis::Caller;
use chassis::telemetry::catalogue::HTTP_DURATION;
use chassis::telemetry::trace;
use http::{HeaderMap, Method, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tonic::Code;
use tracing::Span;
use tracing::field::Empty;

use crate::activity::AtWork;
use crate::body::{Body, BoxError};
use crate::grpc::GRPC_STATUS;

/// In which of the gateway's faces a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// REST/JSON.
    Rest,
    /// gRPC.
    Grpc,
    /// gRPC-Web.
    Web,
    /// Pages, health and the like.
    Page,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Rest => "rest",
            Kind::Grpc => "grpc",
            Kind::Web => "grpc-web",
            Kind::Page => "page",
        }
    }
}

/// Methods that nobody serves would be as many as anybody likes.
fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}

/// The span of one request; none unless somebody records spans.
pub fn span(asked: &Method) -> Span {
    tracing::info_span!(target: "ngkt::http", "request", otel.name = method(asked), otel.kind = "server", http.request.method = method(asked),
        http.route = Empty, http.response.status_code = Empty, otel.status_code = Empty)
}

/// What is written down of a request when it ends.
pub struct Record {
    pub begin: Instant,
    pub span: Span,
    pub kind: Kind,
    pub method: Method,
    /// The template of the path, or the rpc; never the path itself.
    pub route: &'static str,
    pub status: StatusCode,
    pub caller: Option<Arc<Caller>>,
    pub trace_id: String,
}

impl Record {
    fn finish(self, code: Option<Code>, bytes: u64) {
        let time = self.begin.elapsed();
        let name = code.map_or("", chassis::error::name_of);
        self.count(name, time);
        if !self.span.is_none() {
            self.close(code);
        }
        let organization = self.caller.as_ref().map_or("", |caller| caller.organization.as_str());
        let (method, status, milliseconds) = (self.method.as_str(), self.status.as_u16(), time.as_secs_f64() * 1e3);
        let (face, route, trace_id) = (self.kind.name(), self.route, self.trace_id.as_str());
        if self.kind == Kind::Page {
            tracing::debug!(target: "ngkt::access", face, method, route, status, milliseconds, bytes, trace_id, "answered");
        } else if code.is_some() {
            tracing::info!(target: "ngkt::access", face, method, route, status, code = name, milliseconds, bytes, organization, trace_id, "answered");
        } else {
            tracing::info!(target: "ngkt::access", face, method, route, status, milliseconds, bytes, organization, trace_id, "answered");
        }
    }

    fn count(&self, code: &'static str, time: Duration) {
        if chassis::telemetry::counts() {
            let class = self.caller.as_ref().map_or("ANONYMOUS", |caller| caller.class_name());
            let (asked, status) = (method(&self.method), i64::from(self.status.as_u16()));
            let (route, face) = (self.route, self.kind.name());
            let labels = [asked.into(), route.into(), status.into(), code.into(), face.into(), class.into()];
            HTTP_DURATION.record(time.as_secs_f64(), labels);
        }
    }

    fn close(&self, code: Option<Code>) {
        if self.span.is_none() {
            return;
        }
        trace::rename(&self.span, format!("{} {}", method(&self.method), self.route));
        self.span.record("http.route", self.route);
        self.span.record("http.response.status_code", self.status.as_u16());
        let ours = matches!(
            code,
            Some(Code::Unknown | Code::Internal | Code::Unavailable | Code::DataLoss | Code::DeadlineExceeded)
        );
        if self.status.is_server_error() || ours {
            self.span.record("otel.status_code", "ERROR");
        }
    }
}

/// The body of an answer on its way out: what it was is written down at its end, and until then the request is at work.
pub struct Observed {
    body: Body,
    bytes: u64,
    code: Option<Code>,
    record: Option<Record>,
    at_work: AtWork,
}

impl Observed {
    /// Observes `body`, whose head is `headers`.
    pub fn new(body: Body, headers: &HeaderMap, record: Record, mut at_work: AtWork) -> Observed {
        at_work.owes(!http_body::Body::is_end_stream(&body));
        let code = headers.get(&GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()));
        match &body {
            // Nothing can go wrong with it any more that we would learn of.
            Body::Whole(bytes) => {
                record.finish(code, bytes.as_ref().map_or(0, |bytes| bytes.len() as u64));
                Observed { body, bytes: 0, code: None, record: None, at_work }
            }
            _ => Observed { body, bytes: 0, code, record: Some(record), at_work },
        }
    }
}

impl http_body::Body for Observed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        // Nobody asks for more without room for it.
        self.at_work.moved();
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.at_work.owes(matches!(polled, Poll::Ready(Some(Ok(_)))));
        let frame = ready!(polled);
        if let Some(Ok(frame)) = &frame {
            self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            let code = frame.trailers_ref().and_then(|trailers| trailers.get(&GRPC_STATUS));
            if let Some(code) = code {
                self.code = Some(Code::from_bytes(code.as_bytes()));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if let Some(record) = self.record.take() {
            // gRPC that ends without a status was left by its client.
            let code = self.code.or((record.kind == Kind::Grpc).then_some(Code::Cancelled));
            record.finish(code, self.bytes);
        }
    }
}
