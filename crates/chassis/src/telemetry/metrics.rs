//! Rate, errors and duration of every rpc, by the semantic conventions of OpenTelemetry.

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use tonic::Code;

use crate::target::Called;

/// In seconds: from a read out of memory to the longest timeout.
const BOUNDARIES: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

static DURATION: OnceLock<Histogram<f64>> = OnceLock::new();

/// Begins to count.
pub(super) fn install(provider: &SdkMeterProvider) {
    let meter = provider.meter("ngkt");
    let histogram = meter.f64_histogram("rpc.server.call.duration").with_unit("s");
    let histogram = histogram.with_boundaries(BOUNDARIES.to_vec()).build();
    let _ = DURATION.set(histogram);
    opentelemetry::global::set_meter_provider(provider.clone());
}

/// Whether anybody counts.
pub(crate) fn on() -> bool {
    DURATION.get().is_some()
}

/// Counts one request that was answered with `code`.
pub(crate) fn record(called: &Called, code: Code, time: Duration) {
    let Some(duration) = DURATION.get() else { return };
    match (called, code) {
        (Called::Rpc(target), Code::Ok) => duration.record(time.as_secs_f64(), &target.attributes),
        (called, code) => duration.record(time.as_secs_f64(), &attributes(called.name(), name(code))),
    }
}

/// The attributes of a call of `rpc` that was answered with `code`.
pub(crate) fn attributes(rpc: &'static str, code: &'static str) -> Vec<KeyValue> {
    vec![
        KeyValue::new("rpc.system.name", "grpc"),
        KeyValue::new("rpc.method", rpc),
        KeyValue::new("rpc.response.status_code", code),
    ]
}

/// A code by its name on the wire.
pub(crate) fn name(code: Code) -> &'static str {
    crate::error::name_of(code)
}
