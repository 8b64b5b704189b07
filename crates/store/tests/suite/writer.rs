//! Writes: durable, grouped, and each by itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use api::registry::v1::{Country, ListCountriesRequest};
use api::shared::v1::ListChangesRequest;
use chassis::caller::Caller;
use chassis::error::Error;
use futures::future::join_all;
use store::sea_orm::{ConnectionTrait, DbBackend, Statement};
use store::{Scope, Tx};

use crate::support::{Bench, Countries, Database, country, on_each_database};

on_each_database!(
    work_that_fails_in_the_middle_of_a_group_takes_nobody_with_it,
    what_comes_at_once_is_added_together_and_a_name_that_is_taken_is_told,
    writers_of_one_record_lose_no_change,
    a_statement_that_failed_cannot_be_ignored,
    a_transaction_is_not_to_be_kept,
    two_processes_write_the_same_database,
    several_records_go_in_one_transaction_or_none_does,
    a_record_may_be_written_twice_in_one_transaction,
    writers_that_lock_each_other_out_both_succeed,
    what_is_written_after_a_commit_failed_is_committed,
);

async fn work_that_fails_in_the_middle_of_a_group_takes_nobody_with_it(database: Database) {
    let bench = Bench::open(&database).await;
    let writes = (0..120).map(|number| {
        let bench = bench.clone();
        async move {
            let name = match number % 4 {
                1 => "refused".to_owned(),
                2 => "panics".to_owned(),
                _ => format!("country {number}"),
            };
            bench.create(&format!("C{number:03}"), country(&name)).await
        }
    });
    for (number, answer) in join_all(writes).await.into_iter().enumerate() {
        match (number % 4, answer) {
            (1, Err(error)) => assert_eq!(error.reason(), "INVALID_ARGUMENT"),
            (2, Err(error)) => assert_eq!(error.reason(), "INTERNAL"),
            (_, answer) => drop(answer.unwrap()),
        }
    }
    let list = bench.list(ListCountriesRequest { page_size: 1000, ..Default::default() }).await.unwrap();
    assert_eq!(list.countries.len(), 60);
    let changes = bench.changes(ListChangesRequest { page_size: 1000, ..Default::default() }).await.unwrap();
    assert_eq!(changes.changes.len(), 60);
    bench.stop().await;
}

async fn what_comes_at_once_is_added_together_and_a_name_that_is_taken_is_told(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("C007", country("the first")).await.unwrap();
    let writes = (0..200).map(|number| {
        let bench = bench.clone();
        async move { bench.create(&format!("C{:03}", number / 2), country(&format!("country {number}"))).await }
    });
    let answers = join_all(writes).await;
    for (number, pair) in answers.chunks(2).enumerate() {
        let made = pair.iter().filter(|answer| answer.is_ok()).count();
        let refused = pair.iter().filter_map(|answer| answer.as_ref().err()).all(|e| e.reason() == "ALREADY_EXISTS");
        assert_eq!((made, refused), (usize::from(number != 7), true), "{number}: {pair:?}");
    }
    assert_eq!(database.number("SELECT count(*) FROM change").await, 100);
    assert_eq!(database.number("SELECT count(*) FROM country").await, 100);
    let told = answers.iter().flatten().map(|made| made.name.clone()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(told.len(), 99);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_on_postgres_shares_a_commit() {
    let Some(database) = Database::postgres() else { return };
    let bench = Bench::open(&database).await;
    let writes = (0..200).map(|number| {
        let bench = bench.clone();
        async move { bench.create(&format!("C{number:03}"), country("a country")).await }
    });
    join_all(writes).await.into_iter().for_each(|made| drop(made.unwrap()));
    let commits = database.number("SELECT count(DISTINCT xid::text) FROM change").await;
    assert!(commits < 100, "{commits} commits for 200 writes");
    bench.stop().await;
}

async fn writers_of_one_record_lose_no_change(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("LB", Country { alpha3_code: "0".into(), ..country("Li-băng") }).await.unwrap();
    let writers = (0..8).map(|_| {
        let bench = bench.clone();
        async move {
            for _ in 0..10 {
                let work = async |tx: Tx| {
                    let before = store::load_for::<Countries>(&tx, "countries/LB", |_, _| true).await?;
                    let count: u32 = before.alpha3_code.parse().unwrap();
                    let after = Country { alpha3_code: (count + 1).to_string(), ..before.clone() };
                    store::save::<Countries>(&tx, "country.counted", before, after).await
                };
                bench.store.write_as(Caller::system("registry"), work).await.unwrap();
            }
        }
    });
    join_all(writers).await;
    let end = bench.get("LB").await.unwrap();
    assert_eq!((end.alpha3_code.as_str(), end.etag.as_str()), ("80", "81"));
    let changes = bench.changes(ListChangesRequest { page_size: 1000, ..Default::default() }).await.unwrap().changes;
    let versions: Vec<i64> = changes.iter().map(|change| change.version).collect();
    assert_eq!(versions, (1..=81).collect::<Vec<_>>());
    bench.stop().await;
}

async fn a_statement_that_failed_cannot_be_ignored(database: Database) {
    let bench = Bench::open(&database).await;
    let work = async |tx: Tx| {
        store::insert::<Countries>(&tx, Country { owner: "agencies/g08".into(), ..country("Li-băng") }, "LB").await?;
        let statement = Statement::from_string(tx.get_database_backend(), "SELECT * FROM no_such_table");
        assert!(tx.query_all_raw(statement).await.is_err());
        Ok(())
    };
    let answer = bench.store.write_as(Caller::system("registry"), work).await;
    assert_eq!(answer.unwrap_err().reason(), "INTERNAL");
    assert_eq!(bench.get("LB").await.unwrap_err().reason(), "NOT_FOUND");
    bench.stop().await;
}

async fn a_transaction_is_not_to_be_kept(database: Database) {
    let bench = Bench::open(&database).await;
    let kept: Arc<Mutex<Option<Tx>>> = Arc::default();
    let keep = kept.clone();
    let work = async move |tx: Tx| {
        store::exists::<Countries>(&tx, &Scope::everything(), "countries/LB").await?;
        *keep.lock().unwrap() = Some(tx);
        Ok(())
    };
    bench.store.write_as(Caller::system("registry"), work).await.unwrap();
    let tx = kept.lock().unwrap().take().unwrap();
    let record = Country { owner: "agencies/g08".into(), ..country("Li-băng") };
    assert!(store::insert::<Countries>(&tx, record, "LB").await.is_err());
    assert!(store::exists::<Countries>(&tx, &Scope::everything(), "countries/LB").await.is_err());
    bench.create("LB", country("Li-băng")).await.unwrap();
    bench.stop().await;
}

async fn two_processes_write_the_same_database(database: Database) {
    let (one, two) = tokio::join!(Bench::open(&database), Bench::open(&database));
    let writes = (0..200).map(|number| {
        let bench = if number % 2 == 0 { one.clone() } else { two.clone() };
        async move { bench.create(&format!("C{number:03}"), country("x")).await }
    });
    for answer in join_all(writes).await {
        answer.unwrap();
    }
    for bench in [&one, &two] {
        let list = bench.list(ListCountriesRequest { page_size: 1000, ..Default::default() }).await.unwrap();
        assert_eq!(list.countries.len(), 200);
    }
    one.stop().await;
    two.stop().await;
}

async fn several_records_go_in_one_transaction_or_none_does(database: Database) {
    let bench = Bench::open(&database).await;
    let write = async |last: &'static str| {
        let work = async move |tx: Tx| {
            for number in 0..30 {
                let record = Country { owner: "agencies/g08".into(), ..country("x") };
                store::insert::<Countries>(&tx, record, &format!("C{number:02}")).await?;
            }
            let record = Country { owner: "agencies/g08".into(), ..country(last) };
            store::insert::<Countries>(&tx, record, "LAST").await.map(drop)
        };
        bench.store.write_as(Caller::system("registry"), work).await
    };
    assert_eq!(write("refused").await.unwrap_err().reason(), "INVALID_ARGUMENT");
    let all = ListCountriesRequest { page_size: 1000, ..Default::default() };
    assert_eq!(bench.list(all.clone()).await.unwrap().countries, []);
    write("fine").await.unwrap();
    assert_eq!(bench.list(all).await.unwrap().countries.len(), 31);
    let again = write("fine").await.unwrap_err();
    assert_eq!(again.reason(), "ALREADY_EXISTS");
    bench.stop().await;
}

async fn a_record_may_be_written_twice_in_one_transaction(database: Database) {
    let bench = Bench::open(&database).await;
    let work = async |tx: Tx| {
        let record = Country { owner: "agencies/g08".into(), ..country("one") };
        let first = store::insert::<Countries>(&tx, record, "LB").await?;
        let second = Country { display_name: "two".into(), ..first.clone() };
        let second = store::save::<Countries>(&tx, "country.updated", first, second).await?;
        let read = store::load::<Countries>(&tx, &tx.scope(), "countries/LB").await?;
        assert_eq!(read, second, "a transaction reads what it wrote");
        store::announce::<Countries>(&tx, "country.praised", second).await
    };
    let end = bench.store.write_as(Caller::system("registry"), work).await.unwrap();
    assert_eq!((end.display_name.as_str(), end.etag.as_str()), ("two", "3"));
    assert_eq!(bench.get("LB").await.unwrap(), end);
    let changes = bench.changes(ListChangesRequest::default()).await.unwrap().changes;
    let types: Vec<&str> = changes.iter().map(|change| change.r#type.as_str()).collect();
    assert_eq!(types, ["country.created", "country.updated", "country.praised"]);
    bench.stop().await;
}

async fn writers_that_lock_each_other_out_both_succeed(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("LB", country("Li-băng")).await.unwrap();
    bench.create("KR", country("Hàn Quốc")).await.unwrap();
    let attempts = Arc::new(AtomicUsize::new(0));
    let write = |order: [&'static str; 2]| {
        let (bench, attempts) = (bench.clone(), attempts.clone());
        async move {
            let work = async move |tx: Tx| {
                for id in order {
                    let name = format!("countries/{id}");
                    let before = store::load_for::<Countries>(&tx, &name, |_, _| true).await?;
                    attempts.fetch_add(usize::from(id == order[0]), Ordering::Relaxed);
                    let after = Country { alpha3_code: format!("{}x", before.alpha3_code), ..before.clone() };
                    store::save::<Countries>(&tx, "country.updated", before, after).await?;
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
                Ok::<_, Error>(())
            };
            bench.store.write_as(Caller::system("registry"), work).await
        }
    };
    let (one, other) = tokio::join!(write(["LB", "KR"]), write(["KR", "LB"]));
    one.unwrap();
    other.unwrap();
    for id in ["LB", "KR"] {
        assert_eq!(bench.get(id).await.unwrap().alpha3_code, "xx");
    }
    let repeated = attempts.load(Ordering::Relaxed) > 2;
    assert_eq!(repeated, database.is_postgres(), "on PostgreSQL one is repeated");
    bench.stop().await;
}

/// First SQLite ends a transaction by itself, then a commit fails and leaves one open: what a full disk does.
async fn what_is_written_after_a_commit_failed_is_committed(database: Database) {
    let bench = Bench::open(&database).await;
    let run = async |sql: &'static str| {
        let work = async move |tx: Tx| tx.execute_unprepared(sql).await.map(drop).map_err(Error::internal);
        bench.store.write_as(Caller::system("registry"), work).await
    };
    run("CREATE TABLE one (id INTEGER PRIMARY KEY)").await.unwrap();
    run("CREATE TABLE two (one INTEGER REFERENCES one (id) DEFERRABLE INITIALLY DEFERRED)").await.unwrap();
    for _ in 0..3 {
        if bench.store.read().get_database_backend() == DbBackend::Sqlite {
            run("INSERT OR ROLLBACK INTO one VALUES (NULL), (1), (1)").await.unwrap_err();
        }
        run("INSERT INTO two VALUES (404)").await.unwrap_err();
    }
    bench.create("LB", country("Li-băng")).await.unwrap();
    assert_eq!(bench.get("LB").await.unwrap().etag, "1");
    bench.stop().await;
}
