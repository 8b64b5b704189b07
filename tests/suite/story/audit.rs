//! The audit trail: what was tampered with is found, and named.

use sea_orm::{ConnectionTrait, Database};
use serde_json::json;

use crate::world::shell::{Printed, ngkt};
use crate::world::{World, eventually, stories};

stories! {
    async fn an_entry_that_was_rewritten_is_found(world: &World) {
        let first = record(world, "Một").await;
        record(world, "Hai").await;
        eventually("the log is sealed and whole", || async { sealed(&verify(world).await) }).await;
        let entry = if world.running().database_url("events").starts_with("postgres") { "'\\x08'::bytea" } else { "X'08'" };
        tamper(world, &format!("UPDATE change SET entry = {entry} WHERE resource = '{first}'")).await;
        let found = verify(world).await;
        assert!(found.complaint().contains("events") && found.err.contains(&first), "{found:?}");
    }

    async fn an_entry_that_was_taken_out_is_found(world: &World) {
        let first = record(world, "Một").await;
        record(world, "Hai").await;
        eventually("the log is sealed and whole", || async { sealed(&verify(world).await) }).await;
        tamper(world, &format!("DELETE FROM change WHERE resource = '{first}'")).await;
        let found = verify(world).await;
        assert!(found.complaint().contains("events"), "{found:?}");
    }
}

async fn record(world: &World, title: &str) -> String {
    let body = json!({"title": title, "kind": "CALL", "startDate": "2026-01-01"});
    let made = world.mission("vn-in-emb").post("/v1/engagements", body).await.ok();
    made["name"].as_str().expect("a name").to_owned()
}

async fn verify(world: &World) -> Printed {
    ngkt(&["audit", "verify", "--config", &world.config_file()]).await
}

/// Whole, and nothing waits for its seal.
fn sealed(printed: &Printed) -> bool {
    printed.success && !printed.out.contains("not yet sealed") && printed.out.contains("\nevents: 2 entries")
}

/// What somebody with access to the database could do.
async fn tamper(world: &World, statement: &str) {
    let database = Database::connect(world.running().database_url("events")).await.expect("the database is there");
    let done = database.execute_unprepared(statement).await.expect("a statement that it understands");
    assert_eq!(done.rows_affected(), 1, "{statement}");
}
