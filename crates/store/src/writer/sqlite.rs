//! Writes on SQLite: one task, one connection, many writes a commit. A commit costs a visit to the disk whatever is in
//! it, so all that wait go together.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chassis::clock::Clock;
use sea_orm::DatabaseConnection;
use tokio::sync::mpsc;

use super::Wake;
use super::group::Group;
use crate::database;
use crate::job::Job;

/// How many writes go into one commit.
const GROUP_MAX: usize = 256;

/// After this time a commit takes on no more writes: those that are done wait for it.
const GROUP_TIME: Duration = Duration::from_millis(50);

/// Of which kinds of work it is remembered whether they ask the database.
pub(super) type Habits = HashMap<&'static str, bool>;

pub(super) struct Task {
    pub db: DatabaseConnection,
    pub wake: Wake,
    pub clock: Clock,
    pub habits: Habits,
}

impl Task {
    pub async fn run(mut self, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
        let mut jobs = Vec::with_capacity(GROUP_MAX);
        while waiting.recv_many(&mut jobs, GROUP_MAX).await > 0 {
            jobs.reverse();
            while !jobs.is_empty() {
                self.group(&mut jobs, &mut waiting).await;
            }
        }
    }

    /// Takes writes from the end of `jobs`, and what comes meanwhile, and commits them.
    async fn group(&mut self, jobs: &mut Vec<Box<dyn Job>>, waiting: &mut mpsc::Receiver<Box<dyn Job>>) {
        let mut group = match Group::begin(&self.db, self.clock.clone()).await {
            Ok(group) => group,
            Err(error) => {
                self.wake.ended(&Err(database(error.clone())));
                return jobs.drain(..).for_each(|job| job.settle(Err(database(error.clone()))));
            }
        };
        let begin = Instant::now();
        while group.len() < GROUP_MAX && begin.elapsed() < GROUP_TIME && !group.is_lost() {
            let Some(job) = jobs.pop().or_else(|| waiting.try_recv().ok()) else { break };
            if !job.is_abandoned() {
                group.run(job, &mut self.habits).await;
            }
        }
        group.commit(&self.wake).await;
    }
}
