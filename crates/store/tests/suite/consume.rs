//! One service follows another one's log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use api::registry::v1::Country;
use api::shared::v1::Change;
use chassis::caller::Caller;
use chassis::clock::Clock;
use chassis::error::{Error, Result};
use chassis::host::Host;
use chassis::server;
use store::{Consumer, Projection, Store, Tx};
use tonic::service::Routes;

use crate::support::{Countries, Database, FOLLOWER, SERVICE, country, eventually, on_each_database};

on_each_database!(
    each_entry_takes_effect_once_whatever_fails_and_whoever_restarts,
    an_entry_that_cannot_be_applied_holds_up_only_what_is_after_it,
    a_log_that_was_replaced_is_read_again,
    a_projection_goes_on_answering_while_the_other_is_away,
    two_processes_follow_as_one,
);

store::change_service!(api::registry::v1);

/// A process with two services, each with a database of its own.
struct Pair {
    host: Host,
    registry: Store,
    follower: Store,
}

#[derive(Clone)]
struct Databases(Database, Database);

impl Databases {
    fn beside(first: Database) -> Databases {
        let second = if first.is_postgres() { Database::postgres().unwrap() } else { first.clone() };
        Databases(first, second)
    }

    async fn open(&self) -> Pair {
        let mut config = self.0.config();
        config.events.database.url = self.1.url.clone();
        let host = Host::with_clock(config, Clock::manual()).unwrap();
        let registry = Store::open(&host, &SERVICE).await.unwrap();
        let follower = Store::open(&host, &FOLLOWER).await.unwrap();
        Pair { host, registry, follower }
    }
}

impl Pair {
    /// Lets the registry's log be read.
    fn serve(&self) {
        let routes = Routes::new(Changes::server(&self.registry));
        self.host.peers.register("registry", server::stack(routes, &self.host, &["registry"]));
    }

    async fn write(&self, ids: &[&str]) {
        for id in ids.iter().map(|id| (*id).to_owned()) {
            let work = async move |tx: Tx| {
                let record = Country { owner: "agencies/g08".into(), ..country(&id) };
                store::insert::<Countries>(&tx, record, &id).await
            };
            self.registry.write_as(Caller::system("registry"), work).await.unwrap();
        }
    }

    /// What has taken effect in the follower, in order.
    async fn effects(&self) -> Vec<String> {
        use store::sea_orm::{ConnectionTrait, Statement};
        let db = self.follower.read();
        let select = "SELECT alpha3_code FROM country ORDER BY id";
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), select)).await.unwrap();
        rows.iter().map(|row| row.try_get_by(0).unwrap()).collect()
    }
}

/// The effect of an entry: a record, which there cannot be twice.
async fn effect(tx: Tx, change: Change) -> Result<()> {
    let id = format!("{:04}-{}", change.sequence, change.version);
    let seen = change.resource.trim_start_matches("countries/").to_owned();
    let record = Country { owner: "agencies/g08".into(), alpha3_code: seen, ..country("x") };
    store::insert::<Countries>(&tx, record, &id).await.map(drop)
}

fn follow<F>(pair: &Pair, apply: impl Fn(Tx, Change) -> F + Send + Sync + 'static)
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let apply = move |tx: Tx, change: Change, _| apply(tx, change);
    let consumer = Consumer { name: "test", peer: "registry", types: &["country.*"], apply };
    store::consume(&pair.host, &pair.follower, consumer);
}

async fn each_entry_takes_effect_once_whatever_fails_and_whoever_restarts(database: Database) {
    let databases = Databases::beside(database);
    let pair = databases.open().await;
    pair.serve();
    pair.write(&["A", "B", "C"]).await;
    let calls = Arc::new(AtomicUsize::new(0));
    follow(&pair, move |tx, change| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        async move {
            effect(tx, change).await?;
            // After the effect: it must go away with the transaction.
            if call.is_multiple_of(3) { Err(Error::internal("on purpose")) } else { Ok(()) }
        }
    });
    eventually("the first three", async || pair.effects().await == ["A", "B", "C"]).await;
    pair.host.stop().await;

    let pair = databases.open().await;
    pair.write(&["D", "E"]).await;
    follow(&pair, effect);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(pair.effects().await.len(), 3, "the registry is not served yet");
    pair.serve();
    pair.write(&["F"]).await;
    eventually("the next three", async || pair.effects().await == ["A", "B", "C", "D", "E", "F"]).await;
    pair.host.stop().await;
}

async fn an_entry_that_cannot_be_applied_holds_up_only_what_is_after_it(database: Database) {
    let databases = Databases::beside(database);
    let pair = databases.open().await;
    pair.serve();
    pair.write(&["A", "B", "C"]).await;
    let broken = Arc::new(AtomicBool::new(true));
    let mended = broken.clone();
    follow(&pair, move |tx, change| {
        let refuses = change.resource == "countries/C" && broken.load(Ordering::Relaxed);
        async move {
            match refuses {
                true => Err(Error::invalid("resource", "must not be this one")),
                false => effect(tx, change).await,
            }
        }
    });
    eventually("what is before it", async || pair.effects().await == ["A", "B"]).await;
    mended.store(false, Ordering::Relaxed);
    eventually("the rest", async || pair.effects().await == ["A", "B", "C"]).await;
    pair.host.stop().await;
}

async fn a_log_that_was_replaced_is_read_again(database: Database) {
    let databases = Databases::beside(database);
    let pair = databases.open().await;
    pair.serve();
    pair.write(&["A", "B"]).await;
    follow(&pair, effect);
    eventually("the first two", async || pair.effects().await.len() == 2).await;
    pair.host.stop().await;

    databases.0.tamper("UPDATE feed SET incarnation = '00000000-0000-4000-8000-000000000000'").await;
    let pair = databases.open().await;
    pair.serve();
    let again = Arc::new(AtomicUsize::new(0));
    let counted = again.clone();
    follow(&pair, move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    });
    eventually("both come again", async || again.load(Ordering::Relaxed) == 2).await;
    pair.host.stop().await;
}

async fn a_projection_goes_on_answering_while_the_other_is_away(database: Database) {
    let databases = Databases::beside(database);
    let pair = databases.open().await;
    let countries = Projection::of_service("registry").of::<Country>().start(&pair.host, &pair.follower).await.unwrap();
    assert!(!countries.ready());
    pair.write(&["A", "B"]).await;
    pair.serve();
    countries.wait_ready().await;
    eventually("both are copied", async || countries.all::<Country>().len() == 2).await;
    let copy = countries.get::<Country>("countries/A").unwrap();
    assert_eq!((copy.display_name.as_str(), copy.etag.as_str()), ("A", "1"));
    assert_eq!(countries.get::<Country>("countries/Z"), None);
    pair.host.stop().await;

    let pair = databases.open().await;
    let countries = Projection::of_service("registry").of::<Country>().start(&pair.host, &pair.follower).await.unwrap();
    assert!(countries.ready(), "what was copied before is there at once");
    assert_eq!(countries.all::<Country>().len(), 2);
    let work = async |tx: Tx| {
        let before = store::load::<Countries>(&tx, &tx.scope(), "countries/A").await?;
        let after = Country { display_name: "changed".into(), ..before.clone() };
        store::save::<Countries>(&tx, "country.updated", before, after).await
    };
    pair.registry.write_as(Caller::system("registry"), work).await.unwrap();
    pair.write(&["C"]).await;
    pair.serve();
    eventually("the new one is copied", async || countries.all::<Country>().len() == 3).await;
    assert_eq!(countries.get::<Country>("countries/A").unwrap().display_name, "changed");
    pair.host.stop().await;
}

async fn two_processes_follow_as_one(database: Database) {
    let databases = Databases::beside(database);
    let (one, two) = (databases.open().await, databases.open().await);
    let projections = [&one, &two].map(|pair| {
        pair.serve();
        follow(pair, effect);
        Projection::of_service("registry").of::<Country>().start(&pair.host, &pair.follower)
    });
    let [first, second] = projections;
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let ids: Vec<String> = (0..30).map(|number| format!("C{number:02}")).collect();
    one.write(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    eventually("each once", async || one.effects().await == ids).await;
    eventually("both have copies", async || first.all::<Country>().len() == 30 && second.all::<Country>().len() == 30)
        .await;
    one.host.stop().await;
    two.write(&["D"]).await;
    eventually("the other one takes over", async || second.get::<Country>("countries/D").is_some()).await;
    two.host.stop().await;
}
