//! Whatever the suite started or wrote outside its own process goes away with it, however it ends.
//!
//! libtest has no teardown and worlds that tests share are never dropped. So a shell waits on a pipe that only this
//! process holds open: when the pipe closes, the shell kills and removes what it was told of.

use std::io::Write;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{LazyLock, Mutex};

const SCRIPT: &str = r#"
while read -r what which; do
  case "$what" in
    kill) pids="$pids $which" ;;
    gone) kept=; for pid in $pids; do [ "$pid" = "$which" ] || kept="$kept $pid"; done; pids=$kept ;;
    remove) folders="$folders $which" ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
sleep 0.2
rm -rf $folders
"#;

#[allow(clippy::zombie_processes, reason = "it outlives this process, that is its purpose")]
static KEEPER: LazyLock<Mutex<ChildStdin>> = LazyLock::new(|| {
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell starts");
    Mutex::new(shell.stdin.take().expect("invariant: its input is piped"))
});

/// Kill this process at the end, unless it is [`gone`] before.
pub fn kill_at_end(pid: u32) {
    tell(&format!("kill {pid}"));
}

/// This process has ended; its number may soon belong to another.
pub fn gone(pid: u32) {
    tell(&format!("gone {pid}"));
}

/// Remove this folder at the end. Its path has no blanks.
pub fn remove_at_end(folder: &Path) {
    tell(&format!("remove {}", folder.display()));
}

fn tell(line: &str) {
    let mut keeper = KEEPER.lock().expect("no holder panics");
    writeln!(keeper, "{line}").expect("the shell listens until we end");
}
