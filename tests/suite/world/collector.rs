//! A collector of telemetry that none of the platform's code runs in: takes spans and metrics over OTLP and keeps them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Listens on a port of its own until the suite ends.
#[derive(Clone, Default)]
pub struct Collector {
    spans: Arc<Mutex<Vec<Recorded>>>,
    points: Arc<Mutex<BTreeMap<PointKey, f64>>>,
    resources: Arc<Mutex<BTreeSet<Labels>>>,
}

/// A span, and the role whose it is.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub role: String,
    pub span: Span,
}

/// Labels by name, with their values as text.
pub type Labels = BTreeMap<String, String>;
/// The role, the metric, its labels.
type PointKey = (String, String, Labels);

/// What one metric says for one set of labels: a number, or of a histogram how many there were.
#[derive(Clone, Debug)]
pub struct Point {
    pub role: String,
    pub metric: String,
    pub labels: Labels,
    pub value: f64,
}

impl Collector {
    /// Starts it; gives where it listens.
    pub async fn start() -> (Collector, String) {
        let collector = Collector::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket"));
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(server);
        (collector, url)
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Recorded> {
        self.spans.lock().expect("no holder panics").clone()
    }

    /// The last of what each metric said.
    pub fn points(&self) -> Vec<Point> {
        let points = self.points.lock().expect("no holder panics");
        let point = |((role, metric, labels), value): (&PointKey, &f64)| Point {
            role: role.clone(),
            metric: metric.clone(),
            labels: labels.clone(),
            value: *value,
        };
        points.iter().map(point).collect()
    }

    /// What the processes said of themselves.
    pub fn resources(&self) -> BTreeSet<Labels> {
        self.resources.lock().expect("no holder panics").clone()
    }

    fn role(&self, resource: Option<Resource>) -> String {
        let labels = labels(&resource.map(|resource| resource.attributes).unwrap_or_default());
        let role = labels.get("service.name").cloned().unwrap_or_default();
        self.resources.lock().expect("no holder panics").insert(labels);
        role
    }

    fn take(&self, role: &str, metric: Metric) {
        let number = |value: Option<number_data_point::Value>| match value {
            Some(number_data_point::Value::AsDouble(value)) => value,
            Some(number_data_point::Value::AsInt(value)) => value as f64,
            None => f64::NAN,
        };
        let points: Vec<(Labels, f64)> = match metric.data {
            Some(metric::Data::Gauge(gauge)) => {
                gauge.data_points.into_iter().map(|point| (labels(&point.attributes), number(point.value))).collect()
            }
            Some(metric::Data::Sum(sum)) => {
                sum.data_points.into_iter().map(|point| (labels(&point.attributes), number(point.value))).collect()
            }
            Some(metric::Data::Histogram(histogram)) => {
                let point = |it: opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint| {
                    (labels(&it.attributes), it.count as f64)
                };
                histogram.data_points.into_iter().map(point).collect()
            }
            _ => Vec::new(),
        };
        let mut kept = self.points.lock().expect("no holder panics");
        for (labels, value) in points {
            kept.insert((role.to_owned(), metric.name.clone(), labels), value);
        }
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for of_role in request.into_inner().resource_spans {
            let role = self.role(of_role.resource);
            let spans = of_role.scope_spans.into_iter().flat_map(|scope| scope.spans);
            let spans = spans.map(|span| Recorded { role: role.clone(), span });
            self.spans.lock().expect("no holder panics").extend(spans);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        for of_role in request.into_inner().resource_metrics {
            let role = self.role(of_role.resource);
            for metric in of_role.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
                self.take(&role, metric);
            }
        }
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

/// Attributes as text.
pub fn labels(attributes: &[KeyValue]) -> Labels {
    let text = |value: &any_value::Value| match value {
        any_value::Value::StringValue(text) => text.clone(),
        any_value::Value::IntValue(number) => number.to_string(),
        any_value::Value::DoubleValue(number) => number.to_string(),
        any_value::Value::BoolValue(truth) => truth.to_string(),
        other => format!("{other:?}"),
    };
    let value = |it: &KeyValue| it.value.as_ref().and_then(|any| any.value.as_ref()).map(text).unwrap_or_default();
    attributes.iter().map(|it| (it.key.clone(), value(it))).collect()
}

/// An id as hexadecimal digits.
pub fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
