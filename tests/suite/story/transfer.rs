//! An installation outgrows SQLite: it moves to PostgreSQL, whole, and goes on there.

use serde_json::json;

use super::backup::{by_name, goes_on};
use super::webhook::{call, subscribe};
use crate::world::place::Place;
use crate::world::shell::ngkt;
use crate::world::{Backend, eventually, own, postgres};

#[test]
fn a_sqlite_installation_goes_on_in_postgres() {
    if postgres::cluster().is_none() {
        return;
    }
    own(Backend::Sqlite, async |world| {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        subscribe(&province, json!({"inbox": true})).await;
        for title in ["một", "hai", "ba"] {
            call(&mission, title).await;
        }
        let place = Place::empty(Backend::Postgres);
        let (from, to) = (world.config_file(), place.config());
        let refused = ngkt(&["transfer", "--config", &from, "--to", &to]).await;
        assert!(refused.complaint().contains("stop the platform first"), "{refused:?}");
        let collections = ["countries", "localities", "fdiFlows", "engagements", "organizations"];
        let mut was = Vec::new();
        for collection in collections {
            was.push(by_name(&world.ministry(), collection).await);
        }
        let engagements = by_name(&mission, "engagements").await;
        world.running().halt().await;
        // What the platform began in this process lets go of its files soon after it has stopped.
        let mark = world.running().folder().join("registry.db.lock");
        let is_free = || async { std::fs::File::open(&mark).is_ok_and(|mark| mark.try_lock().is_ok()) };
        eventually("its files are free", is_free).await;
        let moved = ngkt(&["transfer", "--config", &from, "--to", &to]).await;
        assert!(moved.ok().contains("rows are there as they were"), "{moved:?}");
        assert!(ngkt(&["audit", "verify", "--config", &to]).await.success);
        let again = ngkt(&["transfer", "--config", &from, "--to", &to]).await;
        assert!(again.complaint().contains("is not empty"), "{again:?}");
        let back = ngkt(&["transfer", "--config", &to, "--to", &from]).await;
        assert!(back.complaint().contains("is on PostgreSQL already"), "{back:?}");

        let there = place.start().await;
        for (collection, was) in collections.into_iter().zip(was) {
            assert_eq!(by_name(&there.ministry(), collection).await, was, "{collection}");
        }
        assert_eq!(by_name(&there.mission("vn-in-emb"), "engagements").await, engagements);
        goes_on(&there, engagements.len()).await;
        assert!(ngkt(&["audit", "verify", "--config", &to]).await.success, "the chain goes on over the move");
        there.stop().await;
    });
}
