//! What operators are given agrees with the program: alerts and dashboards ask for metrics that there are, and the runbook
//! says of each alert what to do.

use std::collections::BTreeSet;

use ngkt::catalogue;
use serde_json::Value;

use super::source::{none, text};

const ALERTS: &str = "deploy/prometheus/alerts.yml";
const DASHBOARD: &str = "deploy/grafana/dashboards/ngkt.json";
const RUNBOOK: &str = "deploy/runbook.md";

/// What the names of our series begin with, and of those that the rules themselves make.
const PREFIXES: [&str; 6] = ["ngkt_", "rpc_", "http_", "db_client_", "process_", "ngkt:"];

/// The words of a query that look like names of ours, but are neither series, labels nor recorded.
fn unknown(query: &str, recorded: &BTreeSet<String>) -> Vec<String> {
    let series: BTreeSet<String> = catalogue::ALL.iter().flat_map(|metric| metric.series()).collect();
    let labels: BTreeSet<String> = catalogue::ALL.iter().flat_map(|metric| metric.series_labels()).collect();
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    let ours = words.filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)));
    let strange = ours.filter(|word| !series.contains(*word) && !labels.contains(*word) && !recorded.contains(*word));
    strange.map(str::to_owned).collect()
}

/// The values of `key` in the rules.
fn values(rules: &str, key: &str) -> Vec<String> {
    let key = format!("{key}: ");
    let value = |line: &str| line.trim_start().trim_start_matches("- ").strip_prefix(&key).map(str::to_owned);
    rules.lines().filter_map(value).collect()
}

/// The rules without what is said to people.
fn queries(rules: &str) -> String {
    let said = ["#", "summary:", "runbook:", "- alert:", "- name:"];
    let lines = rules.lines().filter(|line| !said.iter().any(|word| line.trim_start().starts_with(word)));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn alerts_ask_for_metrics_that_there_are() {
    let rules = text(ALERTS);
    let recorded: BTreeSet<String> = values(&rules, "record").into_iter().collect();
    assert_eq!(recorded.len(), 3);
    none(&unknown(&queries(&rules), &recorded));
    assert_eq!(unknown("sum(ngkt_queue_height) by (rpc_colour)", &recorded), ["ngkt_queue_height", "rpc_colour"]);
}

#[test]
fn each_alert_stands_in_the_runbook_and_has_its_test() {
    let (rules, runbook, tests) = (text(ALERTS), text(RUNBOOK), text("deploy/prometheus/alerts_test.yml"));
    let alerts = values(&rules, "alert");
    assert!(alerts.len() > 15, "{alerts:?}");
    let links = values(&rules, "runbook");
    let mut complaints = Vec::new();
    for alert in &alerts {
        if !runbook.lines().any(|line| line == format!("### {alert}")) {
            complaints.push(format!("{RUNBOOK}: no heading ### {alert}"));
        }
        if !links.contains(&format!("{RUNBOOK}#{}", alert.to_lowercase())) {
            complaints.push(format!("{ALERTS}: {alert} does not name its entry in the runbook"));
        }
        if !tests.contains(&format!("alertname: {alert}\n")) {
            complaints.push(format!("deploy/prometheus/alerts_test.yml: {alert} is not tried"));
        }
    }
    for heading in runbook.lines().filter_map(|line| line.strip_prefix("### Ngkt")) {
        if !alerts.contains(&format!("Ngkt{heading}")) {
            complaints.push(format!("{RUNBOOK}: there is no alert Ngkt{heading}"));
        }
    }
    none(&complaints);
}

#[test]
fn the_dashboard_is_one_that_grafana_takes_and_asks_for_metrics_that_there_are() {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).expect("JSON");
    let recorded: BTreeSet<String> = values(&text(ALERTS), "record").into_iter().collect();
    for key in ["uid", "title"] {
        assert!(dashboard[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
    assert!(dashboard["schemaVersion"].as_u64().is_some_and(|version| version >= 36) && dashboard["time"].is_object());
    let source = text("deploy/grafana/provisioning/datasources/prometheus.yml");
    let mut ids = BTreeSet::new();
    let mut asked = String::new();
    let panels = dashboard["panels"].as_array().expect("panels");
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().expect("a number")), "{panel}");
        let place = &panel["gridPos"];
        let sides = ["x", "w", "y", "h"].map(|side| place[side].as_u64().unwrap_or_else(|| panic!("{side}: {panel}")));
        assert!(sides[0] + sides[1] <= 24 && sides[1] > 0 && sides[3] > 0, "{panel}");
        if panel["type"] == "row" {
            continue;
        }
        assert!(["timeseries", "stat"].iter().any(|kind| panel["type"] == *kind), "{panel}");
        assert!(panel["description"].is_string() && panel["fieldConfig"]["defaults"]["unit"].is_string(), "{panel}");
        let uid = panel["datasource"]["uid"].as_str().expect("a data source");
        assert!(source.contains(&format!("uid: {uid}\n")), "{panel}");
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty(), "{panel}");
        for target in targets {
            asked.push_str(target["expr"].as_str().expect("a query"));
            asked.push('\n');
        }
    }
    none(&unknown(&asked, &recorded));
    let shown = |metric: &&&ngkt::metric::Metric| metric.series().iter().any(|series| asked.contains(series));
    let hidden: Vec<&str> = catalogue::ALL.iter().filter(|metric| !shown(metric)).map(|metric| metric.name).collect();
    // The rules show where consumers stand.
    assert_eq!(hidden, ["ngkt.consumer.position"], "nobody sees these");
}

/// The pipelines of the collector use what is defined, and what is defined is used.
#[test]
fn the_collectors_pipelines_are_whole() {
    let text = text("deploy/otel/collector.yaml");
    let section = |name: &str| {
        let lines = text.lines().skip_while(move |line| *line != format!("{name}:")).skip(1);
        let lines = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
        lines.map(str::to_owned).collect::<Vec<String>>()
    };
    let defined = |name: &str| -> BTreeSet<String> {
        let keys = section(name).into_iter().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        keys.filter_map(|line| line.trim().strip_suffix(':').map(str::to_owned)).collect()
    };
    for name in ["receivers", "processors", "exporters", "extensions"] {
        let key = format!("{name}: [");
        let used: BTreeSet<String> = section("service")
            .iter()
            .filter_map(|line| line.trim().strip_prefix(&key)?.strip_suffix(']').map(str::to_owned))
            .flat_map(|list| list.split(", ").map(str::to_owned).collect::<Vec<_>>())
            .collect();
        assert_eq!(used, defined(name), "{name}");
    }
    let first = section("service").iter().filter(|line| line.contains("processors: [memory_limiter,")).count();
    assert_eq!(first, 2, "the limiter is first in each pipeline");
}
