//! The disk under PostgreSQL.

use std::time::{Duration, Instant};

use super::Played;
use crate::stage::{Allowed, Stage};

const WRITES_A_SECOND: u32 = 40;
const ACCEPT: Duration = Duration::from_secs(60);

pub async fn slow(stage: &Stage, _round: usize) -> Played {
    let (bed, pid) = (&stage.platform.bed, stage.platform.cluster().pid());
    stage.platform.cluster().volume.slow(bed, &[pid], WRITES_A_SECOND)?;
    let heal = async || {
        stage.platform.cluster().volume.hasten();
        Ok(())
    };
    let what = format!("{WRITES_A_SECOND} writes a second, 8 s");
    stage.act("slow-disk", what, Allowed::LATE, async || Ok(()), Duration::from_secs(8), heal).await;
    Ok(())
}

pub async fn full(stage: &Stage, _round: usize) -> Played {
    if !stage.platform.cluster().volume.is_own {
        return Err("a volume of its own needs root".to_owned());
    }
    let break_it = async || {
        stage.platform.cluster().volume.fill();
        Ok(())
    };
    let heal = async || {
        let mut cluster = stage.platform.cluster();
        cluster.volume.empty();
        // A server that cannot write its log ends, and does not come back by itself.
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(3) && cluster.until_it_accepts(Duration::ZERO).is_err() {}
        if !cluster.is_running() {
            cluster.begin(&stage.platform.bed);
        }
        cluster.until_it_accepts(ACCEPT)
    };
    stage.act("full-disk", "no space, 8 s", Allowed::UNAVAILABLE, break_it, Duration::from_secs(8), heal).await;
    Ok(())
}
