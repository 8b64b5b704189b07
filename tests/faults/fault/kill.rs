//! Processes that end without warning.

use std::time::Duration;

use super::Played;
use crate::platform::ROLES;
use crate::stage::{Allowed, Stage};

/// How long a supervisor takes to start a process again.
const SUPERVISOR: Duration = Duration::from_millis(200);

pub async fn play(stage: &Stage, round: usize) -> Played {
    for role in ROLES {
        let allowed = if role == "gateway" { Allowed::BROKEN } else { Allowed::UNAVAILABLE };
        let one = round % crate::platform::REPLICAS;
        for (what, replica) in [(format!("{role} {one}"), Some(one)), (format!("{role}, both"), None)] {
            let break_it = async || {
                stage.platform.with(role, replica, |role| role.kill());
                Ok(())
            };
            let heal = async || {
                stage.platform.begin(role, replica);
                Ok(())
            };
            stage.act("kill", what, allowed, break_it, SUPERVISOR, heal).await;
        }
    }
    Ok(())
}
