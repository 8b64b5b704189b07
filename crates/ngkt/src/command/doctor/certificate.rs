//! The certificates that this process shows.

use chassis::Clock;
use chassis::config::Config;
use chassis::tls::{Certificate, Tls, WARNING_DAYS};

use super::finding::Finding;

/// Looks at each; there is nothing to see without TLS.
pub fn look(config: &Config) -> Vec<Finding> {
    match Tls::open(config) {
        Ok(tls) => [tls.roles(), tls.gateway()].into_iter().flatten().map(one).collect(),
        Err(error) => {
            let what = error.cause().map_or_else(|| error.to_string(), ToString::to_string);
            vec![Finding::problem("certificates", what, "put the file right, or make new ones: `ngkt certificates`")]
        }
    }
}

fn one(certificate: &Certificate) -> Finding {
    let check = format!("certificate {}", certificate.section());
    let todo = "put a new one in its place (runbook, Rotate certificates); it is taken without a restart";
    match certificate.remaining(&Clock::system()).div_euclid(24 * 60 * 60) {
        days @ WARNING_DAYS.. => Finding::ok(check, format!("good for {days} more days")),
        days @ 0.. => Finding::warning(check, format!("good for {days} more days only"), todo),
        _ => Finding::problem(check, "has expired: nobody can connect", todo),
    }
}
