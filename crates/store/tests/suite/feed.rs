//! The change log as its readers have it.

use api::registry::v1::Country;
use api::shared::v1::{Change, ListChangesRequest, WatchChangesRequest};
use chassis::caller::Role;
use futures::StreamExt;
use store::WatchStream;

use crate::support::{Bench, Database, country, on_each_database};

on_each_database!(
    a_watcher_goes_on_where_it_stood,
    a_watcher_is_told_that_it_has_come_to_the_end,
    only_what_is_asked_for_comes,
    an_entry_holds_what_happened,
    a_cursor_of_another_log_is_refused,
    a_cursor_beyond_what_was_set_back_is_refused,
    a_watcher_far_behind_catches_up,
    another_process_sees_what_this_one_writes,
);

/// The next entries of a stream; none when it says that there are none yet.
async fn next(stream: &mut WatchStream) -> (Vec<Change>, String) {
    let answer = tokio::time::timeout(std::time::Duration::from_secs(15), stream.next()).await;
    let answer = answer.expect("in time").expect("no end").unwrap();
    (answer.changes, answer.next_cursor)
}

/// The next entries of a stream, in however many answers they come.
async fn next_entries(stream: &mut WatchStream, count: usize) -> Vec<Change> {
    let mut seen = Vec::new();
    while seen.len() < count {
        seen.extend(next(stream).await.0);
    }
    seen
}

fn names(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.resource.trim_start_matches("countries/")).collect()
}

fn from(cursor: &str) -> WatchChangesRequest {
    WatchChangesRequest { cursor: cursor.to_owned(), ..Default::default() }
}

async fn a_watcher_goes_on_where_it_stood(database: Database) {
    let bench = Bench::open(&database).await;
    for id in ["A", "B", "C"] {
        bench.create(id, country("x")).await.unwrap();
    }
    let all = bench.changes(ListChangesRequest::default()).await.unwrap();
    assert_eq!(names(&all.changes), ["A", "B", "C"]);
    let mut stream = bench.watch(from(&all.changes[0].cursor)).await.unwrap();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    while seen.len() < 2 {
        let (changes, at) = next(&mut stream).await;
        seen.extend(changes);
        cursor = at;
    }
    assert_eq!(seen, all.changes[1..]);
    drop(stream);
    bench.create("D", country("x")).await.unwrap();
    bench.settled().await;
    let bench = {
        bench.stop().await;
        Bench::open(&database).await
    };
    let mut stream = bench.watch(from(&cursor)).await.unwrap();
    assert_eq!(names(&next_entries(&mut stream, 1).await), ["D"]);
    bench.stop().await;
}

async fn a_watcher_is_told_that_it_has_come_to_the_end(database: Database) {
    let bench = Bench::open(&database).await;
    let mut stream = bench.watch(from("")).await.unwrap();
    let (changes, cursor) = next(&mut stream).await;
    assert_eq!((changes, cursor.is_empty()), (vec![], false));
    bench.create("A", country("x")).await.unwrap();
    assert_eq!(names(&next_entries(&mut stream, 1).await), ["A"]);
    bench.create("B", country("x")).await.unwrap();
    assert_eq!(names(&next_entries(&mut stream, 1).await), ["B"]);
    bench.stop().await;
}

async fn only_what_is_asked_for_comes(database: Database) {
    let bench = Bench::open(&database).await;
    let created = bench.create("A", country("x")).await.unwrap();
    bench.create("B", country("x")).await.unwrap();
    bench.update(Country { display_name: "y".into(), ..created }, "").await.unwrap();
    bench.retire("B", "").await.unwrap();
    let all = bench.changes(ListChangesRequest::default()).await.unwrap();
    for (resource, types, expected) in [
        ("", vec![], vec![1, 1, 2, 2]),
        ("countries/A", vec![], vec![1, 2]),
        ("", vec!["country.retired"], vec![2]),
        ("", vec!["country.*"], vec![1, 1, 2, 2]),
        ("", vec!["mission.*"], vec![]),
        ("countries/A", vec!["country.retired"], vec![]),
    ] {
        let types: Vec<String> = types.into_iter().map(str::to_owned).collect();
        let list = ListChangesRequest { resource: resource.into(), types: types.clone(), ..Default::default() };
        let listed = bench.changes(list).await.unwrap();
        let versions: Vec<i64> = listed.changes.iter().map(|change| change.version).collect();
        assert_eq!(versions, expected, "{resource} {types:?}");
        let rest = ListChangesRequest { cursor: listed.next_cursor, ..Default::default() };
        assert!(bench.changes(rest).await.unwrap().changes.len() < all.changes.len());
        if resource.is_empty() {
            let mut stream = bench.watch(WatchChangesRequest { types, ..Default::default() }).await.unwrap();
            let seen = next_entries(&mut stream, expected.len()).await;
            assert_eq!(seen, listed.changes);
        }
    }
    let mut blind = bench.as_anonymous().watch(from("")).await.unwrap();
    assert_eq!(next_entries(&mut blind, 4).await.len(), 4, "countries are public");
    bench.stop().await;
}

async fn an_entry_holds_what_happened(database: Database) {
    let bench = Bench::open(&database).await.as_(Role::MissionOfficer, "missions/vn-in-emb");
    let created = bench.create("LB", Country { alpha3_code: "LBN".into(), ..country("Li-băng") }).await.unwrap();
    let changes = bench.changes(ListChangesRequest::default()).await.unwrap().changes;
    let entry = &changes[0];
    let actor = entry.actor.as_ref().unwrap();
    assert_eq!(
        (actor.organization.as_str(), &*actor.roles),
        ("missions/vn-in-emb", &[Role::MissionOfficer.into()][..])
    );
    let after = entry.after.as_ref().unwrap();
    assert_eq!(after.type_url, "type.googleapis.com/ngkt.registry.v1.Country");
    assert_eq!(<Country as prost::Message>::decode(&*after.value).unwrap(), created);
    assert_eq!(entry.changed_fields, ["display_name", "alpha3_code", "owner", "audience"]);
    assert_eq!((entry.owner.as_str(), &entry.audience), ("missions/vn-in-emb", &created.audience));
    assert_eq!((entry.previous_hash.len(), entry.hash.len()), (0, 32));
    assert_eq!((entry.time, entry.trace_id.len()), (created.create_time, 32));
    bench.stop().await;
}

async fn a_cursor_of_another_log_is_refused(database: Database) {
    let bench = Bench::open(&database).await;
    bench.create("A", country("x")).await.unwrap();
    let cursor = bench.changes(ListChangesRequest::default()).await.unwrap().next_cursor;
    let other = Bench::open(&Database::sqlite()).await;
    other.create("A", country("x")).await.unwrap();
    let refused = other.changes(ListChangesRequest { cursor: cursor.clone(), ..Default::default() }).await.unwrap_err();
    assert_eq!((refused.reason(), refused.code()), ("CURSOR_INVALID", tonic::Code::OutOfRange));
    assert_eq!(other.watch(from(&cursor)).await.err().unwrap().reason(), "CURSOR_INVALID");
    assert_eq!(other.watch(from("nonsense")).await.err().unwrap().violations()[0].field, "cursor");
    other.stop().await;
    bench.stop().await;
}

async fn a_cursor_beyond_what_was_set_back_is_refused(database: Database) {
    let bench = Bench::open(&database).await;
    for id in ["A", "B"] {
        bench.create(id, country("x")).await.unwrap();
    }
    let all = bench.changes(ListChangesRequest::default()).await.unwrap().changes;
    bench.stop().await;
    database.tamper("DELETE FROM change WHERE resource = 'countries/B'; DELETE FROM country WHERE id = 'B'").await;
    let bench = Bench::open(&database).await;
    assert_eq!(bench.watch(from(&all[1].cursor)).await.err().unwrap().reason(), "CURSOR_INVALID");
    bench.create("C", country("x")).await.unwrap();
    assert_eq!(bench.watch(from(&all[1].cursor)).await.err().unwrap().reason(), "CURSOR_INVALID");
    let mut stream = bench.watch(from(&all[0].cursor)).await.unwrap();
    assert_eq!(names(&next_entries(&mut stream, 1).await), ["C"]);
    bench.stop().await;
}

async fn a_watcher_far_behind_catches_up(database: Database) {
    let bench = Bench::open(&database).await;
    let long = "x".repeat(190);
    for start in (0..1_200).step_by(100) {
        let long = long.clone();
        let work = async move |tx: store::Tx| {
            for number in start..start + 100 {
                let record = Country { owner: "agencies/g08".into(), ..country(&long) };
                store::insert::<crate::support::Countries>(&tx, record, &format!("C{number:04}")).await?;
            }
            Ok(())
        };
        bench.store.write_as(chassis::caller::Caller::system("registry"), work).await.unwrap();
    }
    bench.settled().await;
    let bench = {
        bench.stop().await;
        Bench::open(&database).await
    };
    let mut stream = bench.watch(from("")).await.unwrap();
    assert_eq!(next_entries(&mut stream, 1_200).await.len(), 1_200);
    bench.stop().await;
}

async fn another_process_sees_what_this_one_writes(database: Database) {
    let (one, two) = tokio::join!(Bench::open(&database), Bench::open(&database));
    let mut stream = two.watch(from("")).await.unwrap();
    assert_eq!(next(&mut stream).await.0, []);
    one.create("A", country("x")).await.unwrap();
    assert_eq!(names(&next_entries(&mut stream, 1).await), ["A"]);
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_restored_elsewhere_is_a_new_log() {
    let Some(database) = Database::postgres() else { return };
    let bench = Bench::open(&database).await;
    bench.create("A", country("x")).await.unwrap();
    let old = bench.changes(ListChangesRequest::default()).await.unwrap();
    bench.stop().await;
    // As after a restore into another cluster: another home, and transactions numbered from the beginning again.
    database.tamper("UPDATE feed SET home = 'elsewhere'; UPDATE change SET xid = '900000000000'").await;
    let bench = Bench::open(&database).await;
    let refused = bench.changes(ListChangesRequest { cursor: old.next_cursor, ..Default::default() }).await;
    assert_eq!(refused.unwrap_err().reason(), "CURSOR_INVALID");
    bench.create("B", country("x")).await.unwrap();
    let first = bench.changes(ListChangesRequest::default()).await.unwrap();
    assert_eq!(names(&first.changes), ["A", "B"]);
    let second = Country { name: "countries/A".into(), ..country("y") };
    bench.update(second, "display_name").await.unwrap();
    let rest = bench.changes(ListChangesRequest { cursor: first.next_cursor, ..Default::default() }).await.unwrap();
    assert_eq!(names(&rest.changes), ["A"]);
    bench.stop().await;
    let again = Bench::open(&database).await;
    let rest =
        again.changes(ListChangesRequest { cursor: first.changes[0].cursor.clone(), ..Default::default() }).await;
    assert_eq!(names(&rest.unwrap().changes), ["B", "A"], "it is a new log once, not at every start");
    again.stop().await;
}
