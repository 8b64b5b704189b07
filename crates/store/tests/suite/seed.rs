//! Reference data that comes with the software.

use api::registry::v1::Country;
use api::shared::v1::ListChangesRequest;
use chassis::caller::Role;
use store::{Loaded, seed};

use crate::support::{Bench, Countries, Database, country, on_each_database};

on_each_database!(
    the_same_data_twice_changes_nothing,
    what_somebody_changed_stays_as_it_is,
    two_processes_that_start_together_load_it_once,
);

fn data(count: usize, display_name: &str) -> Vec<Country> {
    (0..count).map(|number| Country { name: format!("countries/C{number:03}"), ..country(display_name) }).collect()
}

async fn the_same_data_twice_changes_nothing(database: Database) {
    let bench = Bench::open(&database).await;
    assert_eq!(
        seed::<Countries>(&bench.store, data(450, "x")).await.unwrap(),
        Loaded { created: 450, updated: 0, kept: 0 }
    );
    assert_eq!(seed::<Countries>(&bench.store, data(450, "x")).await.unwrap(), Loaded::default());
    let first = bench.as_anonymous().get("C000").await.unwrap();
    assert_eq!((first.owner.as_str(), first.etag.as_str()), ("agencies/g08", "1"));
    let actor = bench.changes(ListChangesRequest::default()).await.unwrap().changes[0].actor.clone().unwrap();
    assert_eq!(actor.subject, "services/registry");
    bench.stop().await;
}

async fn what_somebody_changed_stays_as_it_is(database: Database) {
    let bench = Bench::open(&database).await.as_(Role::Administrator, "agencies/g08");
    seed::<Countries>(&bench.store, data(3, "x")).await.unwrap();
    let mine = Country { name: "countries/C001".into(), ..country("mine") };
    bench.update(mine, "display_name").await.unwrap();
    bench.retire("C002", "").await.unwrap();
    let mut next = data(4, "y");
    assert_eq!(
        seed::<Countries>(&bench.store, next.clone()).await.unwrap(),
        Loaded { created: 1, updated: 1, kept: 2 }
    );
    for (id, name, etag) in [("C000", "y", "2"), ("C001", "mine", "2"), ("C002", "x", "2"), ("C003", "y", "1")] {
        let found = bench.get(id).await.unwrap();
        assert_eq!((found.display_name.as_str(), found.etag.as_str()), (name, etag), "{id}");
    }
    next[0].english_name = "z".into();
    assert_eq!(seed::<Countries>(&bench.store, next).await.unwrap(), Loaded { created: 0, updated: 1, kept: 2 });
    bench.stop().await;
}

async fn two_processes_that_start_together_load_it_once(database: Database) {
    let (one, two) = tokio::join!(Bench::open(&database), Bench::open(&database));
    let (first, second) =
        tokio::join!(seed::<Countries>(&one.store, data(300, "x")), seed::<Countries>(&two.store, data(300, "x")));
    assert_eq!(first.unwrap().created + second.unwrap().created, 300);
    one.stop().await;
    two.stop().await;
}
