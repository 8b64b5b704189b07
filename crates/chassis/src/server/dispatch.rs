//! The end of the stack: the handler, with what is known of the request at hand.

use http::{HeaderMap, HeaderValue};
use tonic::Status;
use tonic::service::Routes;
use tower::ServiceExt as _;

use crate::build;
use crate::context::{Context, Facts};
use crate::error::{Error, Result};
use crate::server::{Call, Layer, Response, refuse};
use crate::target::Called;
use crate::telemetry::trace;

/// The header of answers about health that says which version answers.
pub(crate) const VERSION: &str = "ngkt-version";

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const IDEMPOTENCY_KEY_LENGTH_MAX: usize = 200;

/// Common clients take 8 KiB of headers in all.
const STATUS_HEADERS: [(&str, usize); 2] = [("grpc-status-details-bin", 5 << 10), ("grpc-message", 2 << 10)];

pub(super) struct Dispatch {
    routes: Routes,
}

impl Dispatch {
    pub(super) fn new(routes: Routes) -> Dispatch {
        Dispatch { routes: routes.prepare() }
    }
}

impl Layer for Dispatch {
    async fn run(&self, mut call: Call) -> Response {
        if let Called::Rpc(target) = call.called {
            let idempotency_key = match idempotency_key(call.request.headers()) {
                Ok(key) => key,
                Err(error) => return refuse(error),
            };
            let trace_id = trace::current().map(|trace| trace.trace_id_text()).unwrap_or_default();
            let (caller, deadline, method) = (call.caller, call.deadline, target.method);
            let context = Context::new(Facts { caller, method, idempotency_key, trace_id, deadline });
            call.request.extensions_mut().insert(context);
        }
        let platform = matches!(call.called, Called::Platform { .. });
        match self.routes.clone().oneshot(call.request).await {
            Ok(response) if platform => with_version(response),
            Ok(response) => fit(response),
            Err(never) => match never {},
        }
    }
}

/// The answer to somebody who asks how this process is, with the version that it is.
fn with_version(mut response: Response) -> Response {
    if let Ok(version) = HeaderValue::try_from(build::get().version) {
        response.headers_mut().insert(VERSION, version);
    }
    response
}

/// The answer with a status that fits into headers: one with very many broken fields is cut.
fn fit(response: Response) -> Response {
    let headers = response.headers();
    let fits = STATUS_HEADERS.iter().all(|(name, max)| headers.get(*name).is_none_or(|value| value.len() <= *max));
    match fits {
        true => response,
        false => Status::from_header_map(headers).map_or(response, |status| refuse(Error::from(status))),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| {
        (1..=IDEMPOTENCY_KEY_LENGTH_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    match key {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Error::invalid("Idempotency-Key", "must have 1 to 200 visible ASCII characters")),
    }
}
