//! Traces and metrics reach a collector. A process of its own, because telemetry is set up once a process.

#![allow(clippy::unwrap_used)] // a failed step fails the test

#[path = "suite/registry.rs"]
mod registry;
#[allow(dead_code)]
#[path = "suite/world.rs"]
mod world;

use std::sync::{Arc, Mutex};

use chassis::{Caller, Config};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};

use world::{Way, World};

#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    metrics: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        let spans = resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans);
        self.spans.lock().unwrap().extend(spans);
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let resources = request.into_inner().resource_metrics.into_iter();
        let metrics = resources.flat_map(|resource| resource.scope_metrics).flat_map(|scope| scope.metrics);
        self.metrics.lock().unwrap().extend(metrics.map(|metric| format!("{metric:?}")));
        Ok(Response::new(Default::default()))
    }
}

impl Collector {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(self.clone()))
            .add_service(MetricsServiceServer::new(self.clone()))
            .serve_with_incoming(tonic::transport::server::TcpIncoming::from(listener));
        #[expect(clippy::disallowed_methods, reason = "a server outside of the platform")]
        tokio::spawn(server);
        url
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_of_all_hops_and_the_duration_of_each_rpc_reach_the_collector() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let collector = Collector::default();
    let mut config = Config::default();
    config.telemetry.otlp_endpoint = collector.start().await;
    let telemetry = chassis::telemetry::init(&config, "registry").unwrap();

    let world = World::start(Way::Local).await;
    let name = "agencies/nested".to_owned();
    let mut request = tonic::Request::new(api::registry::v1::GetAgencyRequest { name });
    request.metadata_mut().insert("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01").parse().unwrap());
    let peer = world.host.peers.get("registry");
    let mut client = api::registry::v1::agency_service_client::AgencyServiceClient::new(peer);
    let told = client.get_agency(request).await.unwrap().into_inner();
    assert_eq!(told.code, TRACE, "the trace's id is also the one that handlers know");
    world.get(&Caller::default(), "broken").await.unwrap_err();
    telemetry.stop().await;

    let spans = collector.spans.lock().unwrap();
    let of_trace: Vec<&Span> = spans.iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    let child_of = |parent: &str| of_trace.iter().find(|span| hex(&span.parent_span_id) == parent).unwrap();
    let outer = child_of("b7ad6b7169203331");
    let call = child_of(&hex(&outer.span_id));
    let inner = child_of(&hex(&call.span_id));
    let kinds = [outer, call, inner].map(|span| span.kind());
    assert_eq!(kinds, [SpanKind::Server, SpanKind::Client, SpanKind::Server], "{of_trace:?}");
    assert!(of_trace.iter().all(|span| span.name == "ngkt.registry.v1.AgencyService/GetAgency"), "{of_trace:?}");
    let failed = spans.iter().any(|span| span.status.as_ref().is_some_and(|status| status.code == 2));
    assert!(failed, "the fault is an error: {spans:?}");

    let metrics = collector.metrics.lock().unwrap().join("\n");
    for expected in ["rpc.server.call.duration", "ngkt.registry.v1.AgencyService/GetAgency", "INTERNAL"] {
        assert!(metrics.contains(expected), "{expected} is not in {metrics}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
