//! What is seen from outside of what goes on inside: logs always, traces and metrics where a collector is configured.

pub mod catalogue;
mod log;
pub mod metric;
mod otlp;
mod pool;
mod process;
pub(crate) mod rpc;
pub mod trace;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

use crate::config::{Config, LogFormat};
use crate::error::{Error, Result};

/// Telemetry that is running; it is flushed by [`Telemetry::stop`].
#[must_use = "what is not flushed at the end is lost"]
pub struct Telemetry {
    providers: Option<(SdkTracerProvider, SdkMeterProvider)>,
}

/// Begins to log, and to send traces and metrics if a collector is configured. `role` is what this process is, such as
/// `registry`. Once a process: a second call changes nothing and has nothing to flush. Must be called within a tokio
/// runtime. Fails if a setting cannot be used.
pub fn init(config: &Config, role: &str) -> Result<Telemetry> {
    let filter = EnvFilter::try_new(&config.log.level)
        .map_err(|cause| Error::internal(format!("setting log.level: {cause}")))?;
    // Spans are for traces only: log lines carry their trace id without them, so without a collector they cost nothing.
    let log = match config.log.format {
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .event_format(log::Json::new(role))
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .boxed(),
        LogFormat::Text => tracing_subscriber::fmt::layer().with_writer(std::io::stderr).boxed(),
    };
    let log = log.with_filter(filter_fn(|metadata| metadata.is_event()).and(filter));
    if config.telemetry.otlp_endpoint.is_empty() {
        let _ = Registry::default().with(log).try_init();
        return Ok(Telemetry { providers: None });
    }
    let (tracer, meter) = otlp::providers(&config.telemetry, role)?;
    let traces = tracing_opentelemetry::layer()
        .with_tracer(tracer.tracer("ngkt"))
        .with_location(false)
        .with_threads(false)
        .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with("ngkt::")));
    let waits = pool::Waits.with_filter(filter_fn(pool::is_wait));
    if Registry::default().with(log).with(traces).with(waits).try_init().is_err() {
        return Ok(Telemetry { providers: None });
    }
    opentelemetry::global::set_tracer_provider(tracer.clone());
    trace::record(config.telemetry.sample_ratio);
    metric::install(&meter);
    process::observe();
    Ok(Telemetry { providers: Some((tracer, meter)) })
}

/// Whether metrics are sent anywhere: where they are not, nobody needs to count.
pub fn counts() -> bool {
    metric::on()
}

/// Writes panics to the log, as one line with its place and trace, instead of text in between. For the program's main
/// only: a test shows its panics itself.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        let panic = info.payload_as_str().unwrap_or("without a message");
        let place = info.location().map(ToString::to_string);
        tracing::error!(panic, place, "panicked");
    }));
}

impl Telemetry {
    /// Sends what has not been sent yet, within a few seconds, and stops.
    pub async fn stop(self) {
        let Some((tracer, meter)) = self.providers else { return };
        // Both wait for the network in this thread, so they get one of their own.
        let flushed = tokio::task::spawn_blocking(move || {
            for result in
                [tracer.shutdown_with_timeout(otlp::FLUSH_TIME), meter.shutdown_with_timeout(otlp::FLUSH_TIME)]
            {
                if let Err(cause) = result {
                    tracing::warn!(%cause, "telemetry was not flushed");
                }
            }
        });
        let _ = tokio::time::timeout(otlp::FLUSH_TIME * 2, flushed).await;
    }
}
