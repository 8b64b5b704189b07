//! More clients than there is room for, none of which pauses.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Played;
use crate::load::Load;
use crate::record::End;
use crate::stage::{Allowed, Stage};

const TIMES: usize = 5;
const PEAK: Duration = Duration::from_secs(6);
const OVERLOAD: Duration = Duration::from_secs(10);
/// The share of its peak that the platform must go on doing.
const GOODPUT_MIN: f64 = 0.8;

pub async fn play(stage: &Stage, round: usize) -> Played {
    let think = stage.load.think.swap(0, Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begin = stage.recorder.now();
    tokio::time::sleep(PEAK).await;
    let peak = stage.recorder.rate(begin, stage.recorder.now());
    let mut goodput = 0.0;
    let crowd = async || {
        let clients = stage.options.clients * (TIMES - 1);
        let crowd = Load::start(&stage.platform, &stage.recorder, &format!("x{round}-"), clients, Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begin = stage.recorder.now();
        tokio::time::sleep(OVERLOAD).await;
        goodput = stage.recorder.rate(begin, stage.recorder.now());
        stage.load.think.store(think, Relaxed);
        let entries = crowd.finish().await;
        stage.ledgers.lock().expect("no holder panics").extend(entries);
        Ok(())
    };
    let what = format!("{TIMES} times the clients, {} s", OVERLOAD.as_secs());
    stage.act("overload", what, Allowed::TOO_MUCH, crowd, Duration::ZERO, async || Ok(())).await;
    let refused = stage.acts.lock().expect("no holder panics").last().map_or(0, |act| act.summary.count(End::TooMuch));
    let said =
        format!("{goodput:.0} successes a second, {peak:.0} at the peak without it; {refused} refused as too much");
    let low = (goodput < GOODPUT_MIN * peak).then(|| format!("less than {GOODPUT_MIN} of the peak"));
    stage.add(Some(said), low);
    Ok(())
}
