//! Every watcher loses its stream at the same moment, and comes back.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::Played;
use crate::actor::Actor;
use crate::kind::{KINDS, PROVINCES};
use crate::stage::{Allowed, Stage};
use crate::watch;

const BACK: Duration = Duration::from_secs(10);
const TOLD: Duration = Duration::from_secs(20);

pub async fn play(stage: &Stage, round: usize) -> Played {
    let number = stage.options.watchers;
    let cursor = watch::head(&stage.auditor, 2).await;
    let path = format!("/v1/events/changes:watch?types=engagement.retired&cursor={cursor}");
    let auditors: Vec<Actor> =
        (0..4).map(|number| Actor::new(&stage.platform, "agencies/g08", "auditor", number)).collect();
    let open = async || {
        let streams = (0..number).map(|i| auditors[i % auditors.len()].open(&path));
        join_all(streams).await.into_iter().filter_map(Result::ok).collect::<Vec<_>>()
    };
    let (mut complaints, mut back, mut streams) = (Vec::new(), Duration::ZERO, open().await);
    if streams.len() < number {
        complaints.push(format!("only {} of {number} streams could be opened", streams.len()));
    }
    let reconnect = async || {
        streams.clear();
        let begin = Instant::now();
        while streams.len() < number && begin.elapsed() < BACK * 2 {
            streams.truncate(0);
            streams = open().await;
        }
        back = begin.elapsed();
        Ok(())
    };
    let what = format!("{number} at once");
    stage.act("watchers", what, Allowed::NOTHING, reconnect, Duration::ZERO, async || Ok(())).await;
    // Each of them must see one entry more.
    let writer = Actor::new(&stage.platform, KINDS[2].writer.0, KINDS[2].writer.1, 0);
    let record = KINDS[2].create(&format!("w{round}"), PROVINCES[0]);
    let made = writer.insist_on(Method::POST, "/v1/engagements", Some(&record)).await;
    let retire = format!("/v1/{}:retire", made["name"].as_str().unwrap_or_default());
    writer.insist_on(Method::POST, &retire, Some(&json!({}))).await;
    let name = made["name"].as_str().unwrap_or_default().to_owned();
    let told = join_all(streams.iter_mut().map(|stream| tokio::time::timeout(TOLD, hears(stream, &name)))).await;
    let told = told.into_iter().filter(|heard| matches!(heard, Ok(true))).count();
    if back > BACK || told < number {
        complaints
            .push(format!("back after {:.1} s, and {told} of {number} told of the next change", back.as_secs_f64()));
    }
    stage.add(Some(format!("all back after {:.2} s; {told} told of the next change", back.as_secs_f64())), None);
    complaints.into_iter().for_each(|complaint| stage.add(None, Some(complaint)));
    Ok(())
}

async fn hears(stream: &mut reqwest::Response, name: &str) -> bool {
    let mut text = String::new();
    while let Ok(Some(chunk)) = stream.chunk().await {
        text.push_str(&String::from_utf8_lossy(&chunk));
        if text.contains(name) {
            return true;
        }
    }
    false
}
