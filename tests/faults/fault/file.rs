//! The disk under SQLite: a whole platform in one process, on a small volume that fills up.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::Played;
use crate::actor::plain_client;
use crate::platform::token;
use crate::stage::{Act, RECOVERY_MAX, Stage};
use crate::volume::Volume;

const WRITERS: usize = 8;
const START: Duration = Duration::from_secs(90);
const FULL: Duration = Duration::from_secs(5);

/// What the writers were told, one of them or all together.
#[derive(Default)]
struct Told {
    acknowledged: Vec<(String, String)>,
    refused: usize,
    wrong: Vec<String>,
    read_failures: usize,
    first_success: Option<Duration>,
}

pub async fn play(stage: &Stage, round: usize) -> Played {
    let bed = &stage.platform.bed;
    let volume = Volume::make(bed, &format!("small-{round}"), 250)?;
    if !volume.is_own {
        return Err("a volume of its own needs root".to_owned());
    }
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|e| e.to_string())?.port();
    let address = format!("127.0.0.1:{port}");
    let config_file = bed.folder.join(format!("small-{round}.toml"));
    let data = volume.folder.join("data").display().to_string();
    let text = format!("data_dir = {data:?}\nlog.level = \"warn\"\ngateway.listen = {address:?}\n");
    std::fs::write(&config_file, text).map_err(|e| e.to_string())?;
    let begin = stage.recorder.now();
    let mut complaints = Vec::new();
    let mut platform = Alone::start(&bed.binary, &config_file, &address).await?;
    let token = token(&bed.binary, &config_file, "missions/vn-in-emb", "mission-officer")?;
    let (stop, healed) = (AtomicBool::new(false), Mutex::new(None));
    let writing = join_all((0..WRITERS).map(|n| write(&address, &token, n, &stop, &healed)));
    let filling = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        volume.fill();
        tokio::time::sleep(FULL).await;
        volume.empty();
        *healed.lock().expect("no holder panics") = Some(Instant::now());
        tokio::time::sleep(RECOVERY_MAX).await;
        stop.store(true, Relaxed);
    };
    let (told, ()) = tokio::join!(writing, filling);
    let told = told.into_iter().fold(Told::default(), Told::and);
    platform.kill();
    let platform = Alone::start(&bed.binary, &config_file, &address).await?;
    complaints.extend(told.complaints());
    complaints.extend(missing(&address, &token, &told.acknowledged).await);
    drop(platform);
    let notes = vec![told.note()];
    let summary = crate::record::Summary { first_success: told.first_success, ..Default::default() };
    let (fault, lasted) = ("full-file", stage.recorder.now() - begin);
    stage.tell(Act { fault, what: "SQLite, no space, 5 s".to_owned(), lasted, summary, complaints, notes });
    Ok(())
}

async fn write(address: &str, token: &str, writer: usize, stop: &AtomicBool, healed: &Mutex<Option<Instant>>) -> Told {
    let (client, mut told, mut number) = (plain_client(), Told::default(), 0);
    while !stop.load(Relaxed) {
        number += 1;
        let (begin, title) = (Instant::now(), format!("f{writer}-{number}"));
        let call = json!({"title": title, "kind": "CALL", "startDate": "2026-01-01", "countries": ["countries/IN"]});
        match ask(&client, Method::POST, address, "/v1/engagements", token, Some(&call)).await {
            (200, _, body) => {
                let healed = healed.lock().expect("no holder panics").filter(|healed| begin >= *healed);
                told.first_success = told.first_success.or(healed.map(|healed| healed.elapsed()));
                told.acknowledged.push((body["name"].as_str().unwrap_or_default().to_owned(), title));
            }
            (503, true, _) => {
                told.refused += 1;
                let (status, ..) = ask(&client, Method::GET, address, "/v1/countries/IN", token, None).await;
                told.read_failures += usize::from(status != 200);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            (status, _, body) => {
                told.wrong.push(format!("{status} {body}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    told
}

/// Status, whether it says when to come back, and body.
async fn ask(
    client: &Client,
    method: Method,
    at: &str,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> (u16, bool, Value) {
    let request = client.request(method, format!("http://{at}{path}")).bearer_auth(token);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    match request.send().await {
        Ok(response) => {
            let (status, patient) = (response.status().as_u16(), response.headers().contains_key("retry-after"));
            (status, patient, response.json().await.unwrap_or(Value::Null))
        }
        Err(error) => (0, false, json!(error.to_string())),
    }
}

/// Acknowledged records that are not there as they were acknowledged.
async fn missing(address: &str, token: &str, acknowledged: &[(String, String)]) -> Option<String> {
    let client = plain_client();
    let mut lost = Vec::new();
    for (name, title) in acknowledged {
        let (_, _, record) = ask(&client, Method::GET, address, &format!("/v1/{name}"), token, None).await;
        if record["title"] != title.as_str() {
            lost.push(name.clone());
        }
    }
    (!lost.is_empty()).then(|| format!("{} acknowledged writes are lost, such as {}", lost.len(), lost[0]))
}

impl Told {
    fn and(mut self, other: Told) -> Told {
        self.acknowledged.extend(other.acknowledged);
        self.refused += other.refused;
        self.wrong.extend(other.wrong);
        self.read_failures += other.read_failures;
        self.first_success = [self.first_success, other.first_success].into_iter().flatten().min();
        self
    }

    fn note(&self) -> String {
        format!(
            "{} writes acknowledged, {} refused to be tried again, {} reads failed meanwhile",
            self.acknowledged.len(),
            self.refused,
            self.read_failures
        )
    }

    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if let Some(first) = self.wrong.first() {
            complaints.push(format!("{} writes were answered otherwise, such as {first}", self.wrong.len()));
        }
        if self.refused == 0 {
            complaints.push("the disk was never full".to_owned());
        }
        if self.read_failures > 0 {
            complaints.push(format!("{} reads failed", self.read_failures));
        }
        if self.first_success.is_none() {
            complaints.push(format!("no write within {} s of there being space", RECOVERY_MAX.as_secs()));
        }
        complaints
    }
}

/// A platform in one process.
struct Alone(Child);

impl Alone {
    async fn start(binary: &str, config: &Path, address: &str) -> Result<Alone, String> {
        let log = std::fs::File::options().create(true).append(true).open(config.with_extension("log"));
        let child = std::process::Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", binary, "up", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.map_err(|e| e.to_string())?)
            .spawn();
        let alone = Alone(child.map_err(|e| e.to_string())?);
        let (client, begin) = (plain_client(), Instant::now());
        while begin.elapsed() < START {
            if let Ok(answer) = client.get(format!("http://{address}/readyz")).send().await
                && answer.status() == 200
            {
                return Ok(alone);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("a platform on SQLite is not ready within {START:?}"))
    }

    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.kill();
    }
}
