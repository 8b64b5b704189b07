//! Which build of the program this process runs: said once, by the program itself, and told to operators and telemetry.

use std::sync::OnceLock;

/// One build of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build {
    /// The version, such as `0.1.0`.
    pub version: &'static str,
    /// The commit that it was built from; `unknown` outside of a repository.
    pub commit: &'static str,
    /// What it runs on, such as `x86_64-unknown-linux-gnu`.
    pub target: &'static str,
    /// `debug`, or one that is optimized.
    pub profile: &'static str,
    /// The compiler and its version.
    pub compiler: &'static str,
}

const UNDECLARED: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    commit: "unknown",
    target: "unknown",
    profile: "unknown",
    compiler: "unknown",
};

static BUILD: OnceLock<Build> = OnceLock::new();

/// Says which build this process runs. The first to say so is right.
pub fn declare(build: Build) {
    let _ = BUILD.set(build);
}

/// The build that this process runs.
pub fn get() -> Build {
    BUILD.get().copied().unwrap_or(UNDECLARED)
}
