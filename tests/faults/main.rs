//! Plays faults on the platform under load, and checks that nothing that was promised is lost. `tests/faults/run` builds
//! it, runs it and cleans up; README.md beside it says what each fault is and how to read the report.

// It stands outside the platform as the suite does.
#![allow(clippy::disallowed_methods, missing_docs)]

mod actor;
mod balance;
mod bed;
mod check;
mod fault;
mod kind;
mod load;
mod platform;
mod postgres;
mod record;
mod report;
mod role;
mod sink;
mod stage;
mod told;
mod volume;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor::Actor;
use bed::Bed;
use fault::FAULTS;
use kind::PROVINCES;
use load::Load;
use platform::{Platform, SERVICES};
use record::Recorder;
use report::Report;
use sink::Sink;
use stage::Stage;
use told::Told;
use watch::Watcher;

/// The file that says to `run` that nothing was lost, however soon it was there again.
const KEPT: &str = "kept";

/// Watchers of each service.
const WATCHERS: usize = 5;
/// How long the load runs before the first fault, and is away after the last.
const WARM: Duration = Duration::from_secs(8);
const QUIET: Duration = Duration::from_secs(6);

fn main() -> ExitCode {
    let told = match Told::read() {
        Ok(told) => told,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let bed = Arc::new(Bed::prepare(told.folder.clone(), told.binary.clone()));
    let begun = runtime.block_on(begin(bed.clone(), &told));
    let report = match begun {
        Ok((stage, watchers, sinks, cursors)) => {
            let report = runtime.block_on(play(stage, watchers, sinks, cursors, &told));
            runtime.shutdown_timeout(Duration::from_secs(2));
            report
        }
        Err(why) => {
            eprintln!("nothing was played: {why}");
            return ExitCode::FAILURE;
        }
    };
    drop(bed);
    println!("{report}");
    if !report.has_loss() && std::fs::write(told.folder.join(KEPT), "").is_err() {
        eprintln!("{KEPT} cannot be written");
    }
    if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

type Begun = (Stage, Vec<Watcher>, Vec<Sink>, Vec<String>);

/// Brings everything up, with the load running.
async fn begin(bed: Arc<Bed>, told: &Told) -> Result<Begun, String> {
    let platform = Platform::start(bed, told.peers).await?;
    let auditor = Actor::new(&platform, "agencies/g08", "auditor", 0);
    let mut cursors = Vec::new();
    for service in 0..SERVICES.len() {
        cursors.push(watch::head(&auditor, service).await);
    }
    let mut watchers = Vec::new();
    for (service, cursor) in cursors.iter().enumerate() {
        for number in 0..WATCHERS {
            let actor = Actor::new(&platform, "agencies/g08", "auditor", number);
            watchers.push(Watcher::start(actor, service, cursor.clone()));
        }
    }
    let mut sinks = Vec::new();
    for (number, province) in PROVINCES.iter().enumerate() {
        let owner = Actor::new(&platform, province, "locality-officer", number);
        sinks.push(Sink::start(platform.bed.here(), owner).await);
    }
    // A subscription tells of what happens once it is known to those who match.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (recorder, options) = (Arc::new(Recorder::new()), told.options.clone());
    let load = Load::start(&platform, &recorder, "c", options.clients, options.think);
    let (acts, ledgers) = (Mutex::default(), Mutex::default());
    let stage = Stage { platform, recorder, load, auditor, options, acts, ledgers };
    Ok((stage, watchers, sinks, cursors))
}

/// Plays the faults, then ends the load and checks everything.
async fn play(stage: Stage, watchers: Vec<Watcher>, sinks: Vec<Sink>, cursors: Vec<String>, told: &Told) -> Report {
    tokio::time::sleep(WARM).await;
    let mut report = Report::new(&stage);
    report.usage("before", &stage.platform);
    for round in 0..stage.options.rounds {
        for fault in FAULTS.iter().filter(|fault| told.wants(fault.name)) {
            if told.is_late(stage.recorder.now()) {
                report.skipped(fault.name, format!("in round {}: no time was left", round + 1));
                continue;
            }
            eprintln!("--- round {}: {}: {}", round + 1, fault.name, fault.about);
            if let Err(why) = (fault.play)(&stage, round).await {
                eprintln!("skipped {}: {why}", fault.name);
                report.skipped(fault.name, why);
            }
        }
    }
    eprintln!("--- the load ends, and everything is compared");
    let Stage { platform, recorder, load, auditor, acts, ledgers, .. } = stage;
    let mut entries = load.finish().await;
    entries.extend(ledgers.into_inner().expect("no holder panics"));
    report.take_acts(acts.into_inner().expect("no holder panics"), &recorder);
    tokio::time::sleep(QUIET).await;
    report.usage("after", &platform);
    let logs = check::logs(&auditor, &cursors).await;
    report.found(check::ledgers(&entries, &logs));
    report.found(check::database(&platform, &entries));
    report.found(check::watchers(&watchers, &logs).await);
    for finding in check::sinks(&sinks, &logs[2]).await {
        report.found(finding);
    }
    report.found(check::audit(&platform));
    report.panics(&platform);
    report
}

/// What the command line says.
fn usage() -> String {
    let faults: Vec<String> = FAULTS.iter().map(|fault| format!("  {:<10} {}", fault.name, fault.about)).collect();
    format!(
        "run [--rounds N] [--clients N] [--think MS] [--watchers N] [--hostile N] [--minutes N] [--peers balancer|list] [--binary FILE] [NAME…]\n\n{}",
        faults.join("\n")
    )
}

/// A folder for a run that nobody told one.
fn some_folder() -> PathBuf {
    tempfile::Builder::new().prefix("ngkt-faults-").tempdir().expect("a temporary folder").keep()
}
