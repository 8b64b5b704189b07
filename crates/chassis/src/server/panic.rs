//! A panic ends one request, not the process and not the connection that others share.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

use crate::error::Error;
use crate::server::{Call, Layer, Response, refuse};

pub(super) struct CatchPanic<L> {
    next: L,
}

impl<L> CatchPanic<L> {
    pub(super) fn new(next: L) -> CatchPanic<L> {
        CatchPanic { next }
    }
}

impl<L: Layer> Layer for CatchPanic<L> {
    async fn run(&self, call: Call) -> Response {
        // Unwind safety: the request is dropped with the panic; what is shared (limits, caches) has no half-made state.
        match AssertUnwindSafe(self.next.run(call)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => refuse(Error::internal(format!("panic: {}", text(&*panic)))),
        }
    }
}

/// What a panic said.
pub(crate) fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
