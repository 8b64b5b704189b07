//! What the process takes of the machine, as Linux tells it; elsewhere only how long it runs and which build it is.

use std::path::Path;
use std::time::Instant;

use super::{catalogue, metric};
use crate::build;

/// Where the kernel tells of this process, and of the bounds of its container.
const STATUS: &str = "/proc/self/status";
const DESCRIPTORS: &str = "/proc/self/fd";
const LIMITS: &str = "/proc/self/limits";
const MEMORY_MAX: &str = "/sys/fs/cgroup/memory.max";

/// Tells of this process whenever metrics are sent.
pub(super) fn observe() {
    if !metric::on() {
        return;
    }
    let begin = Instant::now();
    catalogue::UPTIME.observe(move |sight| sight.tell(begin.elapsed().as_secs_f64(), []));
    let build = build::get();
    catalogue::BUILD.observe(move |sight| {
        sight.tell(1.0, [build.version.into(), build.commit.into(), build.target.into(), build.profile.into()]);
    });
    for (metric, read) in [
        (&catalogue::MEMORY, resident as fn() -> Option<f64>),
        (&catalogue::MEMORY_MAX, memory_max),
        (&catalogue::DESCRIPTORS, descriptors),
        (&catalogue::DESCRIPTORS_MAX, descriptors_max),
    ] {
        metric.observe(move |sight| {
            if let Some(value) = read() {
                sight.tell(value, []);
            }
        });
    }
}

fn resident() -> Option<f64> {
    let kibibytes = number_after(&std::fs::read_to_string(STATUS).ok()?, "VmRSS:")?;
    Some(kibibytes * 1024.0)
}

/// None where there is no bound: the file then says `max`.
fn memory_max() -> Option<f64> {
    std::fs::read_to_string(Path::new(MEMORY_MAX)).ok()?.trim().parse().ok()
}

fn descriptors() -> Option<f64> {
    Some(std::fs::read_dir(DESCRIPTORS).ok()?.count() as f64)
}

fn descriptors_max() -> Option<f64> {
    number_after(&std::fs::read_to_string(LIMITS).ok()?, "Max open files")
}

/// The first number in the line that begins with `key`.
fn number_after(text: &str, key: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_read_as_they_are_written() {
        assert_eq!(number_after("VmPeak:\t 9 kB\nVmRSS:\t   20480 kB\n", "VmRSS:"), Some(20_480.0));
        assert_eq!(
            number_after("Max open files            1024                 524288      files\n", "Max open files"),
            Some(1024.0)
        );
        assert_eq!(number_after("Max open files            unlimited\n", "Max open files"), None);
    }
}
