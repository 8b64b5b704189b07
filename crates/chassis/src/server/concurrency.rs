//! No more at once than can be worked on: the rest is told at once to come again, while those at work finish.

use std::sync::Arc;
use std::time::Duration;

use api::options::v1::Failure;
use tokio::sync::Semaphore;

use crate::config::Limits;
use crate::error::Error;
use crate::server::room::Bound;
use crate::server::{Call, Layer, Response, refuse};

const RETRY_IN: Duration = Duration::from_secs(1);

/// Bounds the requests at work; streams have their own bound.
pub(super) struct Limit<L> {
    next: L,
    free: Arc<Semaphore>,
    service: Arc<str>,
}

impl<L> Limit<L> {
    pub(super) fn new(next: L, limits: &Limits, service: &Arc<str>) -> Limit<L> {
        let free = Arc::new(Semaphore::new(limits.concurrency_max));
        Bound::Requests.watch(service, &free, limits.concurrency_max);
        Limit { next, free, service: service.clone() }
    }
}

impl<L: Layer> Layer for Limit<L> {
    async fn run(&self, call: Call) -> Response {
        if call.called.is_stream() {
            return self.next.run(call).await;
        }
        let Ok(_permit) = self.free.try_acquire() else {
            Bound::Requests.refused(&self.service);
            return refuse(too_many());
        };
        self.next.run(call).await
    }
}

pub(super) fn too_many() -> Error {
    Error::of(Failure::ResourceExhausted).retry_in(RETRY_IN)
}
