//! The clock is wrong, for all processes together.

use std::time::Duration;

use super::Played;
use crate::stage::{Allowed, Stage};

const HOUR: i64 = 3600;

pub async fn play(stage: &Stage, _round: usize) -> Played {
    for (what, seconds) in [("an hour ahead, 5 s, and back", HOUR), ("an hour behind, 5 s, and on", -HOUR)] {
        let break_it = async || {
            stage.platform.set_clock(seconds);
            Ok(())
        };
        let heal = async || {
            stage.platform.set_clock(0);
            Ok(())
        };
        stage.act("clock", what, Allowed::UNAVAILABLE, break_it, Duration::from_secs(5), heal).await;
    }
    Ok(())
}
