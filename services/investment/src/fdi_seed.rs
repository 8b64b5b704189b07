//! The figures that come with the software. They name localities and countries of the registry, so they are loaded once it has
//! told what there is; until then the service runs without them.

use std::time::Duration;

use api::Resource as _;
use api::investment::v1::FdiFlow;
use api::investment::v1::import_fdi_flows_request::NumberStyle;
use chassis::error::Result;
use chassis::host::Host;
use store::Store;
use store::register::Register;

use crate::fdi_flow::FdiFlows;
use crate::fdi_import::{File, Known};
use crate::fdi_rule;

const FILE: &str = include_str!("../data/fdi_flows_2015_2020.csv");

/// The wait between attempts: doubles, up to the longest.
const WAIT: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Loads the figures as soon as they can be, beside everything else.
pub fn start(host: &Host, store: &Store, register: &Register) {
    let (store, register, shutdown) = (store.clone(), register.clone(), host.shutdown.clone());
    host.spawn("fdi-seed", async move {
        let mut wait = WAIT;
        while let Err(error) = load(&store, &register).await {
            match wait < WAIT_MAX {
                true => tracing::debug!(%error, "the published figures cannot be loaded yet"),
                false => tracing::warn!(%error, "the published figures cannot be loaded yet"),
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(WAIT_MAX),
                () = shutdown.cancelled() => return Ok(()),
            }
        }
        Ok(())
    });
}

async fn load(store: &Store, register: &Register) -> Result<()> {
    let file = File::read(FILE, NumberStyle::DecimalPoint, &Known::of(register)?)?;
    let named = |flow: FdiFlow| {
        let name = format!("{}/{}", FdiFlow::COLLECTION, fdi_rule::id(&flow));
        FdiFlow { name, ..flow }
    };
    store::seed::<FdiFlows>(store, file.flows.into_iter().map(named).collect()).await.map(drop)
}
