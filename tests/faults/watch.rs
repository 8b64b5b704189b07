//! Watchers of the change feeds: each must see every entry, once, in the order of its record's versions.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::actor::Actor;
use crate::platform::SERVICES;

/// One watcher, which comes back with its cursor whenever its stream ends.
pub struct Watcher {
    pub service: usize,
    pub state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
pub struct State {
    /// Sequence numbers of the entries, in the order in which they came.
    pub seen: Mutex<Vec<i64>>,
    versions: Mutex<HashMap<String, i64>>,
    pub complaints: Mutex<Vec<String>>,
    pub reconnects: AtomicUsize,
    pub is_open: AtomicBool,
}

impl Watcher {
    /// Begins after the cursor.
    pub fn start(actor: Actor, service: usize, cursor: String) -> Watcher {
        let state = Arc::new(State::default());
        let task = tokio::spawn(watch(actor, service, cursor, state.clone()));
        Watcher { service, state, task }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where a feed ends now.
pub async fn head(auditor: &Actor, service: usize) -> String {
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/{}/changes?pageSize=1000&cursor={cursor}", SERVICES[service]);
        let page = auditor.insist(&path).await;
        let next = page["nextCursor"].as_str().unwrap_or_default().to_owned();
        if crate::platform::items(&page, "changes").is_empty() {
            return if next.is_empty() { cursor } else { next };
        }
        cursor = next;
    }
}

async fn watch(actor: Actor, service: usize, mut cursor: String, state: Arc<State>) {
    loop {
        let path = format!("/v1/{}/changes:watch?cursor={cursor}", SERVICES[service]);
        match actor.open(&path).await {
            Ok(stream) => {
                state.is_open.store(true, Relaxed);
                read(stream, &mut cursor, &state).await;
                state.is_open.store(false, Relaxed);
                state.reconnects.fetch_add(1, Relaxed);
            }
            Err(why) if why.starts_with("4") => {
                state.complaints.lock().expect("no holder panics").push(format!("watching is refused: {why}"));
            }
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Reads events until the stream ends or falls silent for longer than its signs of life are apart.
async fn read(mut stream: reqwest::Response, cursor: &mut String, state: &State) {
    let mut text: Vec<u8> = Vec::new();
    while let Ok(Ok(Some(chunk))) = tokio::time::timeout(Duration::from_secs(25), stream.chunk()).await {
        text.extend_from_slice(&chunk);
        while let Some(end) = find(&text, b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            if !take(&event, cursor, state) {
                return;
            }
        }
    }
}

/// One event; false if the stream says that it is over.
fn take(event: &[u8], cursor: &mut String, state: &State) -> bool {
    let event = String::from_utf8_lossy(event);
    if event.lines().any(|line| line.starts_with("event: problem")) {
        return false;
    }
    let data: String = event.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim).collect();
    let Ok(answer) = serde_json::from_str::<Value>(&data) else { return true };
    for change in crate::platform::items(&answer, "changes") {
        let (resource, version, sequence) = coordinates(&change);
        let mut versions = state.versions.lock().expect("no holder panics");
        if let Some(before) = versions.insert(resource.clone(), version)
            && version <= before
        {
            let said = format!("{resource}: version {version} after {before}");
            state.complaints.lock().expect("no holder panics").push(said);
        }
        state.seen.lock().expect("no holder panics").push(sequence);
    }
    if let Some(next) = answer["nextCursor"].as_str().filter(|next| !next.is_empty()) {
        next.clone_into(cursor);
    }
    true
}

/// Record, version and sequence of an entry of a change log.
pub fn coordinates(change: &Value) -> (String, i64, i64) {
    let number = |field: &str| match &change[field] {
        Value::String(text) => text.parse().unwrap_or(0),
        other => other.as_i64().unwrap_or(0),
    };
    (change["resource"].as_str().unwrap_or_default().to_owned(), number("version"), number("sequence"))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
