//! What `ngkt version` and telemetry say of the build: the commit, if it is known, and what the compiler made it for.

use std::path::Path;
use std::process::Command;

fn main() {
    // Where the sources are not in a repository, as in a container's build, the commit is handed in.
    println!("cargo::rerun-if-env-changed=NGKT_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let commit = setting("NGKT_COMMIT").filter(|commit| is_hash(commit)).or_else(head).unwrap_or("unknown".to_owned());
    let compiler = setting("RUSTC").and_then(|rustc| said(Command::new(rustc).arg("--version")));
    for (name, value) in [
        ("NGKT_BUILD_COMMIT", commit),
        ("NGKT_BUILD_TARGET", setting("TARGET").unwrap_or_default()),
        ("NGKT_BUILD_PROFILE", profile()),
        ("NGKT_BUILD_COMPILER", compiler.unwrap_or("unknown".to_owned())),
    ] {
        println!("cargo::rustc-env={name}={value}");
    }
}

/// The commit that is checked out; none where git or the repository is missing. Asked again when another is.
fn head() -> Option<String> {
    let commit = git(&["rev-parse", "HEAD"])?;
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]).unwrap_or_default();
    for name in ["HEAD", "packed-refs", branch.as_str()].into_iter().filter(|name| !name.is_empty()) {
        // A file that is not there would have this run, and all that follows built, each time.
        if let Some(path) = git(&["rev-parse", "--git-path", name]).filter(|path| Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    Some(commit).filter(|commit| is_hash(commit))
}

fn git(arguments: &[&str]) -> Option<String> {
    said(Command::new("git").args(arguments))
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn is_hash(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The profile by its own name: cargo says only which of its two it inherits from, but the folder has the name.
fn profile() -> String {
    let out = setting("OUT_DIR").unwrap_or_default();
    let folder = Path::new(&out).ancestors().nth(3).and_then(Path::file_name).and_then(|name| name.to_str());
    folder.map(str::to_owned).or_else(|| setting("PROFILE")).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "a build script has its settings from cargo")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
