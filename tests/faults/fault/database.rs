//! The database server goes away, or takes no writes.

use std::time::Duration;

use super::Played;
use crate::platform::SERVICES;
use crate::postgres::Stop;
use crate::stage::{Allowed, Stage};

const AWAY: Duration = Duration::from_secs(1);
const THROWN_OUT: Duration = Duration::from_secs(3);
const ACCEPT: Duration = Duration::from_secs(60);

pub async fn play(stage: &Stage, _round: usize) -> Played {
    for how in [Stop::Immediate, Stop::Fast] {
        let break_it = async || {
            stage.platform.cluster().stop(how);
            Ok(())
        };
        let heal = async || {
            let mut cluster = stage.platform.cluster();
            cluster.begin(&stage.platform.bed);
            cluster.until_it_accepts(ACCEPT)
        };
        stage.act("postgres", format!("{how:?}"), Allowed::UNAVAILABLE, break_it, AWAY, heal).await;
    }
    Ok(())
}

/// What a server does that has become a standby: SQLSTATE 25006.
pub async fn read_only(stage: &Stage, _round: usize) -> Played {
    let set = |value: &str| {
        let cluster = stage.platform.cluster();
        for service in SERVICES {
            cluster
                .sql("postgres", &format!("ALTER DATABASE {service} SET default_transaction_read_only = {value}"))?;
            // The setting is for connections to come: those that there are go.
            let others = format!("datname = '{service}' AND pid <> pg_backend_pid()");
            cluster
                .sql("postgres", &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))?;
        }
        Ok(())
    };
    let hold = Duration::from_secs(if stage.options.rounds > 1 { 60 } else { 6 });
    let (break_it, heal) = (async || set("on"), async || set("off"));
    let begin = stage.recorder.now();
    stage.act("read-only", "no writes", Allowed::UNAVAILABLE, break_it, hold, heal).await;
    // Connections that were thrown out are replaced in the first moments.
    let (failed, all) = stage.recorder.failed_reads(begin + THROWN_OUT, begin + hold);
    let said = format!("{failed} of {all} reads failed meanwhile");
    stage.add(Some(said.clone()), (failed > 0).then_some(said));
    Ok(())
}
