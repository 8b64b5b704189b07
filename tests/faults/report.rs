//! The page that a run leaves.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::check::Finding;
use crate::platform::Platform;
use crate::record::{End, Recorder};
use crate::role::Usage;
use crate::stage::{Act, RECOVERY_GOAL, RECOVERY_MAX, Stage};

/// What a process may hold at the end, and how many descriptors more than in the beginning.
const RESIDENT_MAX_KIB: u64 = 400 * 1024;
/// Pools of connections to the database and to webhooks may be fuller than they were.
const DESCRIPTORS_MORE: usize = 80;

pub struct Report {
    about: String,
    acts: Vec<Act>,
    findings: Vec<Finding>,
    skipped: Vec<String>,
    usages: BTreeMap<String, Vec<(&'static str, Usage)>>,
    total: String,
}

impl Report {
    pub fn new(stage: &Stage) -> Report {
        let options = &stage.options;
        let about = format!(
            "{} rounds; {} clients, 70 % reads, {} ms between; peers by {:?}; {}",
            options.rounds,
            options.clients,
            options.think.as_millis(),
            stage.platform.peers,
            if stage.platform.bed.has_network { "a network namespace for each role" } else { "loopback only" },
        );
        let (acts, findings, skipped) = (Vec::new(), Vec::new(), Vec::new());
        Report { about, acts, findings, skipped, usages: BTreeMap::new(), total: String::new() }
    }

    pub fn skipped(&mut self, fault: &str, why: String) {
        self.skipped.push(format!("{fault}: {why}"));
    }

    pub fn found(&mut self, finding: Finding) {
        eprintln!("{finding}");
        self.findings.push(finding);
    }

    /// Writes down what the processes take.
    pub fn usage(&mut self, when: &'static str, platform: &Platform) {
        for role in platform.roles().iter() {
            self.usages.entry(format!("{} {}", role.name, role.replica)).or_default().push((when, role.usage()));
        }
    }

    pub fn take_acts(&mut self, acts: Vec<Act>, recorder: &Recorder) {
        self.acts = acts;
        let all = recorder.summary(Duration::ZERO, Duration::ZERO, recorder.now());
        let ends: Vec<String> = all.ends.iter().map(|(end, number)| format!("{number} {end:?}")).collect();
        self.total = format!("{:.0} s under load: {}", recorder.now().as_secs_f64(), ends.join(", "));
        let contradictions = recorder.contradictions.lock().expect("no holder panics").clone();
        let what = format!("every read showed what was acknowledged: {} successes", all.count(End::Success));
        let number = contradictions.len();
        let complaints = contradictions.into_iter().take(10).map(|c| format!("1 of {number}: {c}")).collect();
        self.found(Finding { what, complaints });
    }

    /// Nobody panicked.
    pub fn panics(&mut self, platform: &Platform) {
        let complaints: Vec<String> = platform.roles().iter().flat_map(|role| role.panics()).take(5).collect();
        self.found(Finding { what: "no process panicked".to_owned(), complaints });
        let mut complaints = Vec::new();
        for (name, usages) in &self.usages {
            let (Some((_, before)), Some((_, after))) = (usages.first(), usages.last()) else { continue };
            if after.resident_kib > RESIDENT_MAX_KIB {
                complaints.push(format!("{name} holds {} MiB", after.resident_kib / 1024));
            }
            if after.descriptors > before.descriptors + DESCRIPTORS_MORE {
                complaints.push(format!("{name} has {} descriptors, {} before", after.descriptors, before.descriptors));
            }
        }
        let usage: Vec<String> = self.usages.iter().map(|(name, usages)| describe(name, usages)).collect();
        self.found(Finding { what: format!("memory and descriptors: {}", usage.join("; ")), complaints });
    }

    pub fn is_well(&self) -> bool {
        self.acts.iter().all(|act| act.complaints.is_empty()) && !self.has_loss()
    }

    /// Whether something that was promised is not there, apart from how soon and with what answers it went.
    pub fn has_loss(&self) -> bool {
        self.findings.iter().any(|finding| !finding.complaints.is_empty())
    }

    /// For each fault: how often it was played, and the worst figures.
    fn table(&self) -> Vec<String> {
        let mut faults: Vec<&str> = self.acts.iter().map(|act| act.fault).collect();
        faults.dedup();
        faults.sort_by_key(|fault| self.acts.iter().position(|act| act.fault == *fault));
        faults.dedup();
        let of = |fault: &str| self.acts.iter().filter(move |act| act.fault == fault).collect::<Vec<_>>();
        let mut lines = vec![format!(
            "{:<11} {:>6} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "fault", "played", "failed", "first, s", "median", "503", "504", "broken"
        )];
        for fault in faults {
            let acts = of(fault);
            let mut firsts: Vec<Duration> = acts.iter().filter_map(|act| act.summary.first_success).collect();
            firsts.sort_unstable();
            let seconds =
                |first: Option<&Duration>| first.map_or("-".to_owned(), |first| format!("{:.2}", first.as_secs_f64()));
            let sum = |ends: &[End]| {
                acts.iter().map(|act| ends.iter().map(|end| act.summary.count(*end)).sum::<usize>()).sum::<usize>()
            };
            lines.push(format!(
                "{fault:<11} {:>6} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
                acts.len(),
                acts.iter().filter(|act| !act.complaints.is_empty()).count(),
                seconds(firsts.last()),
                seconds(firsts.get(firsts.len() / 2)),
                sum(&[End::Unavailable]),
                sum(&[End::Deadline]),
                sum(&[End::Broken, End::Refused]),
            ));
        }
        lines
    }
}

fn describe(name: &str, usages: &[(&'static str, Usage)]) -> String {
    let told: Vec<String> = usages
        .iter()
        .map(|(when, usage)| {
            format!("{when} {} MiB, {} fd, {} threads", usage.resident_kib / 1024, usage.descriptors, usage.threads)
        })
        .collect();
    format!("{name} {}", told.join(", "))
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", if self.complaints.is_empty() { "ok  " } else { "FAIL" }, self.what)?;
        self.complaints.iter().try_for_each(|complaint| write!(f, "\n      {complaint}"))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n=== faults: {}\n=== {}\n", self.about, self.total)?;
        self.acts.iter().try_for_each(|act| writeln!(f, "{act}"))?;
        writeln!(f)?;
        self.table().iter().try_for_each(|line| writeln!(f, "{line}"))?;
        writeln!(f)?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        self.skipped.iter().try_for_each(|line| writeln!(f, "skipped {line}"))?;
        let firsts = self.acts.iter().filter_map(|act| act.summary.first_success);
        let (slowest, within) =
            (firsts.clone().max().unwrap_or_default(), firsts.filter(|first| *first <= RECOVERY_GOAL).count());
        let failed = self.acts.iter().filter(|act| !act.complaints.is_empty()).count();
        write!(
            f,
            "\n{}: {} of {} acts as they should be; first success after at most {:.2} s (allowed {} s), within {} s in {within}",
            if self.is_well() { "WELL" } else { "NOT WELL" },
            self.acts.len() - failed,
            self.acts.len(),
            slowest.as_secs_f64(),
            RECOVERY_MAX.as_secs(),
            RECOVERY_GOAL.as_secs(),
        )
    }
}
