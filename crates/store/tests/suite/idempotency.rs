//! A request with an idempotency key is done once.

use std::time::Duration;

use api::registry::v1::Country;
use api::shared::v1::ListChangesRequest;
use chassis::caller::Role;
use chassis::clock::Clock;
use futures::future::join_all;

use crate::support::{Bench, Database, country, eventually, on_each_database};

on_each_database!(
    a_repeated_request_gets_the_first_answer,
    of_many_at_once_one_is_done,
    a_key_is_for_one_request,
    what_failed_may_be_repeated,
    a_repeated_change_is_not_a_conflict,
    an_answer_is_kept_for_a_day,
);

async fn count(bench: &Bench) -> usize {
    bench.changes(ListChangesRequest { page_size: 1000, ..Default::default() }).await.unwrap().changes.len()
}

async fn a_repeated_request_gets_the_first_answer(database: Database) {
    let bench = Bench::open(&database).await.with_key("k1");
    let first = bench.create("", country("Li-băng")).await.unwrap();
    bench.host.clock.advance(std::time::Duration::from_secs(3600));
    assert_eq!(bench.create("", country("Li-băng")).await.unwrap(), first);
    assert_eq!(count(&bench).await, 1);
    let stranger = bench.as_(Role::MinistryOfficer, "agencies/g12");
    assert_ne!(stranger.create("", country("Li-băng")).await.unwrap().name, first.name, "a key is the caller's own");
    bench.stop().await;
}

async fn of_many_at_once_one_is_done(database: Database) {
    let bench = Bench::open(&database).await;
    for (round, id) in ["", "LB"].into_iter().enumerate() {
        let bench = bench.with_key(&format!("k{round}"));
        let answers = join_all((0..20).map(|_| bench.create(id, country("Li-băng")))).await;
        let first = answers[0].as_ref().unwrap();
        for answer in &answers {
            assert_eq!(answer.as_ref().unwrap(), first);
        }
        assert_eq!(count(&bench).await, round + 1);
    }
    bench.stop().await;
}

async fn a_key_is_for_one_request(database: Database) {
    let bench = Bench::open(&database).await.with_key("k1");
    bench.create("LB", country("Li-băng")).await.unwrap();
    let reused = bench.create("KR", country("Hàn Quốc")).await.unwrap_err();
    assert_eq!(reused.reason(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(bench.get("KR").await.unwrap_err().reason(), "NOT_FOUND");
    let too_long = bench.with_key(&"k".repeat(256)).create("KR", country("Hàn Quốc")).await.unwrap_err();
    assert_eq!(too_long.violations()[0].field, "Idempotency-Key");
    bench.stop().await;
}

async fn what_failed_may_be_repeated(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("LB", country("Li-băng")).await.unwrap();
    let keyed = bench.with_key("k1");
    assert_eq!(keyed.create("LB", country("Liban")).await.unwrap_err().reason(), "ALREADY_EXISTS");
    assert_eq!(keyed.create("LB", country("Liban")).await.unwrap_err().reason(), "ALREADY_EXISTS");
    keyed.create("KR", country("Hàn Quốc")).await.unwrap();
    bench.stop().await;
}

async fn a_repeated_change_is_not_a_conflict(database: Database) {
    let bench = Bench::open(&database).await;
    let created = bench.create("LB", country("Li-băng")).await.unwrap();
    let keyed = bench.with_key("k1");
    let change = Country { display_name: "Liban".into(), ..created };
    let answers = join_all((0..10).map(|_| keyed.update(change.clone(), "display_name"))).await;
    for answer in answers {
        assert_eq!(answer.unwrap().etag, "2");
    }
    assert_eq!(keyed.update(change, "display_name").await.unwrap().etag, "2");
    assert_eq!(count(&bench).await, 2);
    bench.stop().await;
}

async fn an_answer_is_kept_for_a_day(database: Database) {
    let bench = Bench::open(&database).await;
    bench.with_key("k1").create("LB", country("Li-băng")).await.unwrap();
    bench.stop().await;
    let kept = "SELECT count(*) FROM idempotency";
    for (hours, expected) in [(23, 1), (25, 0)] {
        let clock = Clock::manual();
        clock.advance(Duration::from_secs(hours * 3600));
        let bench = Bench::open_with(&database, clock).await;
        let forgetting = "SELECT count(*) FROM lease WHERE name = 'store-forgetting' AND until > 0";
        eventually("somebody forgets", async || database.number(forgetting).await == 1).await;
        eventually("what is old is forgotten", async || database.number(kept).await == expected).await;
        bench.stop().await;
    }
}
