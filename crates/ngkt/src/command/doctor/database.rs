//! The databases: whether they are there and of this version's form, and what waits in them.

use chassis::clock::Clock;
use chassis::config::Config;
use chrono::{DateTime, Utc};
use store::Service;
use store::survey::{self, Content, Survey};

use super::finding::Finding;
use super::peer::{CLOCK_BOUNDS, CLOCK_REMEDY};
use crate::platform::SERVICES;

/// From how many seconds, or entries, on something is late, and too late.
const DUE: [f64; 2] = [60.0, 600.0];
const UNSEEN: [f64; 2] = [10.0, 60.0];
const UNSEALED: [f64; 2] = [15.0, 120.0];
const BEHIND: [f64; 2] = [100.0, 10_000.0];

/// Looks at the database of each service that these settings lead to.
pub async fn look(config: &Config) -> Vec<Finding> {
    let (mut findings, mut contents) = (Vec::new(), Vec::new());
    let now = Clock::of(&config.clock).now();
    for service in SERVICES {
        match missing(config, service) {
            Some(finding) => findings.push(finding),
            None => match survey::survey(config, service, now).await {
                Ok(survey) => {
                    findings.extend(of_database(service, &survey));
                    contents.extend(survey.content.map(|content| (service.name, content)));
                }
                Err(error) => findings.push(away(service, &error)),
            },
        }
    }
    for (name, content) in &contents {
        findings.extend(of_content(name, content, now));
        findings.extend(of_consumers(name, content, &contents));
    }
    findings
}

fn check(name: &str) -> String {
    format!("database of {name}")
}

fn missing(config: &Config, service: &Service) -> Option<Finding> {
    let name = service.name;
    match survey::is_missing(config, service) {
        Ok(false) => None,
        Ok(true) if config.service(name).is_some_and(|it| !it.url.is_empty()) => {
            Some(Finding::ok(check(name), "is not kept here: the service runs elsewhere"))
        }
        Ok(true) => {
            let todo = "nothing if this is new: it is made at the first start; else put data_dir right";
            Some(Finding::warning(check(name), format!("is not there yet under {}", config.data_dir.display()), todo))
        }
        Err(error) => Some(away(service, &error)),
    }
}

fn away(service: &Service, error: &chassis::Error) -> Finding {
    let name = service.name;
    let cause = error.cause().map_or_else(|| error.to_string(), ToString::to_string);
    let todo = format!("begin the database server, or put {name}.database.url right: host, name, user and password");
    Finding::problem(check(name), format!("cannot be opened: {cause}"), todo)
}

fn of_database(service: &Service, survey: &Survey) -> Vec<Finding> {
    let name = service.name;
    let mut findings = vec![match (&survey.pending[..], &survey.unknown[..]) {
        ([], []) => Finding::ok(check(name), "is of this version's form"),
        ([], [one, ..]) => {
            let what = format!("was brought to a newer form ({one})");
            Finding::warning(check(name), what, "finish the upgrade: this program is older than its database")
        }
        ([first, ..], _) => {
            let what = format!("is {} migrations behind, {first} first", survey.pending.len());
            Finding::warning(check(name), what, "run `ngkt migrate`, or begin the service, which does the same")
        }
    }];
    if let Some(ahead) = survey.clock_ahead {
        let check = format!("clock of the database server of {name}");
        let what = format!("within {:.1} s of ours", ahead.abs());
        findings.push(Finding::of_size(check, ahead.abs(), CLOCK_BOUNDS, what, CLOCK_REMEDY));
    }
    findings
}

fn of_content(name: &str, content: &Content, now: DateTime<Utc>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let dead: Vec<&str> = content.queues.iter().filter(|it| it.dead > 0).map(|it| it.name.as_str()).collect();
    let late =
        content.queues.iter().filter(|queue| queue.due > 0).max_by_key(|queue| queue.oldest_due.map(|at| now - at));
    let age = late.and_then(|queue| queue.oldest_due).map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
    let due: i64 = content.queues.iter().map(|queue| queue.due).sum();
    let queues = format!("queues of {name}");
    findings.push(match dead.is_empty() {
        false => {
            let number: i64 = content.queues.iter().map(|queue| queue.dead).sum();
            let what = format!("{number} jobs were given up in {}", dead.join(", "));
            let todo =
                "see NgktJobsDead in deploy/runbook.md: SELECT queue, key, reason FROM job WHERE dead_at IS NOT NULL";
            Finding::warning(&queues, what, todo)
        }
        true => Finding::ok(&queues, "no job was given up"),
    });
    let what = format!("{due} jobs are due, the oldest for {age:.0} s");
    let todo = format!("see that {name} runs, and look at its log");
    findings.push(Finding::of_size(&queues, age, DUE, what, todo));
    let what = format!("readers are {:.0} s behind the last entry", content.unseen_age);
    let todo = "end the oldest transaction on the database server: see NgktFeedLag in deploy/runbook.md";
    findings.push(Finding::of_size(format!("change log of {name}"), content.unseen_age, UNSEEN, what, todo));
    let what = match content.unsealed_age {
        0.0 => "everything is sealed".to_owned(),
        age => format!("the oldest entry without a seal is {age:.0} s old"),
    };
    let todo = format!("see that {name} runs and can write: it seals; then run `ngkt audit verify`");
    findings.push(Finding::of_size(format!("audit trail of {name}"), content.unsealed_age, UNSEALED, what, todo));
    findings
}

/// How far its consumers are behind the logs of the others, as far as those can be seen from here.
fn of_consumers(name: &str, content: &Content, all: &[(&str, Content)]) -> Vec<Finding> {
    let one = |position: &store::look::Position| {
        let check = format!("consumer {} of {name}", position.consumer);
        match all.iter().find(|(_, other)| other.log == position.log) {
            Some((peer, other)) => {
                let behind = (other.head - position.sequence).max(0);
                let what = format!("is {behind} entries behind the change log of {peer}");
                let todo = format!("see that {name} and {peer} run: NgktConsumerBehind in deploy/runbook.md");
                Some(Finding::of_size(check, behind as f64, BEHIND, what, todo))
            }
            None if all.len() == SERVICES.len() => {
                let what = "follows a change log that none of these databases has";
                let todo = "nothing if a database was restored: it will begin anew; else two installations are mixed";
                Some(Finding::warning(check, what, todo))
            }
            None => None,
        }
    };
    content.positions.iter().filter_map(one).collect()
}
