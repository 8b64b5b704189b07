//! The test clock: all processes of a world read their offset from one file.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// Moves the time of a world.
pub struct Clock {
    file: PathBuf,
    offset: Mutex<Duration>,
}

impl Clock {
    pub fn in_folder(folder: &Path) -> Clock {
        let clock = Clock { file: folder.join("clock-offset"), offset: Mutex::new(Duration::ZERO) };
        clock.write(Duration::ZERO);
        clock
    }

    /// The file that the processes are told to read.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Moves the time of every process forward, and returns when all of them have noticed.
    pub async fn advance(&self, by: Duration) {
        self.set(|offset| *offset += by).await;
    }

    /// Takes back a part of what the time was moved forward.
    pub async fn fall_back(&self, by: Duration) {
        self.set(|offset| *offset -= by).await;
    }

    async fn set(&self, change: impl FnOnce(&mut Duration)) {
        let offset = {
            let mut offset = self.offset.lock().expect("no holder panics");
            change(&mut offset);
            *offset
        };
        self.write(offset);
        // Processes look at the file at most every 20 ms.
        tokio::time::sleep(Duration::from_millis(60)).await;
    }

    /// The instant that the world takes for now.
    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        let offset = *self.offset.lock().expect("no holder panics");
        chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::UNIX_EPOCH) + Self::since_epoch() + offset
    }

    /// The day in Viet Nam, `days` from today.
    pub fn day(&self, days: i64) -> String {
        let viet_nam = chrono::FixedOffset::east_opt(7 * 3600).expect("invariant: seven hours");
        (self.now().with_timezone(&viet_nam) + chrono::Duration::days(days)).format("%Y-%m-%d").to_string()
    }

    fn since_epoch() -> Duration {
        std::time::SystemTime::UNIX_EPOCH.elapsed().expect("invariant: after 1970")
    }

    /// Replaces the file at once, so that nobody reads half a number.
    fn write(&self, offset: Duration) {
        let next = self.file.with_extension("next");
        std::fs::write(&next, offset.as_secs().to_string()).expect("the world's folder can be written");
        std::fs::rename(&next, &self.file).expect("the world's folder can be written");
    }
}

/// So many days.
pub const fn days(number: u64) -> Duration {
    Duration::from_secs(number * 24 * 3600)
}
