//! The services that run elsewhere, and the collector: whether they answer, which version they are, what time they have.

use std::time::Duration;

use chassis::channel::Peer;
use chassis::clock::Clock;
use chassis::config::{Address, Config};
use chassis::tls::{Certificate, Tls};
use futures::future::join_all;

use super::finding::Finding;
use crate::build::BUILD;
use crate::platform::SERVICES;

/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Clocks that differ by so much, in seconds, make tokens expire too early and order by time wrong. Peers tell theirs to
/// the second.
pub const CLOCK_BOUNDS: [f64; 2] = [3.0, 30.0];
/// What to do then.
pub const CLOCK_REMEDY: &str = "have both machines keep their time by NTP, such as chrony or systemd-timesyncd";

/// Looks at each service that has a url, and at the collector.
pub async fn look(config: &Config) -> Vec<Finding> {
    // What is wrong with the certificates is another check's to tell.
    let certificate = Tls::open(config).ok().and_then(|tls| tls.roles().cloned());
    let mut looks = Vec::new();
    let mut findings = Vec::new();
    for (name, url) in
        SERVICES.iter().filter_map(|service| config.service(service.name).map(|it| (service.name, &it.url)))
    {
        match Address::list(url) {
            Ok(addresses) => looks.extend(addresses.into_iter().map(|address| one(name, address, certificate.clone()))),
            Err(why) => {
                let todo = format!("put {name}.url right");
                findings.push(Finding::problem(format!("peer {name}"), format!("{name}.url: {why}"), todo));
            }
        }
    }
    findings.extend(join_all(looks).await.into_iter().flatten());
    findings.push(collector(&config.telemetry.otlp_endpoint).await);
    findings
}

async fn one(name: &str, address: Address, certificate: Option<Certificate>) -> Vec<Finding> {
    let check = format!("peer {name}");
    let url = address.to_string();
    let certificate = certificate.filter(|_| address.tls);
    let unreachable = |cause: String| {
        let todo = format!("begin `ngkt serve {name}`, or put {name}.url right; between them must be no firewall");
        vec![Finding::problem(&check, format!("{url} does not answer: {cause}"), todo)]
    };
    let seen = match tokio::time::timeout(PATIENCE, Peer::look(name, address, certificate)).await {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => return unreachable(error.cause().map_or_else(|| error.to_string(), ToString::to_string)),
        Err(_) => return unreachable(format!("nothing within {} s", PATIENCE.as_secs())),
    };
    let what = format!("{url} answers, version {}", seen.version);
    let mut findings = vec![match (seen.ready, seen.version == BUILD.version) {
        (false, _) => {
            let todo = format!("look at its log and at the database of {name}; it may also be starting or stopping");
            Finding::problem(&check, format!("{what}, and is not ready"), todo)
        }
        (true, false) => {
            let what = format!("{what}, and this program is {}", BUILD.version);
            Finding::warning(&check, what, "finish the upgrade: all roles are to be of one version in the end")
        }
        (true, true) => Finding::ok(&check, what),
    }];
    if let Some(time) = seen.time {
        let ahead = (time - Clock::system().now()).as_seconds_f64() + 0.5;
        let what = format!("within {:.0} s of ours", ahead.abs().ceil());
        findings.push(Finding::of_size(format!("clock of {name}"), ahead.abs(), CLOCK_BOUNDS, what, CLOCK_REMEDY));
    }
    findings
}

async fn collector(endpoint: &str) -> Finding {
    let check = "telemetry";
    if endpoint.is_empty() {
        let todo = "set telemetry.otlp_endpoint to a collector's address, or nobody is told when something is wrong";
        return Finding::warning(check, "no traces or metrics are sent", todo);
    }
    let address = reqwest::Url::parse(endpoint).ok().and_then(|url| {
        Some((url.host_str()?.trim_matches(['[', ']']).to_owned(), url.port_or_known_default().unwrap_or(4317)))
    });
    let Some(address) = address else {
        let todo = "put telemetry.otlp_endpoint right, such as http://collector:4317";
        return Finding::problem(check, format!("{endpoint} is no address"), todo);
    };
    match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await {
        Ok(Ok(_)) => Finding::ok(check, format!("{endpoint} takes connections")),
        Ok(Err(cause)) => down(check, endpoint, &cause.to_string()),
        Err(_) => down(check, endpoint, "no answer in time"),
    }
}

fn down(check: &str, endpoint: &str, cause: &str) -> Finding {
    Finding::warning(
        check,
        format!("{endpoint} cannot be reached: {cause}"),
        "begin the collector, or put the address right",
    )
}
