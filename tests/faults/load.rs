//! The steady load: closed-loop clients that write and read records of their own, and write down what they meant, what
//! they were told, and what they saw.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use tokio::task::JoinHandle;

use crate::actor::Actor;
use crate::kind::{KINDS, Kind, PROVINCES};
use crate::platform::Platform;
use crate::record::{End, Recorder};

/// The share of reads of those who write as well. With the quarter of the clients that only read, which go on where writes
/// are refused, it comes to 70 %.
const READS: f64 = 0.6;
/// Of so many clients, four in a row only read: one of each kind of record.
const READERS_OF: usize = 16;
/// Records that a client goes on reading and changing.
const OWN_MAX: usize = 20;
/// How long a client repeats a write, always under the same key, until it is told what became of it.
const INSISTENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(150);

/// A write, as its client knows of it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub kind: usize,
    pub mark: String,
    /// The record that it changes; empty if it makes a new one and was not told its name.
    pub name: String,
    /// The version that was acknowledged; none if nobody said what became of it.
    pub version: Option<i64>,
    pub attempts: u32,
    pub begin: Duration,
    pub end: Duration,
}

/// All clients, until they are told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    /// Microseconds between the end of a request and the next.
    pub think: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Vec<Entry>>>,
}

impl Load {
    /// Clients under a prefix of their own, so that no two loads share keys or marks.
    pub fn start(platform: &Platform, recorder: &Arc<Recorder>, prefix: &str, clients: usize, think: Duration) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let think = Arc::new(AtomicU64::new(think.as_micros() as u64));
        let start = |number: usize| {
            let kind = &KINDS[number % KINDS.len()];
            let (organization, role) = kind.writer;
            let client = Client {
                kind_number: number % KINDS.len(),
                kind,
                reads: if number % READERS_OF >= READERS_OF - KINDS.len() { 1.0 } else { READS },
                actor: Actor::new(platform, organization, role, number),
                recorder: recorder.clone(),
                prefix: format!("{prefix}{number}"),
                province: PROVINCES[number / KINDS.len() % PROVINCES.len()],
                random: StdRng::seed_from_u64(number as u64),
                own: Vec::new(),
                ledger: Vec::new(),
                stop: stop.clone(),
                think: think.clone(),
            };
            tokio::spawn(client.run())
        };
        let clients = (0..clients).map(start).collect();
        Load { stop, think, clients }
    }

    /// Stops the clients once they know what became of their writes, and gives their ledgers.
    pub async fn finish(self) -> Vec<Entry> {
        self.stop.store(true, Relaxed);
        let mut all = Vec::new();
        for client in self.clients {
            all.extend(client.await.expect("a client does not panic"));
        }
        all
    }
}

/// A record as its only writer knows it.
struct Own {
    name: String,
    version: i64,
    mark: String,
}

struct Client {
    kind_number: usize,
    kind: &'static Kind,
    /// The share of its reads.
    reads: f64,
    actor: Actor,
    recorder: Arc<Recorder>,
    prefix: String,
    province: &'static str,
    random: StdRng,
    own: Vec<Own>,
    ledger: Vec<Entry>,
    stop: Arc<AtomicBool>,
    think: Arc<AtomicU64>,
}

impl Client {
    async fn run(mut self) -> Vec<Entry> {
        while !self.stop.load(Relaxed) {
            match self.random.random_bool(self.reads) {
                true => self.read().await,
                false => self.write().await,
            }
            let think = self.think.load(Relaxed);
            tokio::time::sleep(Duration::from_micros(self.random.random_range(think / 2..=think + think / 2))).await;
        }
        self.ledger
    }

    async fn read(&mut self) {
        let which = self.random.random_range(0..10);
        if which < 7 && !self.own.is_empty() {
            let own = self.random.random_range(0..self.own.len());
            return self.read_own(own).await;
        }
        let path = format!("/v1/{}?pageSize=20", self.kind.collection);
        let begin = self.recorder.now();
        let reply = self.actor.get(&path).await;
        self.put(false, begin, reply.end, &reply.said);
        if reply.end != End::Success {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Nobody else writes the record: it must be as it was acknowledged.
    async fn read_own(&mut self, own: usize) {
        let begin = self.recorder.now();
        let reply = self.actor.get(&format!("/v1/{}", self.own[own].name)).await;
        self.put(false, begin, reply.end, &reply.said);
        if reply.end != End::Success {
            if reply.end == End::Wrong {
                self.recorder
                    .contradiction(format!("{} is acknowledged, and read: {}", self.own[own].name, reply.said));
            }
            return tokio::time::sleep(PAUSE).await;
        }
        let own = &self.own[own];
        let (version, mark) = (version_of(&reply.body), reply.body[self.kind.field].as_str().unwrap_or_default());
        if version != own.version || mark != own.mark {
            let said = format!("{}: {} of {} acknowledged, {version} of {mark} read", own.name, own.version, own.mark);
            self.recorder.contradiction(said);
        }
    }

    async fn write(&mut self) {
        let mark = format!("{}-{:06}", self.prefix, self.ledger.len());
        let creates = self.own.is_empty() || self.random.random_bool(if self.own.len() < OWN_MAX { 0.5 } else { 0.1 });
        let (method, path, body, own) = match creates {
            true => {
                (Method::POST, format!("/v1/{}", self.kind.collection), self.kind.create(&mark, self.province), None)
            }
            false => {
                let own = self.own.swap_remove(self.random.random_range(0..self.own.len()));
                let path = format!("/v1/{}?updateMask={}", own.name, self.kind.field);
                (Method::PATCH, path, self.kind.update(&mark, own.version), Some(own))
            }
        };
        let name = own.map(|own| own.name).unwrap_or_default();
        let begin = self.recorder.now();
        let mut entry =
            Entry { kind: self.kind_number, mark: mark.clone(), name, version: None, attempts: 0, begin, end: begin };
        while self.recorder.now() - begin < INSISTENCE {
            entry.attempts += 1;
            let sent = self.recorder.now();
            let reply = self.actor.send(method.clone(), &path, Some(&mark), Some(&body)).await;
            self.put(true, sent, reply.end, &reply.said);
            if reply.end == End::Success {
                entry.name = reply.body["name"].as_str().unwrap_or_default().to_owned();
                entry.version = Some(version_of(&reply.body));
                break;
            }
            if reply.end == End::Wrong {
                self.recorder.contradiction(format!("a right write is refused: {method} {path}: {}", reply.said));
                break;
            }
            let jitter = self.random.random_range(0.5..1.5);
            tokio::time::sleep(PAUSE.mul_f64(jitter)).await;
        }
        entry.end = self.recorder.now();
        if let Some(version) = entry.version {
            self.own.push(Own { name: entry.name.clone(), version, mark });
            if self.own.len() > OWN_MAX {
                self.own.remove(0);
            }
        }
        self.ledger.push(entry);
    }

    fn put(&self, writes: bool, begin: Duration, end: End, said: &str) {
        self.recorder.put(self.kind.service, writes, begin, end, said);
    }
}

fn version_of(record: &serde_json::Value) -> i64 {
    record["etag"].as_str().and_then(|etag| etag.parse().ok()).unwrap_or(-1)
}
