//! The figures that come with the software. They name localities and countries of the registry, so they are loaded once it has
//! told what there is; until then the service runs without them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::Resource as _;
use api::investment::v1::FdiFlow;
use api::investment::v1::import_fdi_flows_request::NumberStyle;
use chassis::error::{Error, Result};
use chassis::host::Host;
use store::Store;
use store::register::Register;

use crate::fdi_flow::Resolved;
use crate::fdi_import::{File, Known};
use crate::fdi_rule;

const FILE: &str = include_str!("../data/fdi_flows_2015_2020.csv");

/// The wait between attempts: doubles, up to the longest.
const WAIT: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Loads the figures as soon as they can be, beside everything else. Until then the service answers, but is not ready: at the
/// first start it has no figures yet. If they cannot be loaded for any other reason than that, it is ready without them.
pub fn start(host: &Host, store: &Store, register: &Register) {
    let (store, register, shutdown) = (store.clone(), register.clone(), host.shutdown.clone());
    let waits = Arc::new(AtomicBool::new(true));
    let waiting = waits.clone();
    host.health().probe(store.name(), move || {
        let waits = waiting.load(Ordering::Relaxed);
        async move {
            if waits { Err(Error::unavailable("the registry, of which the published figures speak,")) } else { Ok(()) }
        }
    });
    host.spawn("fdi-seed", async move {
        let mut wait = WAIT;
        while let Err(error) = load(&store, &register).await {
            if error.is_transient() {
                tracing::debug!(%error, "the published figures cannot be loaded yet");
            } else {
                waits.store(false, Ordering::Relaxed);
                tracing::error!(%error, "the published figures cannot be loaded");
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(WAIT_MAX),
                () = shutdown.cancelled() => return Ok(()),
            }
        }
        waits.store(false, Ordering::Relaxed);
        Ok(())
    });
}

async fn load(store: &Store, register: &Register) -> Result<()> {
    let file = File::read(FILE, NumberStyle::DecimalPoint, &Known::of(register)?)?;
    let named = |flow: FdiFlow| {
        let name = format!("{}/{}", FdiFlow::COLLECTION, fdi_rule::id(&flow));
        FdiFlow { name, ..flow }
    };
    store::seed::<Resolved>(store, file.flows.into_iter().map(named).collect()).await.map(drop)
}
