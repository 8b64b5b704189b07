//! The network between two places.

use std::time::Duration;

use super::Played;
use crate::platform::Peers;
use crate::stage::{Allowed, Stage};

/// A way between two places, as the packet filter of one of them sees it.
struct Way {
    what: &'static str,
    place: &'static str,
    /// What leaves the place and what comes in on this way.
    leaves: &'static str,
    comes: &'static str,
}

/// Between gateway and services is everything of the gateway's but its own port, which clients use.
const WAYS: [Way; 2] = [
    Way {
        what: "gateway and services",
        place: "gateway",
        leaves: "OUTPUT -p tcp ! --sport 7100:7101",
        comes: "INPUT -p tcp ! --dport 7100:7101",
    },
    Way {
        what: "services and PostgreSQL",
        place: "postgres",
        leaves: "OUTPUT -p tcp --sport 5432",
        comes: "INPUT -p tcp --dport 5432",
    },
];

fn rules(way: &Way, leaves: bool, comes: bool, action: &str) -> Vec<String> {
    let chosen = [(leaves, way.leaves), (comes, way.comes)].into_iter().filter(|(wanted, _)| *wanted);
    chosen.map(|(_, rule)| format!("-A {rule} {action}")).collect()
}

fn network(stage: &Stage) -> Played {
    match stage.platform.bed.has_network {
        true => Ok(()),
        false => Err("network namespaces need root, ip and iptables".to_owned()),
    }
}

async fn filtered(stage: &Stage, fault: &'static str, what: String, way: &Way, rules: Vec<String>, hold: Duration) {
    let bed = &stage.platform.bed;
    let break_it = async || {
        rules.iter().for_each(|rule| bed.filter(way.place, rule));
        Ok(())
    };
    let heal = async || {
        bed.clear_filter(way.place);
        Ok(())
    };
    stage.act(fault, what, Allowed::LATE, break_it, hold, heal).await;
}

pub async fn cut(stage: &Stage, round: usize) -> Played {
    network(stage)?;
    // A minute in one round of four.
    let long: &[u64] = if round % 4 == 3 { &[1, 5, 60] } else { &[1, 5] };
    for way in &WAYS {
        for seconds in long {
            let what = format!("{}, {seconds} s", way.what);
            filtered(stage, "cut", what, way, rules(way, true, true, "-j DROP"), Duration::from_secs(*seconds)).await;
        }
        let what = format!("{}, one way, 5 s", way.what);
        filtered(stage, "cut", what, way, rules(way, false, true, "-j DROP"), Duration::from_secs(5)).await;
    }
    Ok(())
}

pub async fn loss(stage: &Stage, _round: usize) -> Played {
    network(stage)?;
    for way in &WAYS {
        let action = "-m statistic --mode random --probability 0.05 -j DROP";
        let what = format!("{}, 5 %, 6 s", way.what);
        filtered(stage, "loss", what, way, rules(way, true, true, action), Duration::from_secs(6)).await;
    }
    Ok(())
}

/// Not by the kernel's netem, which few kernels of containers and small machines have: by the balancer in between.
pub async fn delay(stage: &Stage, _round: usize) -> Played {
    if stage.platform.peers != Peers::Balancer {
        return Err("the replicas are reached without this suite's balancer".to_owned());
    }
    let set = |time| stage.platform.balancers.iter().for_each(|balancer| balancer.delay(time));
    let break_it = async || {
        set(Duration::from_millis(100));
        Ok(())
    };
    let heal = async || {
        set(Duration::ZERO);
        Ok(())
    };
    let hold = Duration::from_secs(6);
    stage.act("delay", "gateway and services, 200 ms a round", Allowed::NOTHING, break_it, hold, heal).await;
    Ok(())
}
