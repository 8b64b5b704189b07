//! What an operator sees: one trace from the gateway to the database and on to whoever is told, every metric by its name in
//! the catalogue, and nothing of a person or a token anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ngkt::catalogue;
use ngkt::metric::Metric;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;

use super::promise::subscribed;
use crate::world::collector::{Collector, Point, Recorded, hex, labels};
use crate::world::issuer::{Issuer, Key, bearer};
use crate::world::{Backend, World, block_on, eventually, postgres};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Marks of a person, spelled so that nothing else has them.
const PERSON: [&str; 4] = ["Zuyền Thị Qxanh", "zuyen.qxanh@dn.vn", "905777123", "+84905777123"];

const ROLES: [&str; 5] = ["events", "gateway", "investment", "notification", "registry"];

/// Metrics that are not there when all goes well, or not on every machine, or only with TLS.
const MAY_BE_MISSING: [&Metric; 4] =
    [&catalogue::POOL_TIMEOUTS, &catalogue::SERVER_REFUSED, &catalogue::MEMORY_MAX, &catalogue::CERTIFICATE_LEFT];

/// The issuer whose tokens are counted.
const ISSUER: &str = "ministry-id";

#[test]
fn what_goes_on_is_seen_on_sqlite() {
    block_on(is_seen(Backend::Split));
}

#[test]
fn what_goes_on_is_seen_on_postgres() {
    if postgres::cluster().is_some() {
        block_on(is_seen(Backend::SplitPostgres));
    }
}

async fn is_seen(backend: Backend) {
    let (collector, url) = Collector::start().await;
    let settings = [
        ("telemetry.otlp_endpoint", url),
        ("telemetry.metrics_seconds", "1".to_owned()),
        ("log.level", "debug".to_owned()),
    ];
    let world = World::start_with(backend, &settings).await;
    let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
    let (ministry, key) = (Issuer::start().await, Key::es256("a"));
    ministry.publish(&[key.public()]);
    ministry.add_to(&world, ISSUER);
    let receiver = subscribed(&province).await;
    let lead = json!({"title": "Nhà máy dược", "country": "countries/IN", "localities": ["localities/quang-ninh"]});
    let request = mission.request(reqwest::Method::POST, "/v1/leads").json(&lead);
    let request = request.header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"));
    let lead = mission.send(request).await.ok();
    world.nobody().get("/v1/countries/IN").await.ok();
    world.nobody().get("/v1/leads").await.refused(401);
    receiver.wait_for("the lead", |message| message.body["subject"] == lead["name"]).await;
    let person = json!({"displayName": PERSON[0], "email": PERSON[1], "phone": PERSON[3]});
    a_person_is_recorded(&world, person).await;
    let officer = bearer(&world, key.sign(&ministry.claims("4711")));
    eventually("its token is taken", || async { officer.get("/v1/leads").await.status == 200 }).await;
    // Spans are sent every five seconds at the latest, metrics each second.
    eventually("the webhook's span arrives", || async { !of(&collector, "webhook attempt").is_empty() }).await;
    // A stream is counted when it ends: that of a service which follows another's log ends with the service.
    world.running().kill("notification");
    tokio::time::sleep(Duration::from_secs(2)).await;

    one_trace_leads_from_the_gateway_to_the_database(&collector, backend);
    what_follows_is_linked(&collector, &receiver.arrived().iter().map(|it| it.body.clone()).collect::<Vec<_>>());
    metrics_are_those_of_the_catalogue(&collector, backend);
    each_process_says_what_it_is(&collector);
    nothing_of_a_person_is_told(&world, &collector, &[mission.token(), province.token(), officer.token()]);
    world.stop().await;
}

async fn a_person_is_recorded(world: &World, mut person: serde_json::Value) {
    let hue = world.province("hue");
    for (field, value) in [("purpose", json!("Xúc tiến thương mại")), ("position", json!("Giám đốc"))] {
        person[field] = value;
    }
    let contact = hue.post("/v1/contacts", super::personal_data::contact(person)).await.ok();
    let path = format!("/v1/{}", contact["name"].as_str().expect("a name"));
    hue.get(&path).await.ok();
    assert_eq!(hue.all("contacts", "q=qxanh").await.len(), 1);
    hue.patch(&path, json!({"position": "Phó giám đốc"})).await.ok();
    // What goes wrong is told in more words.
    hue.post("/v1/contacts", json!({"email": PERSON[1], "phone": "x"})).await.refused(400);
    hue.post("/v1/contacts", json!({"displayName": PERSON[0], "organization": "organizations/none"})).await;
    hue.get(&format!("/v1/contacts?q={}&pageToken=x", PERSON[2])).await.refused(400);
}

fn of(collector: &Collector, name: &str) -> Vec<Recorded> {
    collector.spans().into_iter().filter(|recorded| recorded.span.name == name).collect()
}

fn one_trace_leads_from_the_gateway_to_the_database(collector: &Collector, backend: Backend) {
    let spans: Vec<Recorded> =
        collector.spans().into_iter().filter(|recorded| hex(&recorded.span.trace_id) == TRACE).collect();
    let child = |parent: &str, role: &str, name: &str| {
        let found = spans.iter().find(|it| hex(&it.span.parent_span_id) == parent && it.span.name == name);
        let found = found.unwrap_or_else(|| panic!("no {name} under {parent}: {spans:#?}"));
        assert_eq!(found.role, role, "{found:?}");
        hex(&found.span.span_id)
    };
    let request = child("b7ad6b7169203331", "gateway", "POST /v1/leads");
    let rpc = "ngkt.investment.v1.LeadService/CreateLead";
    let call = child(&request, "gateway", rpc);
    let service = child(&call, "investment", rpc);
    let transaction = child(&service, "investment", "transaction");
    let statements: Vec<&Recorded> = spans.iter().filter(|it| hex(&it.span.parent_span_id) == transaction).collect();
    if backend.is_postgres() {
        let system = statements.first().map(|it| labels(&it.span.attributes)["db.system.name"].clone());
        assert_eq!(system.as_deref(), Some("postgresql"), "{spans:#?}");
    }
    let reads: Vec<Recorded> = of(collector, "SELECT country");
    assert!(reads.iter().any(|it| it.role == "registry" && it.span.kind() == SpanKind::Client), "{reads:#?}");
}

/// The change carries where it was made; what its readers do links to that, and so does the message that goes out.
fn what_follows_is_linked(collector: &Collector, bodies: &[serde_json::Value]) {
    for (name, role) in [("consume investment-fanout", "notification"), ("webhook attempt", "notification")] {
        let linked = of(collector, name).into_iter().any(|recorded| {
            assert_eq!(recorded.role, role, "{recorded:?}");
            recorded.span.links.iter().any(|link| hex(&link.trace_id) == TRACE)
        });
        assert!(linked, "{name}: {:#?}", of(collector, name));
    }
    let told = bodies.iter().any(|body| body["traceparent"].as_str().is_some_and(|it| it.contains(TRACE)));
    assert!(told, "{bodies:#?}");
}

fn metrics_are_those_of_the_catalogue(collector: &Collector, backend: Backend) {
    let points = collector.points();
    let known: BTreeMap<&str, &Metric> = catalogue::ALL.iter().map(|metric| (metric.name, *metric)).collect();
    for point in &points {
        let metric = known.get(point.metric.as_str()).unwrap_or_else(|| panic!("{point:?} is not in the catalogue"));
        let labels: BTreeSet<&str> = point.labels.keys().map(String::as_str).collect();
        assert_eq!(labels, metric.labels.iter().copied().collect(), "{point:?}");
    }
    let seen: BTreeSet<&str> = points.iter().map(|point| point.metric.as_str()).collect();
    let on_sqlite_only = [&catalogue::COMMIT_SIZE, &catalogue::COMMIT_DURATION].map(|metric| metric.name);
    for metric in catalogue::ALL {
        let optional = MAY_BE_MISSING.iter().any(|it| it.name == metric.name);
        let elsewhere = backend.is_postgres() && on_sqlite_only.contains(&metric.name);
        assert!(optional || elsewhere || seen.contains(metric.name), "{} was never sent: {seen:?}", metric.name);
    }
    for (metric, wanted) in [
        (&catalogue::RPC_DURATION, &[("ngkt.caller.class", "MISSION_OFFICER"), ("rpc.response.status_code", "OK")][..]),
        (&catalogue::RPC_DURATION, &[("ngkt.caller.class", "SERVICE")]),
        (&catalogue::HTTP_DURATION, &[("http.route", "/v1/leads"), ("ngkt.caller.class", "ANONYMOUS")]),
        (&catalogue::CONSUMER_POSITION, &[("ngkt.consumer", "investment-fanout"), ("ngkt.peer", "investment")]),
        (&catalogue::CONSUMER_LAG, &[("ngkt.consumer", "events-fanout"), ("ngkt.service", "notification")]),
        (&catalogue::WEBHOOK_DELIVERIES, &[("ngkt.webhook.outcome", "delivered")]),
        (&catalogue::QUEUE_AGE, &[("ngkt.queue", "webhook-lanes")]),
    ] {
        assert!(found(&points, metric, wanted) >= 0.0, "{} {wanted:?}: {points:#?}", metric.name);
    }
    let head = found(&points, &catalogue::FEED_HEAD, &[("ngkt.service", "investment")]);
    assert!(head >= 1.0, "the log of investment has entries");
    assert!(found(&points, &catalogue::CONSUMER_LAG, &[("ngkt.consumer", "investment-fanout")]) < 15.0);
    assert!(found(&points, &catalogue::MEMORY, &[]) > 1e6);
    let up = points.iter().filter(|point| point.metric == catalogue::UPTIME.name);
    assert_eq!(up.map(|point| point.role.as_str()).collect::<BTreeSet<_>>(), ROLES.into());
}

/// What a metric says for labels of which these are some; NaN if it says nothing.
fn found(points: &[Point], metric: &Metric, wanted: &[(&str, &str)]) -> f64 {
    let fits = |point: &&Point| {
        let has = |(label, value): &(&str, &str)| point.labels.get(*label).is_some_and(|it| it == value);
        point.metric == metric.name && wanted.iter().all(has)
    };
    points.iter().find(fits).map_or(f64::NAN, |point| point.value)
}

fn each_process_says_what_it_is(collector: &Collector) {
    let resources = collector.resources();
    let roles: BTreeSet<&str> = resources.iter().map(|it| it["service.name"].as_str()).collect();
    assert_eq!(roles, ROLES.into());
    for resource in &resources {
        assert!(resource["service.version"].starts_with("0."), "{resource:?}");
        assert!(!resource["vcs.ref.head.revision"].is_empty() && !resource["service.instance.id"].is_empty());
    }
}

fn nothing_of_a_person_is_told(world: &World, collector: &Collector, tokens: &[&str]) {
    let marks: Vec<String> = PERSON.iter().flat_map(|mark| [mark.to_string(), mark.to_lowercase()]).collect();
    let marks = || marks.iter().map(String::as_str).chain(["qxanh"]).chain(tokens.iter().copied());
    let spans = collector.spans();
    assert!(spans.len() > 50, "only {} spans", spans.len());
    for recorded in &spans {
        let text = format!("{recorded:?}");
        for mark in marks() {
            assert!(!text.contains(mark), "{mark} is in {text}");
        }
    }
    let mut traced = false;
    for role in ROLES {
        let log = std::fs::read_to_string(world.running().folder().join(format!("{role}.log"))).expect("a log");
        assert!(log.lines().count() > 10, "{role}: {log}");
        for line in log.lines() {
            for mark in marks() {
                assert!(!line.contains(mark), "{role}: {mark} is in {line}");
            }
            traced |= line.contains(TRACE);
        }
    }
    assert!(traced, "log lines carry the trace");
}
