//! Who has the database can write its history anew, with all hashes; who holds a checkpoint of before finds out. And who
//! trusts none of our programs checks the exported trail alone.

use std::collections::HashMap;

use api::shared::v1::Change;
use base64::Engine as _;
use ed25519_dalek::{Signature, VerifyingKey};
use prost::Message as _;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::webhook::call;
use crate::world::shell::{Printed, ngkt};
use crate::world::{Backend, World, eventually, own};

#[test]
fn a_history_that_was_written_anew_is_found_by_a_checkpoint_on_sqlite() {
    own(Backend::Sqlite, written_anew);
}

#[test]
fn a_history_that_was_written_anew_is_found_by_a_checkpoint_on_postgres() {
    own(Backend::Postgres, written_anew);
}

async fn written_anew(world: &World) {
    let mission = world.mission("vn-in-emb");
    call(&mission, "một").await;
    let file = world.running().folder().join("checkpoints").display().to_string();
    let signed = || async { std::fs::read_to_string(&file).is_ok_and(|text| text.contains(r#""service":"events""#)) };
    eventually("a checkpoint is signed", signed).await;
    call(&mission, "hai").await;
    eventually("all is sealed", || async { !verify(world, None).await.out.contains("not yet sealed") }).await;
    let whole = verify(world, Some(&file)).await;
    assert!(whole.ok().contains(" and 1 kept elsewhere"), "{whole:?}");

    let database = Database::connect(world.running().database_url("events")).await.expect("the database is there");
    write_anew(&database).await;
    assert!(
        verify(world, None).await.complaint().contains("another seal of this number"),
        "by the database's own checkpoint"
    );
    database.execute_unprepared("DELETE FROM checkpoint").await.expect("a statement");
    assert!(verify(world, None).await.success, "by itself the new history is as good as the old");
    let found = verify(world, Some(&file)).await;
    assert!(found.complaint().contains("history was written anew"), "{found:?}");
    database.execute_unprepared("DELETE FROM seal").await.expect("a statement");
    database.execute_unprepared("DELETE FROM change").await.expect("a statement");
    assert!(verify(world, Some(&file)).await.complaint().contains("was cut off"), "nor may the end be gone");
}

async fn verify(world: &World, checkpoints: Option<&str>) -> Printed {
    let config = world.config_file();
    let mut arguments = vec!["audit", "verify", "--config", &config];
    arguments.extend(checkpoints.into_iter().flat_map(|file| ["--checkpoints", file]));
    ngkt(&arguments).await
}

/// Makes somebody else the author of every entry, and computes all hashes anew.
async fn write_anew(database: &DatabaseConnection) {
    let backend = database.get_database_backend();
    let rows =
        database.query_all_raw(Statement::from_string(backend, "SELECT seq, entry FROM change ORDER BY seq")).await;
    let mut hashes = HashMap::new();
    for row in rows.expect("rows") {
        let (seq, entry): (i64, Vec<u8>) = (row.try_get_by(0).expect("a number"), row.try_get_by(1).expect("bytes"));
        let mut change = Change::decode(entry.as_slice()).expect("a change");
        assert_eq!(change.version, 1, "entries that follow another would have to follow its new hash");
        change.actor.get_or_insert_default().subject = "somebody else".to_owned();
        let entry = change.encode_to_vec();
        let hash = sha(&[b"ngkt.change.v1\0", &entry]);
        let update = "UPDATE change SET entry = $1, hash = $2 WHERE seq = $3";
        let values = [entry.into(), hash.clone().into(), seq.into()];
        database.execute_raw(Statement::from_sql_and_values(backend, update, values)).await.expect("an update");
        hashes.insert(seq, hash);
    }
    let seals = "SELECT number, members FROM seal ORDER BY number";
    let mut previous: Vec<u8> = Vec::new();
    for row in database.query_all_raw(Statement::from_string(backend, seals)).await.expect("rows") {
        let (number, members): (i64, Vec<u8>) =
            (row.try_get_by(0).expect("a number"), row.try_get_by(1).expect("bytes"));
        let member = |member: &[u8]| {
            let seq = i64::from_be_bytes(member[..8].try_into().expect("eight bytes"));
            [&member[..8], hashes[&seq].as_slice()].concat()
        };
        let members: Vec<u8> = members.chunks(40).flat_map(member).collect();
        let hash = sealed(number, &previous, &members);
        let update = "UPDATE seal SET members = $1, previous_hash = $2, hash = $3 WHERE number = $4";
        let values = [members.into(), previous.into(), hash.clone().into(), number.into()];
        database.execute_raw(Statement::from_sql_and_values(backend, update, values)).await.expect("an update");
        previous = hash;
    }
}

#[test]
fn the_exported_trail_is_checked_without_any_program_of_ours() {
    own(Backend::Sqlite, async |world| {
        let mission = world.mission("vn-in-emb");
        let made = call(&mission, "một").await;
        let file = world.running().folder().join("checkpoints");
        let signed =
            || async { std::fs::read_to_string(&file).is_ok_and(|text| text.contains(r#""service":"events""#)) };
        eventually("a checkpoint is signed", signed).await;
        let config = world.config_file();
        let exported = ngkt(&["audit", "export", "--config", &config]).await;
        let counted = outsider(exported.ok());
        assert!(counted.0 > 500 && counted.1 > 2 && counted.2 > 2, "entries, seals, checkpoints: {counted:?}");

        let name = made["name"].as_str().expect("a name");
        let shown = ngkt(&["audit", "show", "--config", &config, "--resource", name]).await;
        assert_eq!(shown.ok().lines().count(), 1, "{shown:?}");
        let entry: Value = serde_json::from_str(shown.out.trim()).expect("JSON");
        assert_eq!(entry["change"]["after"]["title"], "một", "{entry}");
        let by = async |who: &str| {
            ngkt(&["audit", "show", "--config", &config, "--service", "events", "--actor", who])
                .await
                .ok()
                .lines()
                .count()
        };
        assert_eq!((by("missions/vn-in-emb").await, by("missions/vn-jp-emb").await), (1, 0));
        let until = ngkt(&["audit", "show", "--config", &config, "--until", "2020-01-01T00:00:00Z"]).await;
        assert!(until.ok().is_empty(), "{until:?}");
    });
}

/// Checks an export as deploy/audit.md says; gives the numbers of entries, seals and checkpoints.
fn outsider(export: &str) -> (usize, usize, usize) {
    let mut counted = (0, 0, 0);
    let mut hashes: HashMap<(String, i64), Vec<u8>> = HashMap::new();
    let mut last: HashMap<String, (i64, Vec<u8>)> = HashMap::new();
    let hex = |value: &Value| hex::decode(value.as_str().expect("digits")).expect("digits");
    for line in export.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let service = line["service"].as_str().expect("a service").to_owned();
        if let Some(entry) = line["entry"].as_str() {
            let bytes = base64::engine::general_purpose::STANDARD.decode(entry).expect("base64");
            let hash = sha(&[b"ngkt.change.v1\0", &bytes]);
            assert_eq!(hash, hex(&line["hash"]), "{line}");
            hashes.insert((service, line["sequence"].as_i64().expect("a number")), hash);
            counted.0 += 1;
        } else if let Some(number) = line["seal"].as_i64() {
            let (before, previous) = last.get(&service).cloned().unwrap_or_default();
            assert_eq!((number, &hex(&line["previousHash"])), (before + 1, &previous), "{line}");
            let numbers = line["members"].as_array().expect("members").iter().map(|it| it.as_i64().expect("a number"));
            let members: Vec<u8> =
                numbers.flat_map(|seq| [&seq.to_be_bytes()[..], &hashes[&(service.clone(), seq)]].concat()).collect();
            let hash = sealed(number, &previous, &members);
            assert_eq!(hash, hex(&line["hash"]), "{line}");
            last.insert(service, (number, hash));
            counted.1 += 1;
        } else {
            let signed = &line["checkpoint"];
            let (number, time) = (signed["seal"].as_i64().expect("a number"), signed["time"].as_i64().expect("a time"));
            assert_eq!((number, &hex(&signed["hash"])), (last[&service].0, &last[&service].1), "{line}");
            let bytes = [
                b"ngkt.checkpoint.v1\0",
                service.as_bytes(),
                &[0],
                &number.to_be_bytes(),
                &hex(&signed["hash"]),
                &time.to_be_bytes(),
            ]
            .concat();
            let key = VerifyingKey::from_bytes(&hex(&signed["key"]).try_into().expect("32 bytes")).expect("a key");
            let signature = Signature::from_slice(&hex(&signed["signature"])).expect("a signature");
            key.verify_strict(&bytes, &signature).expect("what was signed");
            counted.2 += 1;
        }
    }
    counted
}

fn sealed(number: i64, previous: &[u8], members: &[u8]) -> Vec<u8> {
    let first = [0; 32];
    let previous = if previous.is_empty() { &first[..] } else { previous };
    sha(&[b"ngkt.seal.v1\0", &number.to_be_bytes(), previous, members])
}

fn sha(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().fold(Sha256::new(), |sha, part| sha.chain_update(part)).finalize().to_vec()
}
