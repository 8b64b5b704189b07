//! Leases: one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chassis::error::Result;
use store::lease::{Lease, hold};
use store::{Store, Tx};

use crate::support::{Bench, Database, eventually, on_each_database};

on_each_database!(one_process_at_a_time_holds_a_lease, whoever_lost_a_lease_writes_nothing);

async fn one_process_at_a_time_holds_a_lease(database: Database) {
    let (one, two) = tokio::join!(Bench::open(&database), Bench::open(&database));
    let (holders, last) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    for bench in [&one, &two] {
        let (holders, last) = (holders.clone(), last.clone());
        hold(&bench.host, &bench.store, "work", move |lease| {
            let (held, last) = (Held::new(holders.clone()), last.clone());
            async move {
                let _held = held;
                assert!(lease.epoch() > last.swap(lease.epoch(), Ordering::SeqCst), "epochs grow");
                std::future::pending().await
            }
        });
    }
    let now = || holders.load(Ordering::SeqCst);
    eventually("somebody holds it", async || now() == 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    assert_eq!((now(), last.load(Ordering::SeqCst)), (1, 1));
    one.stop().await;
    eventually("the other one may have had it, or has it now", async || now() == 1).await;
    two.stop().await;
    assert_eq!(now(), 0);
}

struct Held(Arc<AtomicI64>);

impl Held {
    fn new(count: Arc<AtomicI64>) -> Held {
        assert_eq!(count.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
        Held(count)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn whoever_lost_a_lease_writes_nothing(database: Database) {
    let bench = Bench::open(&database).await;
    let (send, mut receive) = tokio::sync::mpsc::channel::<Lease>(1);
    hold(&bench.host, &bench.store, "work", move |lease| {
        let send = send.clone();
        async move {
            send.send(lease).await.unwrap();
            std::future::pending().await
        }
    });
    let lease = receive.recv().await.unwrap();
    fenced(&bench.store, &lease).await.unwrap();
    // As if this process had slept for a minute, and another one had taken over meanwhile.
    database.tamper("UPDATE lease SET holder = 'another', epoch = epoch + 1 WHERE name = 'work'").await;
    assert_eq!(fenced(&bench.store, &lease).await.unwrap_err().reason(), "UNAVAILABLE");
    let lost = tokio::time::timeout(std::time::Duration::from_secs(10), lease.lost()).await;
    assert!(lost.is_ok(), "the holder notices");
    bench.stop().await;
}

async fn fenced(store: &Store, lease: &Lease) -> Result<()> {
    let lease = lease.clone();
    store.write_as(chassis::caller::Caller::system("registry"), async move |tx: Tx| lease.fence(&tx).await).await
}
