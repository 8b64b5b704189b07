//! A new version is rolled out, with new keys: one process after the other stops in good order and is started again.

use std::time::{Duration, Instant};

use super::Played;
use crate::balance;
use crate::platform::{REPLICAS, ROLES};
use crate::stage::{Allowed, Stage};

const START: Duration = Duration::from_secs(30);
/// How long whoever rolls out waits until a balancer has noticed that a replica is there.
const NOTICE: Duration = Duration::from_millis(1200);

pub async fn play(stage: &Stage, round: usize) -> Played {
    for key in ["internal", "outside"] {
        stage.platform.retire_key(key, round)?;
    }
    for role in ROLES {
        for replica in 0..REPLICAS {
            let roll = async || {
                stage.platform.roll(role, replica).await?;
                let mut address = None;
                stage.platform.with(role, Some(replica), |role| address = Some(role.address));
                let (address, begin) = (address.ok_or("no such role")?, Instant::now());
                while !tokio::time::timeout(START, balance::greet(address)).await.unwrap_or(false) {
                    if begin.elapsed() > START {
                        return Err(format!("{role} {replica} does not serve {START:?} after its start"));
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Ok(())
            };
            let what = format!("{role} {replica}");
            let allowed = if role == "gateway" { Allowed::CLOSED } else { Allowed::NOTHING };
            stage.act("roll", what, allowed, roll, NOTICE, async || Ok(())).await;
        }
    }
    Ok(())
}
