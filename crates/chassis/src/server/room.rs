//! How much room there is for more, and how often there was none, as an operator sees it.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::telemetry::catalogue;
use crate::telemetry::metric::Metric;

/// What is bounded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    Requests,
    Streams,
}

impl Bound {
    /// Counts a request that there was no room for.
    pub(crate) fn refused(self, service: &Arc<str>) {
        let limit = match self {
            Bound::Requests => "requests",
            Bound::Streams => "streams",
        };
        catalogue::SERVER_REFUSED.record(1.0, [service.clone().into(), limit.into()]);
    }

    /// Tells how much of `free`, of which there are `max`, is taken.
    pub(crate) fn watch(self, service: &Arc<str>, free: &Arc<Semaphore>, max: usize) {
        match self {
            Bound::Requests => {
                watch(&catalogue::SERVER_REQUESTS, &catalogue::SERVER_REQUESTS_MAX, service, free, max);
            }
            Bound::Streams => watch(&catalogue::SERVER_STREAMS, &catalogue::SERVER_STREAMS_MAX, service, free, max),
        }
    }
}

/// Tells how many connections of clients `service` has open: those that are taken of `free`, of which there are `max`.
pub fn connections(service: impl Into<Arc<str>>, free: &Arc<Semaphore>, max: usize) {
    watch(&catalogue::SERVER_CONNECTIONS, &catalogue::SERVER_CONNECTIONS_MAX, &service.into(), free, max);
}

fn watch(active: &'static Metric, limit: &'static Metric, service: &Arc<str>, free: &Arc<Semaphore>, max: usize) {
    let (free, of_active, of_limit) = (free.clone(), service.clone(), service.clone());
    active.observe(move |sight| {
        let taken = max.saturating_sub(free.available_permits());
        sight.tell(taken as f64, [of_active.clone().into()]);
    });
    limit.observe(move |sight| sight.tell(max as f64, [of_limit.clone().into()]));
}
