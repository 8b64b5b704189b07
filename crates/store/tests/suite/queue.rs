//! Work that waits for its time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chassis::caller::Caller;
use chassis::error::Result;
use chrono::{DateTime, TimeDelta, Utc};
use prost_types::Timestamp;
use store::{Job, Outcome, Tx};

use crate::support::{Bench, Database, country, eventually, on_each_database};

on_each_database!(
    a_job_is_done_when_its_time_has_come,
    a_job_is_put_in_with_its_reason_or_not_at_all,
    what_is_to_be_tried_again_is,
    what_can_never_be_done_is_kept_and_left_alone,
    a_handler_that_panics_is_tried_again,
    the_same_key_replaces_and_is_taken_out,
    whoever_lost_a_job_cannot_finish_it,
    two_processes_share_a_queue,
);

fn system() -> Caller {
    Caller::system("registry")
}

async fn put(bench: &Bench, key: &str, run_at: DateTime<Utc>, seconds: i64) {
    let key = key.to_owned();
    let work = async move |tx: Tx| tx.enqueue("work", &key, run_at, &Timestamp { seconds, nanos: 0 }).await;
    bench.store.write_as(system(), work).await.unwrap();
}

/// Notes each job that comes, and answers what `outcome` says of it.
fn note<F>(bench: &Bench, outcome: fn(Bench, Job) -> F) -> Arc<Mutex<Vec<String>>>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let done: Arc<Mutex<Vec<String>>> = Arc::default();
    let (noted, clone) = (done.clone(), bench.clone());
    store::work(&bench.host, &bench.store, "work", 4, move |job: Job| {
        let seconds = job.message::<Timestamp>().unwrap().seconds;
        noted.lock().unwrap().push(format!("{} {} {seconds}", job.key, job.attempts));
        outcome(clone.clone(), job)
    });
    done
}

async fn come(done: &Mutex<Vec<String>>, expected: &[&str]) {
    eventually(&format!("{expected:?}"), async || *done.lock().unwrap() == expected).await;
}

async fn left(database: &Database) -> i64 {
    database.number("SELECT count(*) FROM job").await
}

async fn a_job_is_done_when_its_time_has_come(database: Database) {
    let bench = Bench::open(&database).await;
    let done = note(&bench, |_, _| async { Outcome::Done });
    let now = bench.host.clock.now();
    put(&bench, "in a month", now + TimeDelta::days(31), 1).await;
    put(&bench, "now", now, 2).await;
    come(&done, &["now 1 2"]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    bench.host.clock.advance(Duration::from_secs(31 * 86_400));
    come(&done, &["now 1 2", "in a month 1 1"]).await;
    eventually("what is done goes away", async || left(&database).await == 0).await;
    bench.stop().await;
}

async fn a_job_is_put_in_with_its_reason_or_not_at_all(database: Database) {
    let bench = Bench::open(&database).await;
    let now = bench.host.clock.now();
    let work = async move |tx: Tx| {
        tx.enqueue("work", "a", now, &Timestamp::default()).await?;
        store::insert::<crate::support::Countries>(&tx, country("refused"), "LB").await
    };
    assert!(bench.store.write_as(system(), work).await.is_err());
    assert_eq!(left(&database).await, 0);
    bench.stop().await;
}

async fn what_is_to_be_tried_again_is(database: Database) {
    let bench = Bench::open(&database).await;
    let done = note(&bench, |bench, job| async move {
        match job.attempts {
            1 => Outcome::Retry(bench.host.clock.now() + TimeDelta::minutes(5)),
            _ => Outcome::Done,
        }
    });
    put(&bench, "a", bench.host.clock.now(), 1).await;
    come(&done, &["a 1 1"]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    bench.host.clock.advance(Duration::from_secs(300));
    come(&done, &["a 1 1", "a 2 1"]).await;
    bench.stop().await;
}

async fn what_can_never_be_done_is_kept_and_left_alone(database: Database) {
    let bench = Bench::open(&database).await;
    let done = note(&bench, |_, _| async { Outcome::Dead("there is nobody".to_owned()) });
    put(&bench, "a", bench.host.clock.now(), 1).await;
    come(&done, &["a 1 1"]).await;
    let dead = "SELECT count(*) FROM job WHERE dead_at IS NOT NULL AND reason = 'there is nobody'";
    eventually("it is kept", async || database.number(dead).await == 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(done.lock().unwrap().len(), 1);
    put(&bench, "a", bench.host.clock.now(), 2).await;
    come(&done, &["a 1 1", "a 1 2"]).await;
    bench.stop().await;
}

async fn a_handler_that_panics_is_tried_again(database: Database) {
    let bench = Bench::open(&database).await;
    let done = note(&bench, |_, job| async move {
        assert!(job.attempts > 1, "on purpose");
        Outcome::Done
    });
    put(&bench, "a", bench.host.clock.now(), 1).await;
    come(&done, &["a 1 1"]).await;
    eventually("it comes again a second later", async || {
        bench.host.clock.advance(Duration::from_millis(100));
        done.lock().unwrap().len() == 2
    })
    .await;
    bench.stop().await;
}

async fn the_same_key_replaces_and_is_taken_out(database: Database) {
    let bench = Bench::open(&database).await;
    let now = bench.host.clock.now();
    put(&bench, "a", now + TimeDelta::days(1), 1).await;
    put(&bench, "a", now + TimeDelta::days(2), 2).await;
    put(&bench, "b", now + TimeDelta::days(2), 3).await;
    bench.store.write_as(system(), async |tx: Tx| tx.dequeue("work", "b").await).await.unwrap();
    let done = note(&bench, |_, _| async { Outcome::Done });
    bench.host.clock.advance(Duration::from_secs(86_400));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(done.lock().unwrap().len(), 0);
    bench.host.clock.advance(Duration::from_secs(86_400));
    come(&done, &["a 1 2"]).await;
    bench.stop().await;
}

async fn whoever_lost_a_job_cannot_finish_it(database: Database) {
    let bench = Bench::open(&database).await;
    // The first holder is slow; its claim ends meanwhile, as if it had been stopped.
    let done = note(&bench, |bench, job| async move {
        if job.attempts == 1 {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        }
        let id = format!("T{}", job.attempts);
        let effect = async move |tx: Tx| -> Result<()> {
            let record = api::registry::v1::Country { owner: "agencies/g08".into(), ..country("x") };
            store::insert::<crate::support::Countries>(&tx, record, &id).await?;
            job.done(&tx).await
        };
        match bench.store.write_as(system(), effect).await {
            Ok(()) => Outcome::Done,
            Err(_) => Outcome::Retry(bench.host.clock.now()),
        }
    });
    put(&bench, "a", bench.host.clock.now(), 1).await;
    come(&done, &["a 1 1"]).await;
    database.tamper("UPDATE job SET leased_until = 0").await;
    come(&done, &["a 1 1", "a 2 1"]).await;
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    assert_eq!(bench.get("T1").await.unwrap_err().reason(), "NOT_FOUND");
    bench.get("T2").await.unwrap();
    assert_eq!((left(&database).await, done.lock().unwrap().len()), (0, 2));
    bench.stop().await;
}

async fn two_processes_share_a_queue(database: Database) {
    let (one, two) = tokio::join!(Bench::open(&database), Bench::open(&database));
    let at_work = |_: Bench, _: Job| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Outcome::Done
    };
    let (first, second) = (note(&one, at_work), note(&two, at_work));
    for number in 0..60 {
        put(&one, &format!("{number:02}"), one.host.clock.now() - TimeDelta::seconds(60), number).await;
    }
    eventually("all are done", async || left(&database).await == 0).await;
    let mut all = first.lock().unwrap().clone();
    all.extend(second.lock().unwrap().clone());
    all.sort();
    let expected: Vec<String> = (0..60).map(|number| format!("{number:02} 1 {number}")).collect();
    assert_eq!(all, expected, "each is done once");
    one.stop().await;
    two.stop().await;
}
