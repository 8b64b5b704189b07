//! Makes a backup while the platform runs.
//!
//! A backup holds four databases that are written independently of one another, and it must not be that a service has taken
//! notice of a change which the log that it came from does not have: the consumer would stand behind the end of that
//! log, and what is then written there anew would never reach it. So the order in which the instants are fixed decides. A
//! service follows only the logs of those that start before it ([`SERVICES`]), so the last one is fixed first: whatever
//! its cursors point to was committed before that moment, and so it is in the instants of the logs, which are fixed
//! afterwards. What comes between two instants is in the log and not yet in its consumer, as if the consumer had been a
//! little late, and is caught up with after a restore. Only when all four are fixed are they read, however long that
//! takes.

use std::path::Path;

use chassis::clock::Clock;
use chassis::config::Config;
use store::archive::{Snapshot, Sum};
use tokio::sync::mpsc;

use super::file::{Begin, End, Frame, Head, Last, Writer};
use super::keys::Keys;
use super::secret::Secret;
use crate::complaint::{Complaint, While};
use crate::platform::SERVICES;

/// Frames that wait to be written at most: what is read ahead of the disk is bounded by it.
const WAITING_MAX: usize = 8;

/// What was written.
pub struct Made {
    /// What is in it.
    pub last: Last,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Fixes an instant of each database, those of consumers before those of the logs that they follow.
pub async fn instants(config: &Config) -> Result<Vec<Snapshot>, Complaint> {
    let mut snapshots = Vec::with_capacity(SERVICES.len());
    for service in SERVICES.into_iter().rev() {
        let snapshot = Snapshot::open(config, service).await;
        snapshots.push(snapshot.while_doing(|| format!("reading the database of {}", service.name))?);
    }
    Ok(snapshots)
}

/// Writes the file.
pub async fn make(config: &Config, to: &Path, secret: Secret, keys: Keys, data: bool) -> Result<Made, Complaint> {
    let mut writer = Writer::begin(to, &secret)?;
    let snapshots = if data { instants(config).await? } else { Vec::new() };
    let (frames, mut waiting) = mpsc::channel(WAITING_MAX);
    let writing = tokio::task::spawn_blocking(move || {
        while let Some(frame) = waiting.blocking_recv() {
            writer.write(&frame)?;
        }
        Ok::<Writer, Complaint>(writer)
    });
    let read = send(config, &snapshots, keys, &frames).await;
    drop(frames);
    // Why nothing more was taken is known on the other side.
    let writer = writing.await??;
    let last = read?;
    let bytes = tokio::task::spawn_blocking(move || writer.finish()).await??;
    Ok(Made { last, bytes })
}

async fn send(
    config: &Config,
    snapshots: &[Snapshot],
    keys: Keys,
    frames: &mpsc::Sender<Frame>,
) -> Result<Last, Complaint> {
    let put = async |frame| frames.send(frame).await.map_err(|_| Complaint::new("the file takes no more"));
    let databases = snapshots.iter().map(|snapshot| snapshot.described().clone()).collect();
    let time = Clock::of(&config.clock).now().timestamp_micros();
    put(Frame::Head(Head { version: env!("CARGO_PKG_VERSION").to_owned(), time, databases })).await?;
    let mut last = Last::default();
    for (name, content) in keys.read(&config.key_dir())? {
        put(Frame::Key(name, content)).await?;
        last.keys += 1;
    }
    for snapshot in snapshots {
        for table in &snapshot.described().tables {
            let service = snapshot.described().service.clone();
            put(Frame::Begin(Begin { service: service.clone(), table: table.clone() })).await?;
            let mut sum = Sum::of(table);
            let rows = snapshot.rows(table, async |rows: Vec<u8>| {
                sum.add(&rows);
                frames.send(Frame::Rows(rows)).await.map_err(chassis::Error::internal)
            });
            let rows = rows.await.while_doing(|| format!("reading {} of {service}", table.name))?;
            put(Frame::End(End { rows, sum: sum.finish() })).await?;
            (last.tables, last.rows) = (last.tables + 1, last.rows + rows);
        }
    }
    put(Frame::Last(last.clone())).await?;
    Ok(last)
}
