//! Tampering with the change log is found, and the entry is named.

use api::registry::v1::Country;
use chassis::error::Result;
use store::audit::{Report, verify};
use store::sea_orm::DatabaseConnection;

use crate::support::{Bench, Database, country, eventually, on_each_database};

on_each_database!(
    what_is_written_is_sealed_soon_and_is_whole,
    an_entry_that_was_changed_is_named,
    an_entry_whose_hash_was_made_anew_is_named,
    a_column_that_was_changed_is_named,
    an_entry_that_was_removed_is_named,
    an_entry_that_was_put_in_is_named,
    entries_that_changed_places_are_named,
    a_seal_that_was_changed_is_told,
    a_seal_that_was_removed_is_told,
    an_entry_that_is_not_sealed_yet_is_checked_too,
);

async fn report(db: &DatabaseConnection) -> Result<Report> {
    verify(db).await
}

/// Ten entries of five records, sealed.
async fn sealed(database: &Database) -> Bench {
    let bench = Bench::open(database).await;
    for round in 0..2 {
        for id in ["A", "B", "C", "D", "E"] {
            if round == 0 {
                bench.create(id, country("x")).await.unwrap();
            } else {
                let changed = Country { name: format!("countries/{id}"), ..country("y") };
                bench.update(changed, "display_name").await.unwrap();
            }
        }
    }
    eventually("all is sealed", async || {
        let report = report(bench.store.read()).await.unwrap();
        report.entries == 10 && report.unsealed() == 0
    })
    .await;
    bench
}

/// Tampers with a log of ten sealed entries, and tells what was found: the entry's number, and what is wrong.
async fn found(database: Database, tampering: &str) -> (i64, String) {
    sealed(&database).await.stop().await;
    told(&database, tampering).await
}

async fn told(database: &Database, tampering: &str) -> (i64, String) {
    database.tamper(tampering).await;
    let bench = Bench::open(database).await;
    let broken = report(bench.store.read()).await.unwrap().broken.unwrap_or_else(|| panic!("not found: {tampering}"));
    bench.stop().await;
    (broken.sequence, broken.what)
}

async fn what_is_written_is_sealed_soon_and_is_whole(database: Database) {
    let bench = sealed(&database).await;
    let before = report(bench.store.read()).await.unwrap();
    assert!(before.is_whole() && before.seals >= 1 && before.head.len() == 64);
    bench.create("F", country("x")).await.unwrap();
    eventually("the next is sealed", async || {
        let after = report(bench.store.read()).await.unwrap();
        assert!(after.is_whole());
        after.sealed == 11 && after.head != before.head
    })
    .await;
    bench.stop().await;
}

async fn an_entry_that_was_changed_is_named(database: Database) {
    let content = if database.is_postgres() {
        "UPDATE change SET entry = set_byte(entry, 20, 7) WHERE seq = 3"
    } else {
        "UPDATE change SET entry = substr(entry, 1, 20) || x'07' || substr(entry, 22) WHERE seq = 3"
    };
    let (sequence, what) = found(database, content).await;
    assert_eq!((sequence, what.as_str()), (3, "its content is not what its hash was made of"));
}

async fn an_entry_whose_hash_was_made_anew_is_named(database: Database) {
    let forged = if database.is_postgres() { r"'\x00'" } else { "x'00'" };
    let tampering = format!("UPDATE change SET hash = {forged} WHERE seq = 10");
    let (sequence, what) = found(database, &tampering).await;
    assert_eq!((sequence, what.as_str()), (10, "it is not the entry that was sealed"));
}

async fn a_column_that_was_changed_is_named(database: Database) {
    let (sequence, what) = found(database, "UPDATE change SET owner = 'agencies/g12' WHERE seq = 4").await;
    assert_eq!((sequence, what.contains("columns")), (4, true));
}

async fn an_entry_that_was_removed_is_named(database: Database) {
    let (sequence, what) = found(database, "DELETE FROM change WHERE seq = 5").await;
    assert_eq!((sequence, what.as_str()), (5, "it was removed"));
}

async fn an_entry_that_was_put_in_is_named(database: Database) {
    let columns = "time, type, resource, version, owner, audience, readers, entry, hash";
    let (more, values) = if database.is_postgres() { (", epoch, xid", ", 0, xid") } else { ("", "") };
    let tampering = format!(
        "UPDATE change SET seq = 1000 WHERE seq = 10; \
         INSERT INTO change (seq, {columns}{more}) \
         SELECT 10, time, type, 'countries/Z', version, owner, audience, readers, entry, hash{values} FROM change WHERE seq = 1"
    );
    let (sequence, what) = found(database, &tampering).await;
    assert!(sequence == 1 || sequence == 10, "{sequence} {what}");
}

async fn entries_that_changed_places_are_named(database: Database) {
    let tampering = "UPDATE change SET seq = -1 WHERE seq = 2; UPDATE change SET seq = 2 WHERE seq = 3; \
         UPDATE change SET seq = 3 WHERE seq = -1";
    let xids = "UPDATE change a SET xid = b.xid FROM change b WHERE (a.seq, b.seq) IN ((2, 3), (3, 2)); ";
    let tampering = if database.is_postgres() { format!("{xids}{tampering}") } else { tampering.to_owned() };
    let (sequence, what) = found(database, &tampering).await;
    assert_eq!((sequence, what.as_str()), (2, "it is not the entry that was sealed"));
}

async fn a_seal_that_was_changed_is_told(database: Database) {
    let bytes = if database.is_postgres() { "overlay(members placing '\\x00' from 20)" } else { "x'00'" };
    let (sequence, what) = found(database, &format!("UPDATE seal SET members = {bytes} WHERE number = 1")).await;
    assert!(what.contains("the seal 1"), "{sequence} {what}");
}

async fn a_seal_that_was_removed_is_told(database: Database) {
    let bench = sealed(&database).await;
    bench.create("F", country("x")).await.unwrap();
    eventually("there are two seals", async || report(bench.store.read()).await.unwrap().sealed == 11).await;
    bench.stop().await;
    let (sequence, what) = told(&database, "DELETE FROM seal WHERE number = 1").await;
    assert!(sequence > 0 && what.contains("one is missing"), "{sequence} {what}");
}

async fn an_entry_that_is_not_sealed_yet_is_checked_too(database: Database) {
    let bench = sealed(&database).await;
    bench.create("F", country("x")).await.unwrap();
    bench.settled().await;
    let report = report(bench.store.read()).await.unwrap();
    assert_eq!((report.entries, report.is_whole()), (11, true));
    assert!(report.unsealed() <= 1);
    bench.stop().await;
}
