//! The operator's commands: what they print, and how they complain.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::world::shell::ngkt;
use crate::world::{Backend, World, block_on, claims, own};

#[test]
fn every_command_explains_itself() {
    block_on(async {
        assert!(ngkt(&["version"]).await.ok().starts_with("ngkt 0."));
        let help = ngkt(&["--help"]).await;
        for command in [
            "up",
            "serve",
            "migrate",
            "token",
            "import",
            "export",
            "audit",
            "backup",
            "certificates",
            "doctor",
            "health",
            "restore",
            "transfer",
            "version",
        ] {
            assert!(help.ok().contains(&format!("  {command} ")), "{command}: {}", help.out);
            let own = ngkt(&[command, "--help"]).await;
            assert!(own.ok().contains("Usage:"), "{command}");
        }
        assert!(ngkt(&["fly"]).await.complaint().contains("fly"));
        assert!(ngkt(&["serve", "kitchen"]).await.complaint().contains("registry"));
    });
}

#[test]
fn a_token_is_for_a_body_and_roles_that_there_are() {
    block_on(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let folder = data.path().display().to_string();
        let token = async |organization: &str, role: &str| {
            ngkt(&["token", "--data", &folder, "--organization", organization, "--role", role]).await
        };
        let printed = token("missions/vn-in-emb", "mission-officer,auditor").await;
        assert_eq!(printed.ok().trim().split('.').count(), 3, "{printed:?}");
        assert!(token("missions/vn-in-emb", "ambassador").await.complaint().contains("mission-officer"));
        assert!(token("missions/vn-in-emb", "service").await.complaint().contains("no such role"));
        assert!(token("vn-in-emb", "mission-officer").await.complaint().contains("missions/vn-in-emb"));
    });
}

#[test]
fn a_setting_that_there_is_not_is_named() {
    block_on(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let file = data.path().join("wrong.toml");
        std::fs::write(&file, "[gateway]\nlisten_on = \"127.0.0.1:1\"\n").expect("a temporary file");
        let refused = ngkt(&["up", "--config", &file.display().to_string()]).await;
        assert!(refused.complaint().contains("gateway.listen_on"), "{refused:?}");
        assert!(ngkt(&["up", "--listen", "here"]).await.complaint().contains("gateway.listen"));
        assert!(ngkt(&["up", "--config", "/nowhere.toml"]).await.complaint().contains("/nowhere.toml"));
    });
}

#[test]
fn an_address_in_use_is_told_in_one_line() {
    own(Backend::Sqlite, async |world| {
        let data = tempfile::tempdir().expect("a temporary folder");
        let folder = data.path().display().to_string();
        let refused = ngkt(&["up", "--data", &folder, "--listen", &world.address().to_string()]).await;
        let last = refused.err.lines().last().unwrap_or_default();
        assert!(
            !refused.success && last.starts_with("ngkt: ") && last.contains(&world.address().to_string()),
            "{refused:?}"
        );
    });
}

#[test]
fn migrating_makes_databases_that_the_platform_takes() {
    block_on(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let folder = data.path().display().to_string();
        for _ in 0..2 {
            let printed = ngkt(&["migrate", "--data", &folder]).await;
            assert_eq!(printed.ok().lines().count(), 4, "{printed:?}");
        }
    });
}

#[test]
fn a_role_that_needs_another_says_which_setting_is_missing() {
    block_on(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let folder = data.path().display().to_string();
        let refused = ngkt(&["serve", "events", "--data", &folder, "--listen", "127.0.0.1:0"]).await;
        let last = refused.err.lines().last().unwrap_or_default();
        assert!(!refused.success && last.starts_with("ngkt: ") && last.contains("registry.url"), "{refused:?}");
    });
}

#[test]
fn the_platform_says_where_it_is_and_stops_when_it_is_told_to() {
    block_on(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let mut platform = Command::new(env!("CARGO_BIN_EXE_platform"))
            .args(["up", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the platform starts");
        let mut lines = BufReader::new(platform.stderr.take().expect("invariant: piped")).lines();
        let mut banner = String::new();
        while !banner.contains("Ctrl-C") {
            banner.push_str(&lines.next_line().await.expect("text").expect("the banner comes before the end"));
            banner.push('\n');
        }
        let url = banner.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")).expect("an address");
        assert!(banner.contains(&format!("{url}/docs")) && banner.contains("curl "), "{banner}");
        // Whoever asks as soon as the banner stands finds everything there.
        let query = "breakdown=SECTOR&fromYear=2015&toYear=2020";
        let answer = reqwest::get(format!("{url}/v1/fdiFlows:summarize?{query}")).await.expect("an answer");
        assert!(answer.text().await.expect("text").contains("capitalTotalMusd"));
        let pid = platform.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.is_ok_and(|status| status.success()));
        let ended =
            tokio::time::timeout(Duration::from_secs(15), platform.wait()).await.expect("it ends within its bound");
        assert!(ended.is_ok_and(|status| status.success()));
    });
}

claims! {
    async fn a_collection_is_exported_as_lines_of_json(world: &World) {
        let url = world.url();
        let printed = ngkt(&["export", "localities", "--filter", "asOf=2025-06-30", "--url", &url]).await;
        let lines: Vec<serde_json::Value> = printed.ok().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 63);
        assert_eq!(lines, world.nobody().all("localities", "asOf=2025-06-30").await);
        // More than a page.
        let printed = ngkt(&["export", "fdiFlows", "--url", &url]).await;
        assert_eq!(printed.ok().lines().count(), 1_086);
        assert!(printed.err.contains("1086 fdiFlows"), "{}", printed.err);
    }

    async fn a_collection_is_exported_as_a_table(world: &World) {
        let file = world.running().folder().join("countries.csv");
        let path = file.display().to_string();
        let printed = ngkt(&["export", "countries", "--format", "csv", "--output", &path, "--url", &world.url()]).await;
        assert_eq!(printed.ok(), "");
        let mut reader = csv::Reader::from_path(&file).expect("a file");
        assert_eq!(reader.headers().expect("a header").iter().take(2).collect::<Vec<_>>(), ["name", "displayName"]);
        let rows = reader.records().filter(Result::is_ok).count();
        assert_eq!(rows, world.nobody().all("countries", "").await.len());
    }

    async fn an_export_complains_in_one_line(world: &World) {
        let url = world.url();
        assert!(ngkt(&["export", "planets", "--url", &url]).await.complaint().contains("countries"));
        assert!(ngkt(&["export", "engagements", "--url", &url]).await.complaint().contains("401"));
        assert!(ngkt(&["export", "countries", "--filter", "colour=red", "--url", &url]).await.complaint().contains("colour"));
        assert!(ngkt(&["export", "countries", "--url", "http://127.0.0.1:1"]).await.complaint().contains("127.0.0.1:1"));
        assert!(ngkt(&["export", "countries", "--url", "nowhere"]).await.complaint().contains("--url nowhere"));
    }
}
