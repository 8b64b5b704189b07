//! Fills an empty installation from a backup. The whole file is read and checked before anything is touched; then all
//! databases are filled, checked and committed, one after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chassis::config::Config;
use store::archive::{Described, Renewal, Target};
use tokio::sync::mpsc;

use super::file::{Frame, Head, Last, Reader};
use super::keys::{self, PERSONAL};
use super::secret::Secret;
use crate::complaint::{Complaint, While};
use crate::platform::SERVICES;

/// Frames that are read ahead at most.
const AHEAD_MAX: usize = 8;

/// What a file holds, once it was read to its end.
pub struct Checked {
    /// What it says that it holds.
    pub head: Head,
    /// What was in it.
    pub last: Last,
    /// The keys.
    pub keys: Vec<(String, Vec<u8>)>,
}

/// Reads a file to its end; fails at the first thing that is not as it was written.
pub async fn check(from: &Path, secret: &Arc<Secret>) -> Result<Checked, Complaint> {
    let (from, secret) = (from.to_owned(), secret.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let mut reader = Reader::open(&from, &secret)?;
        let (mut head, mut last, mut keys) = (None, None, Vec::new());
        while let Some(frame) = reader.frame()? {
            match frame {
                Frame::Head(found) => head = Some(found),
                Frame::Last(found) => last = Some(found),
                Frame::Key(name, content) => keys.push((name, content)),
                Frame::Begin(_) | Frame::Rows(_) | Frame::End(_) => {}
            }
        }
        let (Some(head), Some(last)) = (head, last) else { return Err(Complaint::new("it has no head")) };
        Ok(Checked { head, last, keys })
    });
    checked.await?
}

/// What was restored.
pub struct Restored {
    /// One line for each database.
    pub databases: Vec<String>,
    /// Keys that were written.
    pub keys: usize,
    /// Whether the key of personal data is there now.
    pub has_personal_key: bool,
}

/// Restores everything that is in the file.
pub async fn restore(config: &Config, from: &Path, secret: Secret) -> Result<Restored, Complaint> {
    let secret = Arc::new(secret);
    let Checked { head, keys: found, .. } = check(from, &secret).await?;
    let folder = config.key_dir();
    let missing = keys::missing(&folder, &found)?;
    let targets = open(config, &head.databases).await?;
    if !targets.is_empty() {
        fill(&targets, from.to_owned(), secret).await?;
    }
    let laid = keys::lay(&folder, missing)?;
    let databases = finish(&head.databases, targets).await?;
    Ok(Restored { databases, keys: laid.keep(), has_personal_key: folder.join(PERSONAL).exists() })
}

/// Opens an empty database for each of those.
pub async fn open(config: &Config, databases: &[Described]) -> Result<Vec<Target>, Complaint> {
    let mut targets = Vec::with_capacity(databases.len());
    for described in databases {
        let name = &described.service;
        let service = SERVICES.into_iter().find(|service| service.name == name);
        let service = service.ok_or_else(|| Complaint::new(format!("this version has no service {name}")))?;
        targets.push(Target::open(config, service, described).await?);
    }
    Ok(targets)
}

/// Checks all of them, and makes them last.
pub async fn finish(databases: &[Described], targets: Vec<Target>) -> Result<Vec<String>, Complaint> {
    let renewal = Renewal::of(databases)?;
    let mut lines = Vec::with_capacity(targets.len());
    for (target, described) in targets.iter().zip(databases) {
        let report = target.finish(&renewal).await.while_doing(|| format!("checking {}", described.service))?;
        lines.push(format!(
            "{}: {} tables, {} entries of the change log are as they were written",
            described.service,
            described.tables.len(),
            report.entries
        ));
    }
    let mut done = Vec::new();
    for (target, described) in targets.into_iter().zip(databases) {
        let told = || match done.is_empty() {
            true => format!("committing {}", described.service),
            // Only a fault of the database itself in this very moment leads here.
            false => {
                format!("committing {}, after {}: empty these and begin again", described.service, done.join(", "))
            }
        };
        target.commit().await.while_doing(told)?;
        done.push(described.service.clone());
    }
    Ok(lines)
}

async fn fill(targets: &[Target], from: PathBuf, secret: Arc<Secret>) -> Result<(), Complaint> {
    let (frames, mut ahead) = mpsc::channel(AHEAD_MAX);
    let reading = tokio::task::spawn_blocking(move || {
        let mut reader = Reader::open(&from, &secret)?;
        while let Some(frame) = reader.frame()? {
            if frames.blocking_send(frame).is_err() {
                break;
            }
        }
        Ok::<(), Complaint>(())
    });
    let filled = take(targets, &mut ahead).await;
    drop(ahead);
    reading.await??;
    filled
}

async fn take(targets: &[Target], ahead: &mut mpsc::Receiver<Frame>) -> Result<(), Complaint> {
    while let Some(frame) = ahead.recv().await {
        let Frame::Begin(begin) = frame else { continue };
        let target = targets.iter().find(|target| target.service() == begin.service);
        let target = target.ok_or_else(|| Complaint::new(format!("its head says nothing of {}", begin.service)))?;
        let told = || format!("filling {} of {}", begin.table.name, begin.service);
        let mut filling = target.fill(&begin.table).await.while_doing(told)?;
        while let Some(Frame::Rows(rows)) = ahead.recv().await {
            filling.add(&rows).await.while_doing(told)?;
        }
        filling.done().await.while_doing(told)?;
    }
    Ok(())
}
