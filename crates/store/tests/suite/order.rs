//! The order of the feed, against transactions that end in another order than they began.

use std::collections::HashMap;
use std::sync::Arc;

use api::registry::v1::Country;
use api::shared::v1::{Change, ListChangesRequest, WatchChangesRequest};
use chassis::caller::Caller;
use chassis::error::{Error, Result};
use futures::StreamExt;
use futures::future::join_all;
use store::{Scope, Tx};
use tokio::sync::{Barrier, Notify};

use crate::support::{Bench, Countries, Database, country, on_each_database};

on_each_database!(many_writers_lose_nothing_and_keep_each_record_in_order);

fn of_ministry(name: &str) -> Country {
    Country { owner: "agencies/g08".into(), ..country(name) }
}

/// Reads the stream until this many entries have come.
async fn watch(bench: Bench, count: usize) -> Vec<Change> {
    let mut stream = bench.watch(WatchChangesRequest::default()).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < count {
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), stream.next()).await;
        let Ok(Some(answer)) = next else { panic!("{} of {count} entries came", seen.len()) };
        seen.extend(answer.unwrap().changes);
    }
    seen
}

fn assert_in_order(changes: &[Change]) {
    let mut last: HashMap<&str, i64> = HashMap::new();
    for change in changes {
        let before = last.insert(&change.resource, change.version).unwrap_or_default();
        assert_eq!(change.version, before + 1, "{}", change.resource);
    }
}

async fn many_writers_lose_nothing_and_keep_each_record_in_order(database: Database) {
    let bench = Bench::open(&database).await;
    for number in 0..4 {
        bench.create(&format!("S{number}"), country("shared")).await.unwrap();
    }
    let watchers: Vec<_> = (0..3).map(|_| watch(bench.clone(), 4 + 8 * 30)).collect();
    let writers = (0..8_usize).map(|writer| {
        let bench = bench.clone();
        async move {
            for round in 0..30_usize {
                let work = async move |tx: Tx| {
                    // The transaction gets its number here, and comes to the shared record later.
                    if round % 3 == 0 {
                        store::insert::<Countries>(&tx, of_ministry("x"), &format!("W{writer}-{round}")).await?;
                        store::exists::<Countries>(&tx, &Scope::everything(), "countries/S0").await?;
                        tokio::time::sleep(std::time::Duration::from_micros((writer * 700) as u64)).await;
                        return Ok(());
                    }
                    let name = format!("countries/S{}", (writer + round) % 4);
                    let before = store::load_for::<Countries>(&tx, &name, |_, _| true).await?;
                    let after = Country { alpha3_code: format!("{writer}-{round}"), ..before.clone() };
                    store::save::<Countries>(&tx, "country.updated", before, after).await.map(drop)
                };
                bench.store.write_as(Caller::system("registry"), work).await.unwrap();
            }
        }
    });
    let (_, seen) = tokio::join!(join_all(writers), join_all(watchers));
    let listed = everything(&bench).await;
    assert_eq!(listed.len(), 4 + 8 * 30);
    for seen in &seen {
        assert_in_order(seen);
        assert_eq!(seen, &listed, "every watcher sees the same");
    }
    bench.stop().await;
}

/// The whole log, page by page.
async fn everything(bench: &Bench) -> Vec<Change> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = bench.changes(ListChangesRequest { page_size: 7, cursor, ..Default::default() }).await.unwrap();
        if page.changes.is_empty() {
            return all;
        }
        all.extend(page.changes);
        cursor = page.next_cursor;
    }
}

/// A transaction that writes one record, stops until it is told to go on, and then does what is left.
async fn held<F>(
    bench: Bench,
    id: &'static str,
    begun: Arc<Barrier>,
    go_on: Arc<Notify>,
    rest: fn(Tx) -> F,
) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let work = async move |tx: Tx| {
        store::insert::<Countries>(&tx, of_ministry("early"), id).await?;
        // Sends the insert, so that the transaction has its number.
        store::exists::<Countries>(&tx, &Scope::everything(), "countries/none").await?;
        begun.wait().await;
        go_on.notified().await;
        rest(tx).await
    };
    bench.store.write_as(Caller::system("registry"), work).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_is_committed_late_is_not_lost() {
    let Some(database) = Database::postgres() else { return };
    let bench = Bench::open(&database).await;
    let watcher = tokio::task::LocalSet::new();
    let (begun, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Notify::new()));
    let early = held(bench.clone(), "EARLY", begun.clone(), go_on.clone(), |_| async { Ok(()) });
    let late = async {
        begun.wait().await;
        // A later number, committed first: whoever read it now and went on after it would never see the other.
        bench.create("LATE", country("late")).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let now = bench.changes_now(ListChangesRequest::default()).await.unwrap();
        assert_eq!(now.changes, [], "an older transaction may still bring something before it");
        go_on.notify_one();
        now.next_cursor
    };
    let (seen, ended, cursor) = watcher.run_until(async { tokio::join!(watch(bench.clone(), 2), early, late) }).await;
    ended.unwrap();
    let names: Vec<&str> = seen.iter().map(|change| change.resource.as_str()).collect();
    assert_eq!(names, ["countries/EARLY", "countries/LATE"]);
    let rest = bench.changes(ListChangesRequest { cursor, ..Default::default() }).await.unwrap().changes;
    assert_eq!(rest, seen);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_of_a_record_whose_numbers_are_the_other_way_round_stay_in_order() {
    let Some(database) = Database::postgres() else { return };
    let bench = Bench::open(&database).await;
    bench.create("LB", country("Li-băng")).await.unwrap();
    let (begun, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Notify::new()));
    let early = held(bench.clone(), "EARLY", begun.clone(), go_on.clone(), |tx| async move {
        let before = store::load_for::<Countries>(&tx, "countries/LB", |_, _| true).await?;
        assert_eq!(before.etag, "2");
        let after = Country { display_name: "third".into(), ..before.clone() };
        store::save::<Countries>(&tx, "country.updated", before, after).await?;
        Ok::<_, Error>(())
    });
    let late = async {
        begun.wait().await;
        let second = Country { name: "countries/LB".into(), ..country("second") };
        bench.update(second, "display_name").await.unwrap();
        go_on.notify_one();
    };
    let (ended, ()) = tokio::join!(early, late);
    ended.unwrap();
    let seen = everything(&bench).await;
    assert_eq!(seen.len(), 4);
    assert_in_order(&seen);
    bench.stop().await;
}
