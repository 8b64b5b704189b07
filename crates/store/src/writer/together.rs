//! Writes on PostgreSQL that only add: those that wait for a connection go together, in one statement and one commit. While
//! fewer are made than there are senders, each goes at once and alone.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use tokio::sync::{Mutex, mpsc};

use super::Ready;
use super::postgres::Place;
use crate::database;
use crate::failure::{Kind, kind};
use crate::held::{TOGETHER_MAX, alike, merge};

/// What waits to be sent.
pub(super) type Waiting = Arc<Mutex<mpsc::Receiver<Ready>>>;

/// Sends what waits, as much as goes together, until nobody can add to it any more. Several do so at the same time.
pub(super) async fn send(place: Place, waiting: Waiting) {
    let mut taken = Vec::with_capacity(TOGETHER_MAX);
    loop {
        // Whoever takes keeps the others waiting behind it, not what they would take.
        if waiting.lock().await.recv_many(&mut taken, TOGETHER_MAX).await == 0 {
            return;
        }
        taken.retain(|write| !write.job.is_abandoned());
        while !taken.is_empty() {
            let rest = taken.split_off(alike(taken.iter().map(|write| &write.inserts)));
            add(&place, std::mem::replace(&mut taken, rest)).await;
        }
    }
}

/// Adds what goes together. If it is refused, which of them it was is told when each is made alone.
async fn add(place: &Place, writes: Vec<Ready>) {
    let (mut made, mut inserts) = (Vec::with_capacity(writes.len()), Vec::with_capacity(writes.len()));
    for write in writes {
        made.push((write.job, write.tx));
        inserts.push(write.inserts);
    }
    let db: &DatabaseConnection = &place.db;
    match db.execute_raw(merge(DbBackend::Postgres, "", inserts)).await {
        Ok(_) => {
            place.wake.ended(&Ok(()));
            for (job, tx) in made {
                place.wake.after(&tx);
                job.settle(Ok(()));
            }
        }
        // Perhaps it was done: whoever asked finds out by asking again.
        Err(error) if kind(&error) == Kind::Away => {
            place.wake.ended(&Err(database(error.clone())));
            made.into_iter().for_each(|(job, _)| job.settle(Err(database(error.clone()))));
        }
        Err(_) => {
            for (job, _) in made {
                place.write_alone(job).await;
            }
        }
    }
}
