//! The inner side of verifications, which only the body that works on one and the ministry see. The file has the identifier of
//! its verification and follows it.

use std::time::SystemTime;

use api::registry::v1::verification::Status;
use api::registry::v1::verification_file_service_server::VerificationFileService;
use api::registry::v1::*;
use api::shared::v1::Audience;
use api::shared::v1::audience::Circle;
use chassis::caller::Caller;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Reply, Scope, Store, Tx, View};
use tonic::Request;

use crate::child::position;
use crate::verification::{self, MINISTRY, Verifications};

store::entity!(row, "verification_file", { officer: String });

/// The most findings, officers and bodies that one file keeps of each.
const KEPT_MAX: usize = 100;

/// The verification files.
pub struct VerificationFiles {
    store: Store,
}

impl VerificationFiles {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for VerificationFiles {
    type Message = VerificationFile;
    type List = ListVerificationFilesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(file: &VerificationFile, row: &mut row::ActiveModel) {
        row.officer = Set(file.officer.clone());
    }

    fn filter(list: &ListVerificationFilesRequest, _: &View) -> Condition {
        use row::Column;
        Condition::all()
            .add_option((!list.officer.is_empty()).then(|| Column::Officer.eq(list.officer.as_str())))
            .add_option((!list.handler.is_empty()).then(|| Column::Owner.eq(list.handler.as_str())))
    }

    fn search_words(file: &VerificationFile) -> Vec<&str> {
        file.findings.iter().map(|finding| finding.text.as_str()).collect()
    }
}

/// Makes the file of a new verification, takes it along to another body, and retires it with the verification.
pub async fn follow(tx: &Tx, before: Option<&Verification>, after: &Verification) -> Result<()> {
    let Some(before) = before else { return begin(tx, after).await };
    if before.handler != after.handler {
        route(tx, after, "The country of the partner was corrected").await?;
    }
    if before.retire_time.is_none() && after.retire_time.is_some() {
        let file = of(tx, after).await?;
        let retired = VerificationFile { retire_time: after.retire_time, ..file.clone() };
        store::save::<VerificationFiles>(tx, "verificationFile.retired", file, retired).await?;
    }
    Ok(())
}

async fn begin(tx: &Tx, verification: &Verification) -> Result<()> {
    let circle = Audience { circle: Circle::Owner.into(), ..Audience::default() };
    let mut file = VerificationFile {
        verification: verification.name.clone(),
        owner: verification.handler.clone(),
        audience: Some(circle),
        ..VerificationFile::default()
    };
    file.routings.push(routing(tx, verification, "It answers for the country of the partner"));
    admit_ministry(&mut file);
    store::insert::<VerificationFiles>(tx, file, api::Resource::id(verification)).await.map(drop)
}

/// The ministry reads every file; the body that works on it owns it.
fn admit_ministry(file: &mut VerificationFile) {
    store::party::admit(file, &[], &[MINISTRY.to_owned()]);
}

fn routing(tx: &Tx, verification: &Verification, reason: &str) -> VerificationRouting {
    VerificationRouting {
        handler: verification.handler.clone(),
        time: Some(SystemTime::from(tx.now()).into()),
        reason: reason.to_owned(),
        by: tx.caller().subject.clone(),
    }
}

/// The file of a verification, as it is kept. Who may see the verification's inner side was asked before.
async fn of(tx: &Tx, verification: &Verification) -> Result<VerificationFile> {
    store::load::<VerificationFiles>(tx, &Scope::everything(), &verification.file).await
}

/// The file goes to the body that works on the verification from now on; no officer of it has it yet.
pub async fn route(tx: &Tx, verification: &Verification, reason: &str) -> Result<()> {
    let before = of(tx, verification).await?;
    if before.owner == verification.handler {
        return Ok(());
    }
    let mut after = VerificationFile { owner: verification.handler.clone(), officer: String::new(), ..before.clone() };
    after.routings.push(routing(tx, verification, reason));
    bounded(after.routings.len(), "mission")?;
    admit_ministry(&mut after);
    store::save::<VerificationFiles>(tx, "verificationFile.transferred", before, after).await.map(drop)
}

/// An officer has it.
pub async fn assign(tx: &Tx, verification: &Verification, request: AssignVerificationRequest) -> Result<()> {
    let before = of(tx, verification).await?;
    let mut after = VerificationFile { officer: request.officer.clone(), ..before.clone() };
    after.assignments.push(VerificationAssignment {
        officer: request.officer,
        handler: verification.handler.clone(),
        time: Some(SystemTime::from(tx.now()).into()),
        note: request.note,
        by: tx.caller().subject.clone(),
    });
    bounded(after.assignments.len(), "officer")?;
    store::save::<VerificationFiles>(tx, "verificationFile.assigned", before, after).await.map(drop)
}

/// How many findings there are.
pub async fn findings(tx: &Tx, verification: &Verification) -> Result<usize> {
    Ok(of(tx, verification).await?.findings.len())
}

/// What was said with the conclusion, for those who see the file.
pub async fn assess(tx: &Tx, verification: &Verification, assessment: String) -> Result<()> {
    let before = of(tx, verification).await?;
    let after = VerificationFile { assessment, ..before.clone() };
    store::save::<VerificationFiles>(tx, "verificationFile.concluded", before, after).await.map(drop)
}

fn bounded(kept: usize, field: &str) -> Result<()> {
    if kept <= KEPT_MAX {
        return Ok(());
    }
    Err(Error::invalid(field, format!("the file has {KEPT_MAX} of these already, and takes no more")))
}

/// The body that works on it, and the ministry.
fn may_handle(caller: &Caller, file: &VerificationFile) -> bool {
    caller.organization == file.owner || verification::is_ministry(caller)
}

/// With a finding, while the verification is open and an officer works on it.
async fn find(tx: &Tx, request: AddVerificationFindingRequest, mut file: VerificationFile) -> Result<VerificationFile> {
    let verification = store::load::<Verifications>(tx, &Scope::everything(), &file.verification).await?;
    let refused = |failure: VerificationFailure| {
        let status = verification.status().as_str_name();
        Err(Error::of(failure).with("name", &verification.name).with("status", status))
    };
    match verification.status() {
        Status::Assigned => {}
        Status::Requested => return refused(VerificationFailure::VerificationNotAssigned),
        _ => return refused(VerificationFailure::VerificationClosed),
    }
    let mut finding = request.finding.unwrap_or_default();
    if finding.date > tx.today().to_string() {
        return Err(Error::invalid("finding.date", "must not be in the future"));
    }
    finding.number = position(file.findings.len() + 1);
    finding.recorder.clone_from(&tx.caller().subject);
    finding.handler.clone_from(&verification.handler);
    finding.time = Some(SystemTime::from(tx.now()).into());
    file.findings.push(finding);
    bounded(file.findings.len(), "finding")?;
    Ok(file)
}

#[tonic::async_trait]
impl VerificationFileService for VerificationFiles {
    async fn get_verification_file(&self, request: Request<GetVerificationFileRequest>) -> Reply<VerificationFile> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_verification_files(
        &self,
        request: Request<ListVerificationFilesRequest>,
    ) -> Reply<ListVerificationFilesResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn add_verification_finding(
        &self,
        request: Request<AddVerificationFindingRequest>,
    ) -> Reply<VerificationFile> {
        let work = async move |tx: Tx, request, file| find(&tx, request, file).await;
        store::act_for::<Self, _, _>(&self.store, request, may_handle, work).await
    }

    async fn retire_verification_file(
        &self,
        request: Request<RetireVerificationFileRequest>,
    ) -> Reply<VerificationFile> {
        store::retire::<Self>(&self.store, request).await
    }
}
