//! The way to an OpenTelemetry collector.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use super::metric;
use crate::build;
use crate::config::Telemetry;
use crate::error::{BoxError, Error, Result};

/// How long the last sending may take.
pub(super) const FLUSH_TIME: Duration = Duration::from_secs(3);
const EXPORT_TIME: Duration = Duration::from_secs(5);

pub(super) fn providers(config: &Telemetry, role: &str) -> Result<(SdkTracerProvider, SdkMeterProvider)> {
    let endpoint = &config.otlp_endpoint;
    let wrong = |cause: BoxError| Error::internal(format!("setting telemetry.otlp_endpoint: {cause}"));
    let spans = SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(EXPORT_TIME).build();
    let points = MetricExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(EXPORT_TIME).build();
    let build = build::get();
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.namespace", "ngkt"),
            KeyValue::new("service.name", role.to_owned()),
            KeyValue::new("service.version", build.version),
            KeyValue::new("vcs.ref.head.revision", build.commit),
            KeyValue::new("service.instance.id", uuid::Uuid::new_v4().to_string()),
        ])
        .build();
    let tracer = SdkTracerProvider::builder()
        .with_batch_exporter(spans.map_err(|cause| wrong(cause.into()))?)
        // What begins here and is not to be recorded has no span (`trace::root`).
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
        .with_resource(resource.clone())
        .build();
    let reader = PeriodicReader::builder(points.map_err(|cause| wrong(cause.into()))?)
        .with_interval(Duration::from_secs(config.metrics_seconds))
        .build();
    let meter = metric::bounded(SdkMeterProvider::builder()).with_reader(reader).with_resource(resource).build();
    Ok((tracer, meter))
}
