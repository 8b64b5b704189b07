//! A process stands still for longer than its leases last, and goes on as if nothing had been.

use std::time::Duration;

use super::Played;
use crate::platform::{REPLICAS, SERVICES};
use crate::stage::{Allowed, Stage};

pub async fn play(stage: &Stage, round: usize) -> Played {
    let replica = Some(round % REPLICAS);
    let signal =
        |name: &str| SERVICES.iter().for_each(|role| stage.platform.with(role, replica, |role| role.signal(name)));
    let break_it = async || {
        signal("STOP");
        Ok(())
    };
    let heal = async || {
        signal("CONT");
        Ok(())
    };
    let what = "one replica of each service, 30 s";
    stage.act("freeze", what, Allowed::LATE, break_it, Duration::from_secs(30), heal).await;
    Ok(())
}
