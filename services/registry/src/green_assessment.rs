//! Assessments of enterprises and industrial parks by a green standard, and the certificates that come of them.

mod life;
mod score;

use std::time::SystemTime;

use api::Resource as _;
use api::registry::v1::green_assessment::Status;
use api::registry::v1::green_assessment_service_server::GreenAssessmentService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::caller::Caller;
use chassis::error::{Error, Result};
use chrono::{Days, NaiveDate};
use store::calendar::Passing;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use store::{Act, Reply, Scope, Store, Tx, View, party};
use tonic::Request;

use crate::green_standard::{self, GreenStandards};
use crate::industrial_park::IndustrialParks;
use crate::organization::Organizations;
use crate::period::{BEGINNING, END};
use crate::reference;

store::entity!(row, "green_assessment", {
    subject: String,
    standard: String,
    status: i32,
    certifier: String,
    certified_from: String,
    valid_until: String,
    effective_to: String,
    claim: Option<String>,
});

/// It is told that a certificate is about to end when the 61st day before its last has passed: 60 days before.
const AHEAD: Days = Days::new(61);

/// The assessments.
pub struct GreenAssessments {
    store: Store,
}

impl GreenAssessments {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for GreenAssessments {
    type Message = GreenAssessment;
    type List = ListGreenAssessmentsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(assessment: &GreenAssessment, row: &mut row::ActiveModel) {
        let certified = !assessment.certified_from.is_empty();
        let or = |text: &String, other: &str| if certified { text.clone() } else { other.to_owned() };
        row.subject = Set(assessment.subject.clone());
        row.standard = Set(assessment.standard.clone());
        row.status = Set(assessment.status);
        row.certifier = Set(assessment.certifier.clone());
        row.certified_from = Set(or(&assessment.certified_from, END));
        row.valid_until = Set(or(&assessment.valid_until, END));
        row.effective_to = Set(or(&effective_to(assessment), BEGINNING));
        row.claim = Set(claim(assessment));
    }

    fn filter(list: &ListGreenAssessmentsRequest, view: &View) -> Condition {
        use row::Column;
        let day = view.as_of.to_string();
        let day = day.as_str();
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        let valid = Condition::all().add(Column::CertifiedFrom.lte(day)).add(Column::EffectiveTo.gte(day));
        let expired = Condition::all().add(Column::Status.eq(Status::Certified as i32)).add(Column::ValidUntil.lt(day));
        let ends = (!list.valid_until_to.is_empty()).then(|| {
            let certified = Condition::all().add(Column::Status.eq(Status::Certified as i32));
            certified.add(Column::ValidUntil.lte(list.valid_until_to.as_str()))
        });
        Condition::all()
            .add_option(text(Column::Subject, &list.subject))
            .add_option(text(Column::Standard, &list.standard))
            .add_option(text(Column::Certifier, &list.certifier))
            .add_option((list.status != 0).then(|| Column::Status.eq(list.status)))
            .add_option(list.valid.then_some(valid))
            .add_option(list.expired.then_some(expired))
            .add_option(ends)
    }

    fn search_words(assessment: &GreenAssessment) -> Vec<&str> {
        vec![&assessment.note, &assessment.certificate_number]
    }

    async fn prepare(tx: &Tx, before: Option<&GreenAssessment>, after: &mut GreenAssessment) -> Result<()> {
        // Told on reading only: what is kept must not depend on when it was written.
        after.valid = false;
        after.expired = false;
        if let Some(before) = before {
            check_owners_turn(before, after)?;
        } else {
            *after = draft(after);
            store::require::<GreenStandards>(tx, "green_assessment.standard", &after.standard).await?;
        }
        let standard = store::load::<GreenStandards>(tx, &Scope::everything(), &after.standard).await?;
        if before.is_none() {
            check_subject(tx, after, &standard).await?;
        }
        check_bodies(tx, before, after).await?;
        check_scores(tx, &standard, after)?;
        check_number(tx, after).await?;
        after.total = Some(score::total(&standard, &after.scores));
        after.shortfalls = score::shortfalls(&standard, &after.scores);
        party::admit(after, &before.map(parties).unwrap_or_default(), &parties(after));
        Ok(())
    }

    async fn follow(tx: &Tx, before: Option<&GreenAssessment>, after: &GreenAssessment) -> Result<()> {
        match before {
            None => green_standard::freeze(tx, &after.standard).await,
            Some(_) => Ok(()),
        }
    }

    fn calendar(assessment: &GreenAssessment) -> Vec<Passing> {
        let certified = assessment.status() == Status::Certified;
        let Some(last) = assessment.valid_until.parse::<NaiveDate>().ok().filter(|_| certified) else { return vec![] };
        let ahead = last.checked_sub_days(AHEAD).map(|day| Passing { day, tells: "greenAssessment.expiring" });
        ahead.into_iter().chain([Passing { day: last, tells: "greenAssessment.expired" }]).collect()
    }

    fn view(assessment: &mut GreenAssessment, view: &View) {
        let day = view.as_of.to_string();
        assessment.valid = life::is_valid(assessment, &day);
        assessment.expired = life::is_expired(assessment, &day);
    }
}

/// A new assessment: nothing of what only the platform sets.
fn draft(given: &GreenAssessment) -> GreenAssessment {
    GreenAssessment {
        name: given.name.clone(),
        subject: given.subject.clone(),
        standard: given.standard.clone(),
        assessor: given.assessor.clone(),
        assessed_date: given.assessed_date.clone(),
        certifier: given.certifier.clone(),
        scores: given.scores.clone(),
        note: given.note.clone(),
        source: given.source.clone(),
        owner: given.owner.clone(),
        audience: given.audience.clone(),
        status: Status::Draft as i32,
        ..GreenAssessment::default()
    }
}

/// What makes a certificate's number its own, among those of one certifier.
fn claim(assessment: &GreenAssessment) -> Option<String> {
    let GreenAssessment { certifier, certificate_number, certified_from, .. } = assessment;
    (!certified_from.is_empty()).then(|| format!("{certifier}|{certificate_number}"))
}

/// Refuses a number that its certifier has given before. Of two at the same moment the index lets one through, and the other comes here
/// again.
async fn check_number(tx: &Tx, assessment: &GreenAssessment) -> Result<()> {
    let Some(claim) = claim(assessment) else { return Ok(()) };
    let given = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::Claim.eq(claim))
        .filter(row::Column::Id.ne(assessment.id()))
        .into_tuple::<String>()
        .one(tx)
        .await
        .map_err(store::database)?;
    match given {
        Some(_) => Err(Error::of(GreenAssessmentFailure::GreenCertificateNumberTaken)),
        None => Ok(()),
    }
}

/// The last day on which the certificate held or will hold.
fn effective_to(assessment: &GreenAssessment) -> String {
    let revoked = assessment.revoked_date.parse::<NaiveDate>().ok().and_then(|day| day.pred_opt());
    match revoked.map(|day| day.to_string()) {
        Some(last) if last < assessment.valid_until => last,
        _ => assessment.valid_until.clone(),
    }
}

/// Who reads it besides its owner, once it is handed in.
fn parties(assessment: &GreenAssessment) -> Vec<String> {
    match assessment.status() {
        Status::Unspecified | Status::Draft => Vec::new(),
        _ => [&assessment.certifier, &assessment.assessor].into_iter().filter(|it| !it.is_empty()).cloned().collect(),
    }
}

/// While it is decided upon, and after, its owner changes nothing; what was refused can still be retired. A change of status is a verb of
/// its own, which knows what it may.
fn check_owners_turn(before: &GreenAssessment, after: &GreenAssessment) -> Result<()> {
    let retiring = after.retire_time.is_some() && before.retire_time.is_none();
    let changing = before.status == after.status && !after.fields_changed(before).is_empty();
    let rejected = before.status() == Status::Rejected;
    if changing || (retiring && !rejected) { life::open(before) } else { Ok(()) }
}

/// The subject is there, and is what the standard is for.
async fn check_subject(tx: &Tx, assessment: &GreenAssessment, standard: &GreenStandard) -> Result<()> {
    use api::registry::v1::green_standard::Target;
    const FIELD: &str = "green_assessment.subject";
    let subject = assessment.subject.as_str();
    // An enterprise may assess itself whoever answers for its record.
    let own = subject == tx.caller().organization;
    let scope = if own { Scope::everything() } else { tx.scope() };
    let target = if subject.starts_with("organizations/") && store::exists::<Organizations>(tx, &scope, subject).await?
    {
        let organization = store::load::<Organizations>(tx, &scope, subject).await?;
        (organization.kind() == organization::Kind::Enterprise).then_some(Target::Enterprise)
    } else {
        store::require::<IndustrialParks>(tx, FIELD, subject).await?;
        Some(Target::IndustrialPark)
    };
    if target == Some(standard.target()) {
        return Ok(());
    }
    let failure = Error::of(GreenAssessmentFailure::GreenSubjectNotAssessable).with("subject", subject);
    Err(failure.with("standard", &standard.name).with("target", standard.target().as_str_name()))
}

/// The certifier is another body than those whom it judges, and the assessor another than the subject.
async fn check_bodies(tx: &Tx, before: Option<&GreenAssessment>, after: &GreenAssessment) -> Result<()> {
    if !after.certifier.is_empty() && [&after.owner, &after.subject].contains(&&after.certifier) {
        let why = "must be another body than the owner and the subject";
        return Err(Error::invalid("green_assessment.certifier", why));
    }
    if !after.assessor.is_empty() && after.assessor == after.subject {
        let why = "must be empty where the subject assessed itself";
        return Err(Error::invalid("green_assessment.assessor", why));
    }
    let certifier = before.map_or("", |it| &it.certifier);
    reference::check_body(tx, "green_assessment.certifier", &after.certifier, certifier).await?;
    let assessor = before.map_or("", |it| &it.assessor);
    // An assessor that writes the assessment itself need not see its own record.
    if after.assessor == tx.caller().organization {
        return Ok(());
    }
    reference::check_body(tx, "green_assessment.assessor", &after.assessor, assessor).await
}

fn check_scores(tx: &Tx, standard: &GreenStandard, assessment: &GreenAssessment) -> Result<()> {
    score::check_fit(standard, &assessment.scores).map_err(|why| {
        let failure = Error::of(GreenAssessmentFailure::GreenScoreUnknown).with("standard", &standard.name);
        failure.with("why", why)
    })?;
    let today = tx.today().to_string();
    if assessment.assessed_date > today {
        return Err(Error::invalid("green_assessment.assessed_date", "must not be in the future"));
    }
    for (at, score) in assessment.scores.iter().enumerate() {
        if let Some(index) = score.evidence.iter().position(|piece| piece.date > today) {
            let field = format!("green_assessment.scores[{at}].evidence[{index}].date");
            return Err(Error::invalid(field, "must not be in the future"));
        }
    }
    Ok(())
}

store::serve!(GreenAssessmentService for GreenAssessments, green_assessment, green_assessments, {
    async fn submit_green_assessment(&self, request: Request<SubmitGreenAssessmentRequest>) -> Reply<GreenAssessment> {
        let may = |_: &Caller, _: &GreenAssessment| true;
        store::act_for::<Self, _, _>(&self.store, request, may, async move |tx: Tx, _, mut assessment| {
            let standard = store::load::<GreenStandards>(&tx, &Scope::everything(), &assessment.standard).await?;
            let act = Act { by: tx.caller(), at: SystemTime::from(tx.now()).into(), today: tx.today() };
            life::submit(&mut assessment, &standard, &act)?;
            Ok(assessment)
        })
        .await
    }

    async fn send_back_green_assessment(
        &self,
        request: Request<SendBackGreenAssessmentRequest>,
    ) -> Reply<GreenAssessment> {
        store::apply::<Self, _>(&self.store, request, life::send_back).await
    }

    async fn certify_green_assessment(
        &self,
        request: Request<CertifyGreenAssessmentRequest>,
    ) -> Reply<GreenAssessment> {
        store::apply::<Self, _>(&self.store, request, life::certify).await
    }

    async fn reject_green_assessment(&self, request: Request<RejectGreenAssessmentRequest>) -> Reply<GreenAssessment> {
        store::apply::<Self, _>(&self.store, request, life::reject).await
    }

    async fn revoke_green_assessment(&self, request: Request<RevokeGreenAssessmentRequest>) -> Reply<GreenAssessment> {
        store::apply::<Self, _>(&self.store, request, life::revoke).await
    }
});
