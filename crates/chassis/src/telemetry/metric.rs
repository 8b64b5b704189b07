//! Metrics: what each is, and how it is counted. Where no collector is configured, nothing is counted at all.

use std::borrow::Cow;
use std::sync::OnceLock;

use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider as _};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::metrics::{Instrument, MeterProviderBuilder, SdkMeterProvider, Stream};

/// In seconds: from a read out of memory to the longest timeout.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0, 30.0];
/// Of what is counted by the piece: powers of two up to the most that go together.
const PIECES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// How many different labels one metric may have. Each comes from a short list, so this is never reached; it is larger
/// than the library's own bound because there are some hundred rpcs and ten kinds of callers.
const SERIES_MAX: usize = 20_000;

static METER: OnceLock<Meter> = OnceLock::new();

/// One metric. All of them stand in [`super::catalogue`].
#[derive(Debug)]
pub struct Metric {
    /// Its name, by the conventions of OpenTelemetry where they have one.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// Its unit: `s`, `By`, or in braces what is counted.
    pub unit: &'static str,
    /// What it says.
    pub description: &'static str,
    /// What it is told apart by; each has few values.
    pub labels: &'static [&'static str],
    instrument: OnceLock<Recorder>,
}

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It is as it is when somebody looks.
    Gauge,
    /// How often it was how large.
    Histogram,
}

#[derive(Debug)]
enum Recorder {
    Counter(Counter<f64>),
    Histogram(Histogram<f64>),
}

impl Metric {
    pub(super) const fn new(
        name: &'static str,
        kind: Kind,
        unit: &'static str,
        description: &'static str,
        labels: &'static [&'static str],
    ) -> Metric {
        Metric { name, kind, unit, description, labels, instrument: OnceLock::new() }
    }

    /// Counts `value`, if anybody wants to know. The values of its labels are given in their order.
    pub fn record<const N: usize>(&'static self, value: f64, labels: [Value; N]) {
        if on() {
            self.record_as(value, &self.labelled(labels));
        }
    }

    /// The same with labels that were made before.
    pub(crate) fn record_as(&'static self, value: f64, labels: &[KeyValue]) {
        let Some(meter) = METER.get() else { return };
        match self.instrument.get_or_init(|| self.recorder(meter)) {
            Recorder::Counter(counter) => counter.add(value, labels),
            Recorder::Histogram(histogram) => histogram.record(value, labels),
        }
    }

    /// Its labels with these values.
    pub(crate) fn labelled<const N: usize>(&self, values: [Value; N]) -> Vec<KeyValue> {
        debug_assert_eq!(values.len(), self.labels.len(), "{}", self.name);
        self.labels.iter().zip(values).map(|(label, value)| KeyValue::new(*label, value)).collect()
    }

    /// Has `look` called whenever metrics are sent, if they are. Several may tell of the same gauge, with different labels.
    pub fn observe(&'static self, look: impl Fn(&Sight<'_>) + Send + Sync + 'static) {
        let Some(meter) = METER.get() else { return };
        let gauge = meter.f64_observable_gauge(self.name).with_unit(self.unit).with_description(self.description);
        let tell = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<f64>| {
            look(&Sight { metric: self, observer });
        };
        gauge.with_callback(tell).build();
    }

    fn recorder(&self, meter: &Meter) -> Recorder {
        match self.kind {
            Kind::Histogram => {
                let bounds = if self.unit == "s" { SECONDS.to_vec() } else { PIECES.to_vec() };
                let histogram = meter.f64_histogram(self.name).with_unit(self.unit).with_description(self.description);
                Recorder::Histogram(histogram.with_boundaries(bounds).build())
            }
            Kind::Counter | Kind::Gauge => {
                let counter = meter.f64_counter(self.name).with_unit(self.unit).with_description(self.description);
                Recorder::Counter(counter.build())
            }
        }
    }

    /// The names of its series in Prometheus, as the collector's exporter makes them.
    pub fn series(&self) -> Vec<String> {
        let mut name = underscored(self.name);
        let unit = match self.unit {
            "s" => "seconds",
            "By" => "bytes",
            _ => "",
        };
        if !unit.is_empty() && !name.ends_with(unit) {
            name = format!("{name}_{unit}");
        }
        match self.kind {
            Kind::Gauge => vec![name],
            Kind::Counter => vec![format!("{name}_total")],
            Kind::Histogram => ["bucket", "sum", "count"].map(|part| format!("{name}_{part}")).to_vec(),
        }
    }

    /// The names of its labels in Prometheus.
    pub fn series_labels(&self) -> Vec<String> {
        self.labels.iter().map(|label| underscored(label)).collect()
    }
}

fn underscored(name: &str) -> String {
    name.replace('.', "_")
}

/// Somebody looks at a gauge.
pub struct Sight<'a> {
    metric: &'static Metric,
    observer: &'a dyn opentelemetry::metrics::AsyncInstrument<f64>,
}

impl Sight<'_> {
    /// Tells what there is to see. The values of the metric's labels are given in their order.
    pub fn tell<const N: usize>(&self, value: f64, labels: [Value; N]) {
        self.observer.observe(value, &self.metric.labelled(labels));
    }
}

/// The builder of a provider that takes as many labels as our metrics have.
pub(super) fn bounded(builder: MeterProviderBuilder) -> MeterProviderBuilder {
    builder.with_view(|instrument: &Instrument| {
        let name: Cow<'static, str> = instrument.name().to_owned().into();
        Stream::builder().with_name(name).with_cardinality_limit(SERIES_MAX).build().ok()
    })
}

/// Begins to count.
pub(super) fn install(provider: &SdkMeterProvider) {
    let _ = METER.set(provider.meter("ngkt"));
}

/// Whether anybody counts.
pub(crate) fn on() -> bool {
    METER.get().is_some()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::catalogue;

    #[test]
    fn every_metric_says_what_it_is_under_a_name_of_its_own() {
        let mut names = BTreeSet::new();
        for metric in catalogue::ALL {
            assert!(names.insert(metric.name), "{} stands there twice", metric.name);
            assert!(metric.description.len() > 10 && !metric.description.ends_with('.'), "{}", metric.name);
            let known = ["s", "By"].contains(&metric.unit) || metric.unit.starts_with('{');
            assert!(known, "{}: the unit {} has no name in Prometheus here", metric.name, metric.unit);
            let labels: BTreeSet<_> = metric.labels.iter().collect();
            assert_eq!(labels.len(), metric.labels.len(), "{}", metric.name);
        }
    }

    #[test]
    fn series_are_named_as_the_collector_names_them() {
        assert_eq!(catalogue::UPTIME.series(), ["process_uptime_seconds"]);
        assert_eq!(catalogue::MEMORY.series(), ["process_memory_usage_bytes"]);
        assert_eq!(catalogue::SERVER_REFUSED.series(), ["ngkt_server_refused_total"]);
        assert_eq!(catalogue::RPC_DURATION.series()[2], "rpc_server_call_duration_seconds_count");
    }
}
