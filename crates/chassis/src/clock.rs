//! The only source of the time. Tests move it; nobody else notices.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset, NaiveDate, SubsecRound, TimeDelta, Utc};

/// How often the file of a test clock is read at most.
const REREAD: Duration = Duration::from_millis(20);

/// The longest uninterrupted sleep: the real time may be set, and machines may be suspended.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Viet Nam has had one time zone without summer time since 1975.
const VIET_NAM_SECONDS_EAST: i32 = 7 * 3600;

/// Tells the time. Cheap to clone; all clones tell the same.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System,
    File(Arc<OffsetFile>),
    Manual(Arc<AtomicI64>),
}

#[derive(Debug)]
struct OffsetFile {
    path: PathBuf,
    offset_micros: AtomicI64,
    begin: Instant,
    /// Milliseconds after `begin` at which the file was last read, plus one; 0 is never.
    read_at: AtomicU64,
}

impl Clock {
    /// The real time.
    pub fn system() -> Clock {
        Clock(Kind::System)
    }

    /// The real time plus the seconds that stand in the file (0 while there is none). The file is read again every
    /// 20 ms at most, so one file moves the clocks of many processes.
    pub fn from_file(path: impl AsRef<Path>) -> Clock {
        Clock(Kind::File(Arc::new(OffsetFile {
            path: path.as_ref().to_owned(),
            offset_micros: AtomicI64::new(0),
            begin: Instant::now(),
            read_at: AtomicU64::new(0),
        })))
    }

    /// A clock that stands, at the real time of now, until it is advanced.
    pub fn manual() -> Clock {
        Clock(Kind::Manual(Arc::new(AtomicI64::new(real().timestamp_micros()))))
    }

    /// The clock that the settings ask for.
    pub fn of(config: &crate::config::Clock) -> Clock {
        match config.offset_file.as_os_str().is_empty() {
            true => Clock::system(),
            false => Clock::from_file(&config.offset_file),
        }
    }

    /// Moves a manual clock forward. Other clocks cannot be moved by hand.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(micros) = &self.0 {
            micros.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }

    /// The time now, to the microsecond (as exact as the databases keep it).
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::System => real(),
            Kind::File(file) => real() + TimeDelta::microseconds(file.offset()),
            Kind::Manual(micros) => DateTime::from_timestamp_micros(micros.load(Ordering::Relaxed)).unwrap_or_default(),
        }
    }

    /// The day now in Viet Nam.
    pub fn today(&self) -> NaiveDate {
        day(self.now())
    }

    /// Sleeps until this clock tells `at` or later.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        let step = match &self.0 {
            Kind::System => SLEEP_MAX,
            Kind::File(_) | Kind::Manual(_) => REREAD,
        };
        while let Some(wait) = (at - self.now()).to_std().ok().filter(|wait| !wait.is_zero()) {
            tokio::time::sleep(wait.min(step)).await;
        }
    }
}

/// The day of an instant in Viet Nam.
pub fn day(instant: DateTime<Utc>) -> NaiveDate {
    let zone = FixedOffset::east_opt(VIET_NAM_SECONDS_EAST).expect("invariant: seven hours are an offset");
    instant.with_timezone(&zone).date_naive()
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
fn real() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

impl OffsetFile {
    fn offset(&self) -> i64 {
        let now = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1;
        let last = self.read_at.load(Ordering::Relaxed);
        let due = last == 0 || now.saturating_sub(last) >= REREAD.as_millis() as u64;
        if due && self.read_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.read();
        }
        self.offset_micros.load(Ordering::Relaxed)
    }

    /// A file that is missing is no offset; one that is being written (empty, or half a number) keeps the offset.
    fn read(&self) {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => {
                if let Ok(seconds) = text.trim().parse::<i64>() {
                    self.offset_micros.store(seconds.saturating_mul(1_000_000), Ordering::Relaxed);
                }
            }
            Err(_) => self.offset_micros.store(0, Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_turns_at_five_in_the_afternoon_of_utc() {
        for (instant, expected) in
            [("2026-01-31T16:59:59.999999Z", "2026-01-31"), ("2026-01-31T17:00:00Z", "2026-02-01")]
        {
            assert_eq!(day(instant.parse().unwrap()).to_string(), expected, "{instant}");
        }
    }

    #[test]
    fn a_manual_clock_stands_until_it_is_advanced() {
        let clock = Clock::manual();
        let (before, clone) = (clock.now(), clock.clone());
        assert_eq!(clock.now(), before);
        clock.advance(Duration::from_secs(31 * 86_400));
        assert_eq!(clone.now() - before, TimeDelta::days(31));
    }

    #[test]
    fn nothing_finer_than_a_microsecond_is_told() {
        assert_eq!(Clock::system().now().timestamp_subsec_nanos() % 1_000, 0);
    }

    #[tokio::test]
    async fn a_file_moves_all_clocks_that_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clock");
        let (one, two) = (Clock::from_file(&file), Clock::from_file(&file));
        assert!((one.now() - Clock::system().now()).abs() < TimeDelta::seconds(5));
        std::fs::write(&file, "2678400\n").unwrap();
        tokio::time::sleep(REREAD * 3).await;
        for clock in [one, two] {
            let ahead = clock.now() - Clock::system().now();
            assert!((ahead - TimeDelta::days(31)).abs() < TimeDelta::seconds(5), "{ahead}");
        }
    }

    #[tokio::test]
    async fn sleeping_ends_when_the_clock_is_moved() {
        let clock = Clock::manual();
        let sleeper = clock.clone();
        let at = clock.now() + TimeDelta::days(1);
        let sleep = tokio::time::timeout(Duration::from_secs(5), sleeper.sleep_until(at));
        clock.advance(Duration::from_secs(86_400));
        sleep.await.unwrap();
    }
}
