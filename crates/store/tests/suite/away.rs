//! A database that goes away, or takes no writes, and comes back.

use std::time::{Duration, Instant};

use api::shared::v1::WatchChangesRequest;
use chassis::clock::Clock;
use chassis::error::Error;
use futures::StreamExt;
use futures::future::join_all;
use store::sea_orm::sqlx;
use tonic::Code;

use crate::support::{Bench, Cluster, Database, country};

fn assert_passes_by_itself(error: &Error) {
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    assert!(error.retry_after().is_some());
}

async fn ready(bench: &Bench) -> bool {
    bench.host.health().report().await["registry"].is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_and_comes_back_needs_no_restart_of_ours() {
    let Some(cluster) = Cluster::start() else { return };
    let database = Database::of(&cluster);
    let bench = Bench::open_with(&database, Clock::system()).await;
    bench.create("A", country("x")).await.unwrap();
    let mut stream = bench.watch(WatchChangesRequest::default()).await.unwrap();
    assert!(ready(&bench).await);

    cluster.crash();
    for _ in 0..3 {
        assert_passes_by_itself(&bench.create("B", country("x")).await.unwrap_err());
        assert_passes_by_itself(&bench.get("A").await.unwrap_err());
    }
    assert!(!ready(&bench).await);

    cluster.go();
    let back = Instant::now();
    while bench.create("B", country("x")).await.is_err() {
        assert!(back.elapsed() < Duration::from_secs(2), "not within two seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(ready(&bench).await);
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let answer = tokio::time::timeout(Duration::from_secs(10), stream.next()).await.unwrap().unwrap().unwrap();
        seen.extend(answer.changes.into_iter().map(|change| change.resource));
    }
    assert_eq!(seen, ["countries/A", "countries/B"], "a watcher notices nothing");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_only_reads_is_read_and_told_to_be_not_ready() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = Database::of(cluster);
    let bench = Bench::open_with(&database, Clock::system()).await;
    bench.create("A", country("x")).await.unwrap();
    let set = |value: &str| {
        let name = database.name();
        cluster.sql("postgres", &format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}"));
        let others = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        cluster.sql("postgres", &others);
    };
    set("on");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    bench.get("A").await.unwrap();
    assert_passes_by_itself(&bench.create("B", country("x")).await.unwrap_err());
    assert!(!ready(&bench).await);
    set("off");
    assert_ready_by_itself(&bench).await;
    bench.create("B", country("x")).await.unwrap();
    assert!(ready(&bench).await);
    bench.stop().await;
}

/// A service to which nobody sends writes, because it is not ready, finds out that it could take them.
async fn assert_ready_by_itself(bench: &Bench) {
    let begin = Instant::now();
    while !ready(bench).await {
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not find out");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_holds_is_waited_for_and_then_told_as_away() {
    let database = Database::sqlite();
    let bench = Bench::open_with(&database, Clock::system()).await;
    bench.create("A", country("x")).await.unwrap();
    let mut other = database.file().await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let (one, two) = tokio::join!(bench.create("B", country("x")), bench.create("C", country("x")));
    assert_passes_by_itself(&one.unwrap_err());
    assert_passes_by_itself(&two.unwrap_err());
    bench.get("A").await.unwrap();
    assert!(!ready(&bench).await);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_ready_by_itself(&bench).await;
    bench.create("B", country("x")).await.unwrap();
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_of_a_group_that_sqlite_itself_gave_up() {
    let database = Database::sqlite();
    let bench = Bench::open_with(&database, Clock::system()).await;
    // As a full disk does: the whole transaction is gone, not the statement alone.
    let trigger =
        "CREATE TRIGGER boom BEFORE INSERT ON country WHEN NEW.id = 'BOOM' BEGIN SELECT RAISE(ROLLBACK, 'gone'); END";
    database.tamper(trigger).await;
    let writes = (0..100).map(|number| {
        let bench = bench.clone();
        let id = if number == 50 { "BOOM".to_owned() } else { format!("C{number:02}") };
        async move { (id.clone(), bench.create(&id, country("x")).await) }
    });
    let answers = join_all(writes).await;
    let refused = answers.iter().filter(|(_, answer)| answer.is_err()).count();
    assert!(refused > 1, "others were in the group");
    for (id, answer) in answers {
        assert_eq!(bench.get(&id).await.is_ok(), answer.is_ok(), "{id}: {answer:?}");
    }
    bench.create("AFTER", country("x")).await.unwrap();
    bench.stop().await;
}
