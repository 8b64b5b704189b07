//! An operator's shell: runs the platform's commands as processes.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use super::World;

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Printed {
    pub success: bool,
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Printed {
    /// What was printed; fails if the command did.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert!(self.success, "{self:?}");
        &self.out
    }

    /// The complaint; fails if the command did not, or told more than an operator needs.
    #[track_caller]
    pub fn complaint(&self) -> &str {
        assert!(!self.success, "{self:?}");
        assert!(self.err.starts_with("ngkt: ") || self.err.starts_with("error: "), "{self:?}");
        assert!(!self.err.contains("panicked") && !self.err.contains(".rs:"), "{self:?}");
        &self.err
    }
}

/// Runs a command of the platform's binary to its end.
pub async fn ngkt(arguments: &[&str]) -> Printed {
    ngkt_with(&[], arguments).await
}

/// The same with these settings in the environment.
pub async fn ngkt_with(environment: &[(String, PathBuf)], arguments: &[&str]) -> Printed {
    let output = Command::new(env!("CARGO_BIN_EXE_platform"))
        .args(arguments)
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("commands print UTF-8");
    Printed {
        success: output.status.success(),
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

impl World {
    /// Where this platform is, for `--url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The settings that `--config` needs to find this platform's databases.
    pub fn config_file(&self) -> String {
        let path = self.running().folder().join("commands.toml");
        std::fs::write(&path, self.running().config_text()).expect("the world's folder can be written");
        path.display().to_string()
    }
}
