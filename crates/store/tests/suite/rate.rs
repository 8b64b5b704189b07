//! How many durable writes a second, for people to look at: `cargo test --release -p store --test suite rate -- --ignored
//! --nocapture`.

use std::time::{Duration, Instant};

use chassis::caller::Role;
use chassis::clock::Clock;
use futures::future::join_all;

use crate::support::{Bench, Database, country};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and claims nothing"]
async fn writes_on_sqlite() {
    measure(Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and claims nothing"]
async fn writes_on_postgresql() {
    if let Some(database) = Database::postgres() {
        measure(database).await;
    }
}

async fn measure(database: Database) {
    let bench = Bench::open_with(&database, Clock::system()).await.as_(Role::MinistryOfficer, "agencies/g08");
    for clients in [1, 16, 64] {
        for keyed in [false, true] {
            let (begin, mut writes) = (Instant::now(), 0);
            let work = (0..clients).map(|_| {
                let bench = bench.clone();
                async move {
                    let mut count = 0;
                    while begin.elapsed() < Duration::from_secs(3) {
                        let bench =
                            if keyed { bench.with_key(&uuid::Uuid::new_v4().to_string()) } else { bench.clone() };
                        bench.create("", country("a country of about the usual size")).await.unwrap();
                        count += 1;
                    }
                    count
                }
            });
            for count in join_all(work).await {
                writes += count;
            }
            let rate = f64::from(writes) / begin.elapsed().as_secs_f64();
            eprintln!("{clients:3} clients, idempotency key {keyed:5}: {rate:8.0} writes/s");
        }
    }
    bench.stop().await;
}
