//! Moves an installation from one set of databases to another, without a file between them.

use chassis::config::Config;

use super::keys::{self, Keys};
use super::make::instants;
use super::restore::{finish, open};
use crate::complaint::{Complaint, While};
use crate::platform::SERVICES;

/// What was moved.
pub struct Moved {
    /// One line for each database.
    pub databases: Vec<String>,
    /// Rows in all.
    pub rows: u64,
    /// Keys that were written.
    pub keys: usize,
}

/// Copies everything into the empty databases of `to`. The platform must be stopped, and is kept out meanwhile.
pub async fn transfer(from: &Config, to: &Config) -> Result<Moved, Complaint> {
    let mut kept_out = Vec::new();
    for service in SERVICES {
        let presence = store::archive::keep_out(from, service).await?;
        kept_out.push(presence.ok_or_else(|| {
            let text = "is on PostgreSQL already: from there, take a backup and restore it";
            Complaint::new(format!("the database of {} {text}", service.name))
        })?);
    }
    let missing = keys::missing(&to.key_dir(), &Keys::All.read(&from.key_dir())?)?;
    let snapshots = instants(from).await?;
    let databases: Vec<_> = snapshots.iter().map(|snapshot| snapshot.described().clone()).collect();
    let targets = open(to, &databases).await?;
    let mut rows = 0;
    for (snapshot, target) in snapshots.iter().zip(&targets) {
        for table in &snapshot.described().tables {
            let told = || format!("moving {} of {}", table.name, target.service());
            let mut filling = target.fill(table).await.while_doing(told)?;
            let read = snapshot.rows(table, async |batch: Vec<u8>| filling.add(&batch).await).await;
            let (read, filled) = (read.while_doing(told)?, filling.done().await.while_doing(told)?);
            if read != filled {
                return Err(Complaint::new(format!("{}: {filled} rows of {read}", told())));
            }
            rows += filled;
        }
    }
    let laid = keys::lay(&to.key_dir(), missing)?;
    let databases = finish(&databases, targets).await?;
    drop(kept_out);
    Ok(Moved { databases, rows, keys: laid.keep() })
}
