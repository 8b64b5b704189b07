//! From one release to the next: what would be done is told, it is done once, what the release before left is taken over,
//! and a release does not work on what it cannot understand.

use std::process::Command;

use sea_orm::{ConnectionTrait, Database};

use crate::world::place::Place;
use crate::world::running::SERVICES;
use crate::world::shell::ngkt;
use crate::world::{Backend, block_on, postgres};

#[test]
fn of_many_that_start_at_once_one_migrates_on_sqlite() {
    block_on(many_at_once(Backend::Sqlite));
}

#[test]
fn of_many_that_start_at_once_one_migrates_on_postgres() {
    if postgres::cluster().is_some() {
        block_on(many_at_once(Backend::Postgres));
    }
}

async fn many_at_once(backend: Backend) {
    let place = Place::empty(backend);
    let config = place.config();
    let planned = ngkt(&["migrate", "--plan", "--config", &config]).await;
    assert_eq!(planned.code, Some(3), "{planned:?}");
    for service in SERVICES {
        assert!(planned.out.contains(&format!("{service}: would run M20261122Common\n")), "{planned:?}");
    }
    let at_once = (0..4).map(|_| async { ngkt(&["migrate", "--config", &config]).await });
    for done in futures::future::join_all(at_once).await {
        assert_eq!(done.ok().matches(": up to date").count(), 4, "{done:?}");
    }
    let planned = ngkt(&["migrate", "--plan", "--config", &config]).await;
    assert_eq!((planned.code, planned.out.matches(": up to date").count()), (Some(0), 4), "{planned:?}");

    let database = Database::connect(place.database_url("events")).await.expect("the database is there");
    let run = async |name: &str| {
        let insert = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{name}', 0)");
        database.execute_unprepared(&insert).await.expect("a statement that it understands");
    };
    run("M21000101More").await;
    let migrated = ngkt(&["migrate", "--config", &config]).await;
    assert!(migrated.success, "this release works beside the next, which has only added: {migrated:?}");
    assert!(
        ngkt(&["migrate", "--plan", "--config", &config]).await.ok().contains("a newer version has run M21000101More")
    );
    run("M21000101ContractMore").await;
    for arguments in [&["migrate", "--config"][..], &["migrate", "--plan", "--config"], &["up", "--config"]] {
        let refused = ngkt(&[arguments, &[config.as_str()]].concat()).await;
        let told = refused.err.lines().last().unwrap_or_default();
        assert!(!refused.success && told.contains("M21000101ContractMore") && told.contains("version"), "{refused:?}");
    }
}

/// A data folder that the release 0.1.0 left, as its tables in SQL and its keys.
#[test]
fn the_data_of_the_release_before_opens() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/data-0.1.0.tar.gz");
    let place = Place::empty(Backend::Sqlite);
    let unpacked =
        Command::new("tar").args(["-xzf", fixture, "-C"]).arg(place.folder()).output().expect("tar is there");
    assert!(unpacked.status.success(), "tar: {}", String::from_utf8_lossy(&unpacked.stderr));
    block_on(async {
        for service in SERVICES {
            let sql = std::fs::read_to_string(place.file(&format!("{service}.sql"))).expect("it is in the fixture");
            let url = format!("{}?mode=rwc", place.database_url(service));
            let database = Database::connect(url).await.expect("a new file");
            database.execute_unprepared(&sql).await.expect("what SQLite wrote");
            database.close().await.expect("it closes");
        }
        let config = place.config();
        let planned = ngkt(&["migrate", "--plan", "--config", &config]).await;
        assert_eq!(planned.code, Some(3), "something was added since: {planned:?}");
        let world = place.start().await;
        let mission = world.mission("vn-in-emb");
        let titles: Vec<_> = mission.all("engagements", "").await.into_iter().map(|it| it["title"].clone()).collect();
        assert_eq!(titles.len(), 2, "{titles:?}");
        assert!(titles.iter().any(|title| title == "Đoàn thăm Quảng Ninh"), "{titles:?}");
        let province = world.province("quang-ninh");
        assert_eq!(province.all("contacts", "q=lan").await[0]["displayName"], "Nguyễn Thị Lan", "its seal opens");
        assert_eq!(province.all("inboxMessages", "").await.len(), 3, "nothing is told twice");
        assert_eq!(world.nobody().all("localities", "asOf=2025-06-30").await.len(), 63);
        assert!(ngkt(&["audit", "verify", "--config", &config]).await.success);
        world.stop().await;
    });
}
