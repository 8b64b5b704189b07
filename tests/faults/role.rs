//! One process of one role.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::bed::{Bed, told};

pub struct Role {
    pub name: &'static str,
    pub replica: usize,
    pub address: SocketAddr,
    child: Option<Child>,
    log: PathBuf,
}

/// What a process takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub resident_kib: u64,
    pub descriptors: usize,
    pub threads: u64,
}

impl Role {
    pub fn new(bed: &Bed, name: &'static str, replica: usize, address: SocketAddr) -> Role {
        let log = bed.folder.join(format!("{name}-{replica}.log"));
        Role { name, replica, address, child: None, log }
    }

    pub fn begin(&mut self, bed: &Bed, config: &Path) {
        let log = std::fs::File::options().create(true).append(true).open(&self.log);
        let mut command = bed.command(self.name, None, Path::new(&bed.binary));
        command.args(["serve", self.name, "--listen", &self.address.to_string(), "--config"]).arg(config);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.expect("a log can be written"));
        self.child = Some(command.spawn().expect("a role starts"));
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends it a signal, such as STOP.
    pub fn signal(&self, name: &str) {
        let _ = told("kill", &[&format!("-{name}"), &self.pid().to_string()]);
    }

    /// Asks it to stop in good order, and waits until it has; gives how it ended, or nothing if it had to be killed.
    pub async fn terminate(&mut self, time: Duration) -> Option<ExitStatus> {
        self.signal("TERM");
        let begin = Instant::now();
        while begin.elapsed() < time {
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
                self.child = None;
                return Some(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kill();
        None
    }

    /// Whether it runs, though nobody ended it.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    pub fn usage(&self) -> Usage {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", self.pid())).map_or(0, Iterator::count);
        Usage { resident_kib: number("VmRSS:"), descriptors, threads: number("Threads:") }
    }

    /// Lines of its log that tell of a panic.
    pub fn panics(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| line.contains("panicked")).map(str::to_owned).collect()
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.kill();
    }
}
