//! Taking a file: every row by the rules that hold for it alone, all of them in one transaction or none.

use std::sync::Arc;

use api::options::v1::Failure;
use api::registry::v1::bulk_transfer::Direction;
use api::registry::v1::imported_row::Outcome;
use api::registry::v1::*;
use chassis::context::Context;
use chassis::error::{Error, Result};
use sha2::{Digest, Sha256};
use store::{Store, Tx};
use tonic::{Code, Request};

use super::FILE_BYTES_MAX;
use super::collection::{self, Collection, Taken};
use super::fault::{FAULTS_MAX, Fault, refused};
use super::plan::{Plan, check_access};
use crate::bulk_transfer::{self, BulkTransfers};

/// How many rows are looked up at once.
const CHUNK: usize = 200;

/// A file that is to be taken.
struct File {
    collection: &'static Collection,
    plan: Plan,
    /// What is said of it in the end.
    told: BulkTransfer,
}

/// Takes a file, or rehearses it.
pub async fn import(store: &Store, request: Request<ImportRecordsRequest>) -> Result<ImportRecordsResponse> {
    let asked = request.get_ref();
    let collection = collection::find(&asked.collection)?;
    if asked.content.len() > FILE_BYTES_MAX {
        return Err(Error::invalid(
            "content",
            format!("is larger than {FILE_BYTES_MAX} bytes; take it in several files"),
        ));
    }
    let (format, dry_run, content) = (asked.format(), asked.dry_run, asked.content.clone());
    may_write(collection, &request)?;
    let told = BulkTransfer {
        direction: Direction::Import as i32,
        collection: collection.name.to_owned(),
        format: format as i32,
        file_sha256: hex::encode(Sha256::digest(&content)),
        ..BulkTransfer::default()
    };
    // A large file takes a while to read; other requests of this thread need not wait for it.
    let read = tokio::task::spawn_blocking(move || collection.read(format, &content));
    let plan = read.await.map_err(Error::internal)??;
    let file = Arc::new(File { collection, plan, told });
    let taken = file.clone();
    let work = async move |tx: Tx| take(&tx, &taken, dry_run).await;
    let result = if dry_run { store.rehearse(&request, work).await } else { store.write(&request, work).await };
    result.map_err(|error| named(&file.plan, error))
}

/// Refuses at once whoever may neither add nor change records of the collection.
fn may_write(collection: &Collection, request: &Request<ImportRecordsRequest>) -> Result<()> {
    let context = Context::of(request);
    let methods = [api::Verb::Create, api::Verb::Update].map(|verb| super::plan::method(collection.name, verb));
    let mut refusals = methods.into_iter().flatten().map(|method| check_access(method, &context.caller));
    let first = refusals.next().unwrap_or(Ok(()));
    if first.is_err() && refusals.any(|other| other.is_ok()) { Ok(()) } else { first }
}

async fn take(tx: &Tx, file: &File, dry_run: bool) -> Result<ImportRecordsResponse> {
    let mut answer = ImportRecordsResponse { dry_run, ..ImportRecordsResponse::default() };
    let mut faults: Vec<Fault> = Vec::new();
    for entries in file.plan.entries.chunks(CHUNK) {
        let taken = (file.collection.take)(tx, &file.plan, entries).await?;
        let ended = taken.len() < entries.len();
        for (entry, taken) in entries.iter().zip(taken) {
            match taken {
                Ok(taken) => count(&mut answer, entry.row.1, taken),
                Err(error) if is_ours(&error) => return Err(error),
                Err(error) => faults.extend(file.plan.faults(entry, &error)),
            }
        }
        if ended || faults.len() >= FAULTS_MAX {
            break;
        }
    }
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    if !dry_run {
        let told =
            BulkTransfer { rows: answer.rows, created: answer.created, updated: answer.updated, ..file.told.clone() };
        let told = bulk_transfer::by(tx.caller(), told);
        let told = store::insert::<BulkTransfers>(tx, told, "").await?;
        answer.transfer = told.name;
    }
    Ok(answer)
}

fn count(answer: &mut ImportRecordsResponse, row: i32, taken: Taken) {
    *match taken.outcome {
        Outcome::Created => &mut answer.created,
        Outcome::Updated => &mut answer.updated,
        Outcome::Unchanged | Outcome::Unspecified => &mut answer.unchanged,
    } += 1;
    answer.rows += 1;
    let (name, outcome, changed_fields) = (taken.name, taken.outcome as i32, taken.changed);
    answer.results.push(ImportedRow { row, name, outcome, changed_fields });
}

/// Whether it is not the row that is wrong.
fn is_ours(error: &Error) -> bool {
    matches!(error.code(), Code::Internal | Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted)
}

/// Names the row whose identifier somebody else took, which the database tells only in the end.
fn named(plan: &Plan, error: Error) -> Error {
    let name = error.metadata().get("name").cloned().unwrap_or_default();
    match plan.entries.iter().find(|entry| entry.name == name && !name.is_empty()) {
        Some(entry) if error.is(Failure::AlreadyExists) => refused(vec![Fault::at(entry.row, "name", error.message())]),
        _ => error,
    }
}
