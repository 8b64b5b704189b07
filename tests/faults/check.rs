//! Compares what the clients wrote down with the database, the feeds, the sinks and the inboxes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::actor::Actor;
use crate::kind::KINDS;
use crate::load::Entry;
use crate::platform::{Platform, SERVICES, items};
use crate::sink::Sink;
use crate::watch::{Watcher, coordinates};

/// How long sinks and watchers may take to be told of the last change.
const DRAIN: Duration = Duration::from_secs(90);

/// One line of the report: what was looked at, and what was wrong.
pub struct Finding {
    pub what: String,
    pub complaints: Vec<String>,
}

/// An entry of a change log.
pub struct Logged {
    resource: String,
    version: i64,
    sequence: i64,
    mark: String,
    localities: Vec<String>,
    kind: String,
}

/// The change logs of all services since their cursors.
pub async fn logs(auditor: &Actor, cursors: &[String]) -> Vec<Vec<Logged>> {
    let mut logs = Vec::new();
    for (service, cursor) in SERVICES.iter().zip(cursors) {
        let (mut log, mut cursor) = (Vec::new(), cursor.clone());
        loop {
            let page = auditor.insist(&format!("/v1/{service}/changes?pageSize=1000&cursor={cursor}")).await;
            let changes = items(&page, "changes");
            if changes.is_empty() {
                break;
            }
            log.extend(changes.iter().map(logged));
            page["nextCursor"].as_str().unwrap_or_default().clone_into(&mut cursor);
        }
        logs.push(log);
    }
    logs
}

fn logged(change: &Value) -> Logged {
    let (resource, version, sequence) = coordinates(change);
    let collection = resource.split('/').next().unwrap_or_default();
    let field = KINDS.iter().find(|kind| kind.collection == collection).map_or("", |kind| kind.field);
    let mark = change["after"][field].as_str().unwrap_or_default().to_owned();
    let localities =
        items(&change["after"], "localities").iter().filter_map(|l| l.as_str().map(str::to_owned)).collect();
    Logged {
        resource,
        version,
        sequence,
        mark,
        localities,
        kind: change["type"].as_str().unwrap_or_default().to_owned(),
    }
}

/// Every acknowledged write is in the log, once, as it was acknowledged; no write had two effects.
pub fn ledgers(entries: &[Entry], logs: &[Vec<Logged>]) -> Finding {
    let mut effects: HashMap<&str, Vec<&Logged>> = HashMap::new();
    for logged in logs.iter().flatten() {
        effects.entry(&logged.mark).or_default().push(logged);
    }
    let (mut lost, mut double, mut other, mut unknown, mut repeated) = (Vec::new(), Vec::new(), Vec::new(), 0, 0);
    for entry in entries {
        let found = effects.get(entry.mark.as_str()).map(Vec::as_slice).unwrap_or_default();
        repeated += usize::from(entry.attempts > 1);
        match (entry.version, found) {
            (None, []) | (None, [_]) => unknown += 1,
            (Some(version), [one]) if one.resource == entry.name && one.version == version => {}
            (Some(version), [one]) => {
                let (acknowledged, logged) = ((&entry.name, version), (&one.resource, one.version));
                other.push(format!("{}: {acknowledged:?} acknowledged, {logged:?} in the log", entry.mark));
            }
            (Some(_), []) => lost.push(entry),
            (_, _) => double.push(entry),
        }
    }
    let acknowledged = entries.iter().filter(|entry| entry.version.is_some()).count();
    let what = format!(
        "{acknowledged} acknowledged writes, {repeated} of them after repetitions: {} lost, {} done twice; {unknown} never answered",
        lost.len(),
        double.len(),
    );
    let mut complaints = other;
    for (name, wrong) in [("lost", &lost), ("done twice", &double)] {
        if let Some(first) = wrong.first() {
            let (kind, at) = (KINDS[first.kind].collection, (first.begin.as_secs_f64(), first.end.as_secs_f64()));
            complaints.push(format!(
                "{} {name}, such as {} of {kind}, from {:.1} s to {:.1} s",
                wrong.len(),
                first.mark,
                at.0,
                at.1
            ));
        }
    }
    complaints.truncate(20);
    Finding { what, complaints }
}

/// The rows hold what was acknowledged, and agree with the log, whose versions have no gaps.
pub fn database(platform: &Platform, entries: &[Entry]) -> Finding {
    let mut complaints = Vec::new();
    let mut rows = HashMap::new();
    for kind in &KINDS {
        let (table, collection) = (kind.table, kind.collection);
        let disagree = format!(
            "SELECT r.id, r.version, c.last, c.number FROM {table} r LEFT JOIN (SELECT resource, max(version) AS last, \
             count(*) AS number FROM change GROUP BY resource) c ON c.resource = '{collection}/' || r.id \
             WHERE c.last IS DISTINCT FROM r.version OR c.number <> c.last LIMIT 5"
        );
        let all = format!("SELECT id, version FROM {table}");
        let asked = [disagree, all].map(|statement| platform.cluster().sql(SERVICES[kind.service], &statement));
        match asked {
            [Ok(disagree), Ok(all)] => {
                complaints.extend(disagree.lines().map(|row| format!("{table}: row and log disagree: {row}")));
                for (id, version) in all.lines().filter_map(|line| line.split_once('|')) {
                    rows.insert(format!("{collection}/{id}"), version.parse::<i64>().unwrap_or(0));
                }
            }
            [disagree, all] => complaints.extend([disagree.err(), all.err()].into_iter().flatten()),
        }
    }
    let older: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.version.is_some_and(|version| rows.get(&entry.name).is_none_or(|row| *row < version)))
        .collect();
    if let Some(first) = older.first() {
        complaints.push(format!("{} acknowledged versions are not in the rows, such as {first:?}", older.len()));
    }
    Finding {
        what: format!("{} rows hold the last acknowledged version and agree with their log", rows.len()),
        complaints,
    }
}

/// Every watcher saw every entry once, and no version after a later one.
pub async fn watchers(watchers: &[Watcher], logs: &[Vec<Logged>]) -> Finding {
    let wanted: Vec<BTreeSet<i64>> =
        logs.iter().map(|log| log.iter().map(|logged| logged.sequence).collect()).collect();
    let begin = Instant::now();
    let behind = |watcher: &Watcher| {
        let seen: HashSet<i64> = watcher.state.seen.lock().expect("no holder panics").iter().copied().collect();
        wanted[watcher.service].iter().filter(|sequence| !seen.contains(sequence)).count()
    };
    while watchers.iter().any(|watcher| behind(watcher) > 0) && begin.elapsed() < DRAIN {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut complaints = Vec::new();
    let (mut seen, mut reconnects) = (0, 0);
    for (number, watcher) in watchers.iter().enumerate() {
        let (missing, state) = (behind(watcher), &watcher.state);
        let name = format!("watcher {number} of {}", SERVICES[watcher.service]);
        if missing > 0 {
            complaints.push(format!("{name} never saw {missing} entries"));
        }
        let all = state.seen.lock().expect("no holder panics");
        let once: HashSet<i64> = all.iter().copied().collect();
        if once.len() < all.len() {
            complaints.push(format!("{name} saw {} entries twice", all.len() - once.len()));
        }
        seen += once.len();
        reconnects += state.reconnects.load(std::sync::atomic::Ordering::Relaxed);
        complaints
            .extend(state.complaints.lock().expect("no holder panics").iter().take(3).map(|c| format!("{name}: {c}")));
    }
    let what = format!(
        "{} watchers saw all entries once and in order: {seen} in all, {reconnects} reconnects",
        watchers.len()
    );
    Finding { what, complaints }
}

/// Every engagement's changes reached the sink and the inbox of its province.
pub async fn sinks(sinks: &[Sink], log: &[Logged]) -> [Finding; 2] {
    let begin = Instant::now();
    let missing = |sink: &Sink| {
        let told: HashSet<(String, i64)> = sink.told().into_iter().map(|told| (told.resource, told.version)).collect();
        let lacks = |logged: &&Logged| !told.contains(&(logged.resource.clone(), logged.version));
        told_to(log, &sink.owner.organization).filter(lacks).count()
    };
    while sinks.iter().any(|sink| missing(sink) > 0) && begin.elapsed() < DRAIN {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let drained = begin.elapsed();
    let (mut hooks, mut boxes) = (Vec::new(), Vec::new());
    let (mut wanted, mut arrived, mut messages) = (0, 0, 0);
    for sink in sinks {
        let (owner, expected) = (&sink.owner.organization, told_to(log, &sink.owner.organization).count());
        wanted += expected;
        let told = sink.told();
        arrived += told.len();
        let mut ids: BTreeMap<(String, i64), HashSet<String>> = BTreeMap::new();
        for told in told {
            ids.entry((told.resource, told.version)).or_default().insert(told.id);
        }
        let lost = missing(sink);
        let double = ids.values().filter(|ids| ids.len() > 1).count();
        if lost + double > 0 {
            hooks.push(format!("{owner}: of {expected} changes {lost} not delivered, {double} under two ids"));
        }
        let inbox = inbox(sink).await;
        messages += inbox.len();
        let once: HashSet<i64> = inbox.iter().copied().collect();
        let lost = told_to(log, owner).filter(|logged| !once.contains(&logged.sequence)).count();
        if lost + inbox.len() - once.len() > 0 {
            boxes.push(format!(
                "{owner}: of {expected} changes {lost} not in the inbox, {} twice",
                inbox.len() - once.len()
            ));
        }
    }
    let what = format!(
        "{} sinks were told of all {wanted} changes, in {arrived} messages; the last {:.1} s after",
        sinks.len(),
        drained.as_secs_f64()
    );
    let told = format!("the inboxes have each of them once: {messages} messages");
    [Finding { what, complaints: hooks }, Finding { what: told, complaints: boxes }]
}

/// The changes that concern a province.
fn told_to<'a>(log: &'a [Logged], owner: &'a str) -> impl Iterator<Item = &'a Logged> {
    let concerns = move |logged: &Logged| logged.localities.iter().any(|locality| locality == owner);
    log.iter().filter(move |logged| logged.kind.starts_with("engagement.") && concerns(logged))
}

/// Sequence numbers of the changes that an inbox tells of.
async fn inbox(sink: &Sink) -> Vec<i64> {
    let messages = sink.owner.all("/v1/inboxMessages?pageSize=1000&omitPayload=true", "inboxMessages").await;
    let sequence = |message: &Value| message["eventId"].as_str()?.split('-').nth(1)?.parse().ok();
    messages.iter().filter_map(sequence).collect()
}

/// What `ngkt audit verify` says of the change logs.
pub fn audit(platform: &Platform) -> Finding {
    match platform.verify() {
        Ok(said) => {
            Finding { what: format!("audit verify: {}", said.trim().replace('\n', "; ")), complaints: Vec::new() }
        }
        Err(why) => Finding { what: "audit verify".to_owned(), complaints: vec![why] },
    }
}
