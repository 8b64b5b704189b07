//! The folder of data and the disk that it is on.

use std::path::Path;

use chassis::config::Config;
use store::{Service, survey};

use super::finding::Finding;
use crate::platform::SERVICES;

const GIB: f64 = (1_u64 << 30) as f64;

/// Less room than this, in bytes, is soon too little, or too little.
const ROOM_WARNING: f64 = 2.0 * GIB;
const ROOM_PROBLEM: f64 = 0.25 * GIB;

/// Looks at the folder of data.
pub fn look(config: &Config) -> Vec<Finding> {
    let folder = &config.data_dir;
    let check = "data folder";
    if !is_used(config) {
        return vec![Finding::ok(
            check,
            "is not used: all databases are on PostgreSQL, and the keys have a folder of their own",
        )];
    }
    if !folder.exists() {
        let what = format!("{} is not there yet", folder.display());
        return vec![Finding::warning(check, what, "nothing if this is new: it is made at the first start")];
    }
    vec![writable(check, folder), room(folder)]
}

/// Whether a database, or the keys, may lie in the folder. What cannot be told counts as such.
fn is_used(config: &Config) -> bool {
    let in_file = |service: &&Service| survey::file(config, service).map_or(true, |file| file.is_some());
    config.key_dir().starts_with(&config.data_dir) || SERVICES.iter().any(in_file)
}

fn writable(check: &str, folder: &Path) -> Finding {
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => Finding::ok(check, format!("{} can be written", folder.display())),
        Err(cause) => {
            let todo = "give it to the user that runs the platform, and mount it for writing";
            Finding::problem(check, format!("{} cannot be written: {cause}", folder.display()), todo)
        }
    }
}

fn room(folder: &Path) -> Finding {
    let check = "disk";
    let disk = match rustix::fs::statvfs(folder) {
        Ok(disk) => disk,
        Err(cause) => {
            return Finding::warning(check, format!("it does not say how full it is: {cause}"), "look by hand");
        }
    };
    let free = disk.f_bavail as f64 * disk.f_frsize as f64;
    let all = (disk.f_blocks as f64 * disk.f_frsize as f64).max(1.0);
    let what = format!("{:.1} GiB are free under {} ({:.0} %)", free / GIB, folder.display(), free / all * 100.0);
    let todo = "make room or enlarge the disk: when it is full nothing can be written, and nothing is lost";
    // Of what is free, more is better.
    Finding::of_size(check, -free, [-ROOM_WARNING, -ROOM_PROBLEM], what, todo)
}
