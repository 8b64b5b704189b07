//! `ngkt doctor`: finds nothing wrong where nothing is, and says of what is broken what it is and what to do.

use serde_json::{Value, json};

use crate::world::shell::{Printed, ngkt};
use crate::world::{Backend, World, block_on, eventually, own, stories};

stories! {
    async fn a_healthy_platform_has_no_problem(world: &World) {
        world.mission("vn-in-emb").post("/v1/leads", json!({"title": "Nhà máy", "country": "countries/IN"})).await.ok();
        // What was just written is sealed and told within a moment.
        eventually("nothing is wrong", || async { examined(world).await.success }).await;
        let printed = examined(world).await;
        for service in ["registry", "investment", "events", "notification"] {
            for line in [
                format!("ok      database of {service}: is of this version's form"),
                format!("ok      queues of {service}: no job was given up"),
                format!("ok      audit trail of {service}: "),
                format!("ok      change log of {service}: "),
            ] {
                assert!(printed.out.contains(&line), "{line} is not in {}", printed.out);
            }
        }
        for line in ["ok      settings: ", "ok      key outside: ", "ok      data folder: ", "ok      disk: "] {
            assert!(printed.out.contains(line), "{line} is not in {}", printed.out);
        }
        assert!(printed.out.contains("consumer investment-fanout of notification: is 0 entries behind"), "{}", printed.out);
        // The test's clock and the collector that there is not.
        let warned: Vec<&str> = printed.out.lines().filter(|line| line.starts_with("warning ")).collect();
        assert!(warned.iter().all(|line| line.contains(". To do: ")), "{warned:?}");
        assert!(warned.iter().any(|line| line.starts_with("warning telemetry: ")), "{warned:?}");
        assert!(!printed.out.contains("problem "), "{}", printed.out);
    }
}

async fn examined(world: &World) -> Printed {
    ngkt(&["doctor", "--config", &world.config_file()]).await
}

#[test]
fn peers_are_asked_who_they_are() {
    own(Backend::Split, async |world| {
        let file = world.running().folder().join("ngkt.toml").display().to_string();
        let doctor = async || ngkt(&["doctor", "--json", "--config", &file]).await;
        eventually("nothing is wrong", || async { doctor().await.success }).await;
        let printed = doctor().await;
        let told: Value = serde_json::from_str(printed.ok()).expect("JSON");
        for service in ["registry", "investment", "events", "notification"] {
            let version = env!("CARGO_PKG_VERSION");
            let peer = found(&told, &format!("peer {service}"));
            assert!(peer["what"].as_str().is_some_and(|what| what.ends_with(&format!("version {version}"))), "{peer}");
            assert_eq!(found(&told, &format!("clock of {service}"))["state"], "ok");
        }
        world.running().kill("events");
        let printed = doctor().await;
        assert!(!printed.success);
        let told: Value = serde_json::from_str(&printed.out).expect("JSON");
        let peer = found(&told, "peer events");
        assert_eq!((&told["state"], &peer["state"]), (&json!("problem"), &json!("problem")), "{told}");
        assert!(peer["todo"].as_str().is_some_and(|todo| todo.contains("ngkt serve events")), "{peer}");
    });
}

fn found<'a>(told: &'a Value, check: &str) -> &'a Value {
    let findings = told["findings"].as_array().expect("findings");
    findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("no {check} in {told}"))
}

#[test]
fn what_is_broken_is_named_with_what_to_do() {
    block_on(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let folder = data.path().display().to_string();
        // New: nothing is there, and that is no problem.
        let printed = ngkt(&["doctor", "--data", &folder]).await;
        assert!(printed.ok().contains("warning database of events: is not there yet"), "{printed:?}");

        ngkt(&["migrate", "--data", &folder]).await.ok();
        // What SQLite has not moved from its log into the file yet would make the file whole again.
        let _ = std::fs::remove_file(data.path().join("events.db-wal"));
        std::fs::write(data.path().join("events.db"), "no database at all, but long enough to be looked at")
            .expect("a file");
        std::fs::remove_file(data.path().join("keys/internal.key")).expect("a key");
        std::fs::write(data.path().join("keys/outside.key"), "not a key").expect("a key");
        an_older_form(&data.path().join("investment.db")).await;
        a_dead_job(&data.path().join("registry.db")).await;
        let settings = data.path().join("broken.toml");
        let text = "notification.database.url = \"postgres://ngkt@127.0.0.1:1/none\"\nevents.url = \"http://127.0.0.1:1\"\n\
                    telemetry.otlp_endpoint = \"http://127.0.0.1:1\"\n";
        std::fs::write(&settings, text).expect("a file");
        let printed = ngkt(&["doctor", "--data", &folder, "--config", &settings.display().to_string()]).await;
        assert!(!printed.success && printed.err.contains("there are 5 problems"), "{printed:?}");
        for line in [
            "problem key internal: ",
            "problem key outside: ",
            "problem database of events: cannot be opened",
            "problem database of notification: cannot be opened",
            "problem peer events: http://127.0.0.1:1 does not answer",
            "warning database of investment: is 1 migrations behind",
            "warning queues of registry: 1 jobs were given up in bulk",
            "warning telemetry: http://127.0.0.1:1 cannot be reached",
        ] {
            let found = printed.out.lines().find(|it| it.starts_with(line));
            let found = found.unwrap_or_else(|| panic!("{line} is not in {}", printed.out));
            assert!(found.contains(". To do: "), "{found}");
        }
        assert!(!printed.out.contains("hunter2") && !printed.out.contains("panicked"), "{printed:?}");

        std::fs::write(&settings, "[gateway]\nlisten_on = \"127.0.0.1:1\"\n").expect("a file");
        let printed = ngkt(&["doctor", "--config", &settings.display().to_string()]).await;
        assert!(!printed.success && printed.out.contains("problem settings: "), "{printed:?}");
        assert!(printed.out.contains("gateway.listen_on"), "{printed:?}");
    });
}

async fn an_older_form(file: &std::path::Path) {
    run(file, "DELETE FROM seaql_migrations WHERE version = (SELECT max(version) FROM seaql_migrations)").await;
}

async fn a_dead_job(file: &std::path::Path) {
    let insert = "INSERT INTO job (queue, key, run_at, payload, attempts, epoch, leased_until, dead_at, reason) \
         VALUES ('bulk', 'k', 0, x'', 1, 1, 0, 1, 'it cannot be done')";
    run(file, insert).await;
}

async fn run(file: &std::path::Path, statement: &str) {
    use sea_orm::ConnectionTrait as _;
    let db = sea_orm::Database::connect(format!("sqlite://{}", file.display())).await.expect("a database");
    db.execute_unprepared(statement).await.expect("a statement");
    db.close().await.expect("a database");
}
