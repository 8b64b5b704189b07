//! Days that pass are told once, as long as they stand.

use std::time::Duration;

use api::registry::v1::Country;
use api::shared::v1::ListChangesRequest;
use chrono::Days;
use prost_types::Timestamp;
use store::sea_orm::{ConnectionTrait, Statement};
use store::{Tx, calendar};

use crate::support::{Bench, Countries, Database, country, eventually, on_each_database};

on_each_database!(
    a_day_that_has_passed_is_told_once,
    a_day_that_moves_or_no_longer_matters_is_not_told,
    an_older_queue_of_one_kind_of_day_is_taken_over,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn open(database: &Database) -> Bench {
    let bench = Bench::open(database).await;
    calendar::keep(&bench.host, &bench.store, vec![calendar::teller::<Countries>()]);
    bench
}

/// A country that is awaited on the day in so many days.
fn awaited(bench: &Bench, days: u64) -> Country {
    let day = bench.host.clock.today() + Days::new(days);
    Country { english_name: "awaited".into(), relations_since: day.to_string(), ..country("Li-băng") }
}

async fn told(bench: &Bench, id: &str) -> Vec<String> {
    let list = ListChangesRequest { resource: format!("countries/{id}"), ..Default::default() };
    bench.changes(list).await.unwrap().changes.into_iter().map(|change| change.r#type).collect()
}

async fn waiting(database: &Database) -> i64 {
    database.number("SELECT count(*) FROM job").await
}

async fn a_day_that_has_passed_is_told_once(database: Database) {
    let bench = open(&database).await;
    let made = bench.create("LB", awaited(&bench, 2)).await.unwrap();
    bench.update(Country { alpha3_code: "LBN".into(), etag: String::new(), ..made }, "alpha3_code").await.unwrap();
    bench.host.clock.advance(DAY * 2);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(told(&bench, "LB").await, ["country.created", "country.updated"]);
    bench.host.clock.advance(DAY);
    let all = ["country.created", "country.updated", "country.remembered"];
    eventually("it is told", async || told(&bench, "LB").await == all).await;
    assert_eq!(waiting(&database).await, 0);
    let kept = bench.get("LB").await.unwrap();
    assert_eq!((kept.etag.as_str(), kept.alpha3_code.as_str()), ("3", "LBN"));
    bench.stop().await;
}

async fn a_day_that_moves_or_no_longer_matters_is_not_told(database: Database) {
    let bench = open(&database).await;
    for (id, mask) in [("AA", "relations_since"), ("BB", "english_name"), ("CC", "")] {
        let made = bench.create(id, awaited(&bench, 1)).await.unwrap();
        let later = awaited(&bench, 9).relations_since;
        let changed = Country { relations_since: later, english_name: "no more".into(), ..made };
        match mask {
            "" => drop(bench.retire(id, "").await.unwrap()),
            mask => drop(bench.update(changed, mask).await.unwrap()),
        }
    }
    assert_eq!(waiting(&database).await, 1);
    bench.host.clock.advance(DAY * 2);
    tokio::time::sleep(Duration::from_millis(500)).await;
    for id in ["AA", "BB", "CC"] {
        assert!(!told(&bench, id).await.contains(&"country.remembered".to_owned()), "{id}");
    }
    bench.host.clock.advance(DAY * 8);
    eventually("the other day", async || told(&bench, "AA").await.contains(&"country.remembered".to_owned())).await;
    bench.stop().await;
}

async fn an_older_queue_of_one_kind_of_day_is_taken_over(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("LB", awaited(&bench, 1)).await.unwrap();
    let now = bench.host.clock.now();
    let older = async move |tx: Tx| {
        let emptied = Statement::from_string(tx.get_database_backend(), "DELETE FROM job");
        tx.execute_raw(emptied).await.map_err(store::database)?;
        tx.enqueue("remembering", "countries/LB", now, &Timestamp::default()).await?;
        calendar::adopt(&tx, "remembering", "country.remembered").await.map_err(store::database)
    };
    bench.store.write_as(chassis::caller::Caller::system("registry"), older).await.unwrap();
    bench.host.clock.advance(DAY * 2);
    calendar::keep(&bench.host, &bench.store, vec![calendar::teller::<Countries>()]);
    eventually("it is told", async || told(&bench, "LB").await.contains(&"country.remembered".to_owned())).await;
    bench.stop().await;
}
