//! Writing a file that was found in order: what is new is created, what differs is updated, the rest is left alone.

use std::collections::HashMap;
use std::sync::Arc;

use api::Resource as _;
use api::investment::v1::{FdiFlow, FdiFlowFailure, ImportFdiFlowsRequest, ImportFdiFlowsResponse};
use api::options::v1::Failure;
use chassis::caller::Caller;
use chassis::context::Context;
use chassis::error::{Error, Result};
use prost::Message as _;
use sea_orm::ConnectionTrait;
use store::register::Register;
use store::{Resource as _, Store, Tx};
use tonic::Request;

use super::{File, Known};
use crate::fdi_flow::{self, Resolved};
use crate::fdi_rule;

/// How many figures are looked up at once.
const CHUNK: usize = 500;

/// How often a file is tried that somebody else takes in at the same moment.
const ATTEMPTS: usize = 3;

/// Takes a file, whole or not at all.
pub async fn import(
    store: &Store,
    register: &Register,
    request: Request<ImportFdiFlowsRequest>,
) -> Result<ImportFdiFlowsResponse> {
    let known = Known::of(register)?;
    let (content, style) = (request.get_ref().content.clone(), request.get_ref().number_style());
    // A large file takes a while to read; other requests of this thread need not wait for it.
    let read = tokio::task::spawn_blocking(move || File::read(&content, style, &known));
    let file = Arc::new(read.await.map_err(Error::internal)??);
    if request.get_ref().dry_run {
        let steps = plan(store.read(), &Context::of(&request).caller, &file).await?;
        return Ok(told(&file, &steps, true));
    }
    let mut attempt = 1;
    loop {
        let taken = file.clone();
        match store.write(&request, async move |tx: Tx| take(&tx, &taken).await).await {
            Err(error) if error.is(Failure::AlreadyExists) && attempt < ATTEMPTS => attempt += 1,
            taken => return taken,
        }
    }
}

async fn take(tx: &Tx, file: &File) -> Result<ImportFdiFlowsResponse> {
    let steps = plan(tx, tx.caller(), file).await?;
    let mut order: Vec<usize> = (0..steps.len()).collect();
    // Sums are locked as they are written: in one order, so that two files never wait for each other.
    order.sort_by_cached_key(|row| {
        let flow = &file.flows[*row];
        (flow.series.clone(), flow.dimension, fdi_rule::summed_under(flow), fdi_rule::year(flow))
    });
    for row in order {
        let flow = &file.flows[row];
        let written = match steps[row] {
            Step::Create => create(tx, flow.clone()).await,
            Step::Update => update(tx, flow).await,
            Step::Leave => Ok(()),
        };
        written.map_err(|error| match error.is(FdiFlowFailure::PeriodOverlaps) {
            true => file.refuse(row, "period_to", error.message()),
            false => error,
        })?;
    }
    Ok(told(file, &steps, false))
}

async fn create(tx: &Tx, mut flow: FdiFlow) -> Result<()> {
    flow.owner.clone_from(&tx.caller().organization);
    if flow.owner.is_empty() {
        return Err(Error::permission_denied("it acts for no organization that could answer for the figures"));
    }
    store::insert::<Resolved>(tx, flow, "").await.map(drop)
}

async fn update(tx: &Tx, flow: &FdiFlow) -> Result<()> {
    let before = store::load_for::<Resolved>(tx, &name(flow), Resolved::may_own).await?;
    let after = merged(&before, flow);
    store::save::<Resolved>(tx, &format!("{}.updated", FdiFlow::SINGULAR), before, after).await.map(drop)
}

fn name(flow: &FdiFlow) -> String {
    format!("{}/{}", FdiFlow::COLLECTION, fdi_rule::id(flow))
}

/// The figure that is there, with what the file says. A file says nothing of owner and audience.
fn merged(before: &FdiFlow, flow: &FdiFlow) -> FdiFlow {
    let mut after = before.clone();
    for field in FdiFlow::WRITABLE.iter().filter(|field| !["owner", "audience"].contains(*field)) {
        after.copy_field(field, flow).expect("invariant: every writable field can be copied");
    }
    after
}

/// What is to be done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Create,
    Update,
    Leave,
}

/// What is to be done with each row; an error if one cannot be taken.
async fn plan(db: &impl ConnectionTrait, caller: &Caller, file: &File) -> Result<Vec<Step>> {
    let ids: Vec<String> = file.flows.iter().map(fdi_rule::id).collect();
    let mut there = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        for row in fdi_flow::find(db, chunk).await? {
            let flow = FdiFlow::decode(&*row.content).map_err(Error::internal)?;
            there.insert(row.id, (flow, row.retired_at.is_some()));
        }
    }
    let mut steps = Vec::with_capacity(ids.len());
    for (row, (id, flow)) in ids.iter().zip(&file.flows).enumerate() {
        steps.push(match there.get(id) {
            None => Step::Create,
            Some((_, true)) => return Err(file.refuse(row, "", format!("is {}, which was withdrawn", name(flow)))),
            Some((before, _)) if merged(before, flow) == *before => Step::Leave,
            Some((before, _)) if Resolved::may_own(caller, before) => Step::Update,
            Some((before, _)) => {
                let why = format!("would change {}, for which {} answers", name(flow), before.owner);
                return Err(file.refuse(row, "", why));
            }
        });
    }
    Ok(steps)
}

fn told(file: &File, steps: &[Step], dry_run: bool) -> ImportFdiFlowsResponse {
    let count = |wanted: Step| i32::try_from(steps.iter().filter(|step| **step == wanted).count()).unwrap_or(i32::MAX);
    ImportFdiFlowsResponse {
        rows: i32::try_from(steps.len()).unwrap_or(i32::MAX),
        created: count(Step::Create),
        updated: count(Step::Update),
        unchanged: count(Step::Leave),
        dry_run,
        number_style: file.style.into(),
        warnings: file.warnings.clone(),
    }
}
