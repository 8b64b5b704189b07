//! Backups, and the drill: a backup that is taken while everybody writes, restored into an empty place, goes on there as if
//! nothing had been. What is not as it was written, or does not fit, is refused before anything is touched.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::personal_data::{NAME, contact};
use super::webhook::{call, subscribe};
use crate::world::actor::Actor;
use crate::world::place::Place;
use crate::world::shell::{Printed, ngkt};
use crate::world::{Backend, World, eventually, own};

/// Records that nobody writes during the drill.
const STILL: [&str; 6] = ["countries", "localities", "missions", "tradeAgreements", "subscriptions", "fdiFlows"];

#[test]
fn a_backup_under_writes_goes_on_where_it_is_restored_on_sqlite() {
    own(Backend::Sqlite, async |world| drill(world, Backend::Sqlite).await);
}

#[test]
fn a_backup_under_writes_goes_on_where_it_is_restored_on_postgres() {
    own(Backend::Postgres, async |world| drill(world, Backend::Postgres).await);
}

async fn drill(world: &World, backend: Backend) {
    let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
    subscribe(&province, json!({"inbox": true})).await;
    let none = Place::empty(Backend::Sqlite);
    let (key, to, config) = (none.file("backup.key"), none.file("personal.backup"), world.config_file());
    ngkt(&["backup", "key", "--to", &key]).await.ok();
    let arguments = ["--to", &to, "--key-file", &key, "--keys", "personal", "--without-data"];
    let early = ngkt(&[&["backup", "--config", &config][..], &arguments].concat()).await;
    assert!(early.complaint().contains("personal.key is not in"), "{early:?}");
    let sealed = contact(json!({"organization": "localities/quang-ninh"}));
    province.post("/v1/contacts", sealed).await.ok();
    let kept = Place::empty(Backend::Sqlite);
    let (file, secret) = (kept.file("all.backup"), passphrase(&kept, "correct horse battery staple"));
    let before: Vec<String> = names(&[call(&mission, "trước").await]);
    let stop = AtomicBool::new(false);
    let writing = async {
        while !stop.load(Ordering::SeqCst) {
            call(&mission, "trong khi sao lưu").await;
        }
    };
    let taking = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let made =
            ngkt(&["backup", "--config", &world.config_file(), "--to", &file, "--passphrase-file", &secret]).await;
        let asked = world.nobody();
        stop.store(true, Ordering::SeqCst);
        assert_eq!(asked.get("/readyz").await.status, 200, "the platform runs meanwhile");
        made
    };
    let ((), made) = tokio::join!(writing, taking);
    assert!(made.ok().contains(" rows, 3 keys"), "{made:?}");
    let verified = ngkt(&["backup", "verify", &file, "--passphrase-file", &secret]).await;
    assert!(verified.ok().contains("notification, events, investment, registry"), "{verified:?}");
    let cursor = mission.get("/v1/events/changes?pageSize=1").await.ok()["nextCursor"].clone();

    let place = Place::empty(backend);
    let restored = ngkt(&["restore", "--config", &place.config(), "--from", &file, "--passphrase-file", &secret]).await;
    assert!(restored.ok().contains("personal.key is not there"), "{restored:?}");
    assert!(ngkt(&["audit", "verify", "--config", &place.config()]).await.success, "before it runs");
    let refused = ngkt(&["up", "--config", &place.config()]).await;
    let told = refused.err.lines().last().unwrap_or_default();
    assert!(
        !refused.success && told.contains("personal data is sealed") && told.contains("personal.key is not there"),
        "{refused:?}"
    );
    restore_personal_key(world, &kept, &place).await;
    let there = place.start().await;
    let contacts = there.province("quang-ninh").all("contacts", "q=lan").await;
    assert_eq!(contacts[0]["displayName"], NAME, "its seal opens");
    for collection in STILL {
        let (was, is) =
            (world.administrator().all(collection, "").await, there.administrator().all(collection, "").await);
        assert_eq!(was, is, "{collection}");
    }
    let (was, is) = (by_name(&mission, "engagements").await, by_name(&there.mission("vn-in-emb"), "engagements").await);
    assert!(before.iter().all(|name| is.contains_key(name)), "what was acknowledged before is there");
    assert!(is.iter().all(|(name, record)| was.get(name) == Some(record)), "nothing is there that was not");
    goes_on(&there, is.len()).await;

    let path = format!("/v1/events/changes?cursor={}", cursor.as_str().expect("a cursor"));
    assert_eq!(
        there.mission("vn-in-emb").get(&path).await.reason(400),
        "CURSOR_INVALID",
        "whoever reads from outside notices"
    );
    assert!(ngkt(&["audit", "verify", "--config", &place.config()]).await.success);
    there.stop().await;
}

/// What was written before is told once to whoever it concerns, and so is what comes now.
pub async fn goes_on(there: &World, written: usize) {
    let province = there.province("quang-ninh");
    let told = || async {
        let mut messages = province.all("inboxMessages", "omitPayload=true").await;
        messages.retain(|message| message["resource"].as_str().is_some_and(|name| name.starts_with("engagements/")));
        messages
    };
    eventually("each is told", || async { told().await.len() >= written }).await;
    call(&there.mission("vn-in-emb"), "sau").await;
    eventually("the next is told", || async { told().await.len() > written }).await;
    let messages = told().await;
    let about: BTreeMap<&str, usize> = messages.iter().fold(BTreeMap::new(), |mut about, message| {
        *about.entry(message["resource"].as_str().unwrap_or_default()).or_default() += 1;
        about
    });
    assert!(about.values().all(|number| *number == 1) && about.len() == written + 1, "{about:?}");
}

#[test]
fn what_is_not_as_it_was_written_or_does_not_fit_is_refused_and_touches_nothing() {
    own(Backend::Sqlite, async |world| {
        let kept = Place::empty(Backend::Sqlite);
        let (file, right) = (kept.file("all.backup"), passphrase(&kept, "correct horse battery staple"));
        let from = world.config_file();
        ngkt(&["backup", "--config", &from, "--to", &file, "--passphrase-file", &right]).await.ok();
        let again = ngkt(&["backup", "--config", &from, "--to", &file, "--passphrase-file", &right]).await;
        assert!(again.complaint().contains("is there already"), "{again:?}");
        let (place, bytes) = (Place::empty(Backend::Sqlite), std::fs::read(&file).expect("the backup"));
        let wrong = passphrase(&place, "another horse altogether");
        let key = place.file("backup.key");
        ngkt(&["backup", "key", "--to", &key]).await.ok();
        let (cut, changed) = (place.file("cut"), place.file("changed"));
        std::fs::write(&cut, &bytes[..bytes.len() / 2]).expect("a file");
        let mut other = bytes.clone();
        other[bytes.len() / 2] ^= 1;
        std::fs::write(&changed, other).expect("a file");
        for (from, with, secret, told) in [
            (&file, "--passphrase-file", &wrong, "the passphrase is not the one"),
            (&file, "--key-file", &key, "was not encrypted with a key"),
            (&cut, "--passphrase-file", &right, "cut off"),
            (&changed, "--passphrase-file", &right, "was changed"),
            (&from, "--passphrase-file", &right, "not a backup"),
            (&place.file("nowhere"), "--passphrase-file", &right, "nowhere"),
        ] {
            let refused = ngkt(&["restore", "--config", &place.config(), "--from", from, with, secret]).await;
            assert!(refused.complaint().contains(told), "{told}: {refused:?}");
            let left: Vec<_> =
                ["registry.db", "keys"].into_iter().filter(|name| place.folder().join(name).exists()).collect();
            assert!(left.is_empty(), "{told}: {left:?}");
        }
        let refused: Printed =
            ngkt(&["restore", "--config", &from, "--from", &file, "--passphrase-file", &right]).await;
        assert!(refused.complaint().contains("is not empty"), "{refused:?}");
        assert_eq!(world.nobody().get("/readyz").await.status, 200);
    });
}

/// The key of personal data goes in a file of its own, encrypted otherwise.
async fn restore_personal_key(world: &World, kept: &Place, place: &Place) {
    let (apart, key) = (kept.file("personal.backup"), kept.file("backup.key"));
    ngkt(&["backup", "key", "--to", &key]).await.ok();
    let arguments = ["backup", "--config", &world.config_file(), "--to", &apart, "--key-file", &key];
    let made = ngkt(&[&arguments[..], &["--keys", "personal", "--without-data"]].concat()).await;
    assert!(made.ok().contains("0 tables, 0 rows, 1 keys"), "{made:?}");
    let restored = ngkt(&["restore", "--config", &place.config(), "--from", &apart, "--key-file", &key]).await;
    assert!(restored.success, "{restored:?}");
}

/// A file with a passphrase.
pub fn passphrase(place: &Place, words: &str) -> String {
    let file = place.file("passphrase");
    std::fs::write(&file, format!("{words}\n")).expect("the folder can be written");
    file
}

fn names(records: &[Value]) -> Vec<String> {
    records.iter().filter_map(|record| record["name"].as_str().map(str::to_owned)).collect()
}

/// All records of a collection that the actor sees, by name.
pub async fn by_name(actor: &Actor, collection: &str) -> BTreeMap<String, Value> {
    let records = actor.all(collection, "").await;
    records.into_iter().map(|record| (record["name"].as_str().unwrap_or_default().to_owned(), record)).collect()
}
