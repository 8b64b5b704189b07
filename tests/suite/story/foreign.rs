//! A client that none of us wrote: Python's grpcio, which learns the contract through server reflection, and gRPC-Web
//! spelled out in plain HTTP. See `tests/foreign/client.py`.

use std::io::Write;
use std::sync::LazyLock;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::world::clock::days;
use crate::world::{World, setting, stories};

static PYTHON: LazyLock<Option<String>> = LazyLock::new(find);

stories! {
    async fn grpcio_and_grpc_web_see_what_rest_sees(world: &World) {
        let Some(facts) = client(world, &["facts"]).await else { return };
        assert_eq!((&facts["before"], &facts["after"], &facts["cities"]), (&json!(63), &json!(34), &json!(9)), "{facts}");
        for sum in [&facts["sum"], &facts["webSum"]] {
            assert!(sum.as_f64().is_some_and(|sum| (sum - 16_373.5).abs() < 0.05), "{facts}");
        }
        let services = facts["services"].to_string();
        for method in api::contract().methods() {
            assert!(services.contains(&format!("\"{}\"", method.service)), "reflection does not tell {}", method.service);
        }
        assert_eq!(facts["refused"]["code"], "UNAUTHENTICATED", "{facts}");
        assert!(facts["refused"]["details"].as_str().is_some_and(|details| details.contains("UNAUTHENTICATED")), "{facts}");
        assert_eq!(facts["webRefused"]["status"], 16, "{facts}");
    }

    async fn the_story_of_a_promise_is_the_same_over_grpc_and_grpc_web(world: &World) {
        let (due, start) = (world.clock().day(30), world.clock().day(0));
        let Some(told) = client(world, &["promise", &due, &start]).await else { return };
        assert_eq!(told["lead"]["status"], 0, "{told}");
        let name = told["commitment"]["name"].as_str().expect("a name");
        world.clock().advance(days(31)).await;
        let told = client(world, &["overdue", name]).await.expect("it was there a moment ago");
        assert_eq!(told["late"]["overdue"], true, "{told}");
        assert_eq!(told["refused"]["code"], "FAILED_PRECONDITION", "{told}");
        assert!(told["refused"]["details"].as_str().is_some_and(|details| details.contains("EVIDENCE_MISSING")), "{told}");
        assert_eq!(told["webRefused"]["status"], 9, "{told}");
        assert_eq!(told["fulfilled"]["status"], "FULFILLED", "{told}");
        assert_eq!(told["changes"], json!(["commitment.created", "commitment.overdue", "commitment.fulfilled"]), "{told}");
        // REST tells the same of what was written over gRPC.
        let over_rest = world.mission("vn-in-emb").get(&format!("/v1/{name}")).await.ok();
        assert_eq!(over_rest["evidence"], told["fulfilled"]["evidence"]);
    }
}

/// Runs the client; None where it cannot run, after saying so once, unless NGKT_REQUIRE_FOREIGN=1.
async fn client(world: &World, arguments: &[&str]) -> Option<Value> {
    let Some(python) = PYTHON.as_ref() else {
        assert!(
            setting("NGKT_REQUIRE_FOREIGN").is_none_or(|value| value != "1"),
            "NGKT_REQUIRE_FOREIGN=1, and no grpcio was found"
        );
        return None;
    };
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/foreign/client.py"))
        .arg(world.address().to_string())
        .args(arguments)
        .env("MISSION_TOKEN", world.mission("vn-in-emb").token())
        .env("PROVINCE_TOKEN", world.province("quang-ninh").token())
        .env("no_proxy", "*")
        .kill_on_drop(true)
        .output()
        .await
        .expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("the client prints JSON"))
}

/// A Python that has grpcio and its reflection.
fn find() -> Option<String> {
    let root = crate::tidy::root();
    let candidates = [
        setting("NGKT_PYTHON"),
        Some(root.join("target/foreign/bin/python").display().to_string()),
        Some("python3".into()),
    ];
    let has_grpc = |python: &String| {
        let tried = std::process::Command::new(python).args(["-c", "import grpc, grpc_reflection.v1alpha"]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let found = candidates.into_iter().flatten().find(has_grpc);
    if found.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped for foreign clients: no Python with grpcio and grpcio-reflection");
    }
    found
}
