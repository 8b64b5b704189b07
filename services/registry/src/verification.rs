//! Verification of partners abroad: asked for, routed to the mission that answers for the country, concluded until a day.
//! Whoever asked owns the record and sees what came out; how it was found out is in the verification's file.

mod life;

use api::registry::v1::verification::{Conclusion, Status};
use api::registry::v1::verification_service_server::VerificationService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::caller::{Caller, Role};
use chassis::error::{Error, Result};
use store::calendar::Passing;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Reply, Scope, Store, Tx, View, party};
use tonic::{Request, Response};

use crate::accreditation;
use crate::country::Countries;
use crate::mission::{self, Missions};
use crate::naming::named;
use crate::organization::Organizations;
use crate::verification_file;
use crate::{reference, visible};

store::entity!(row, "verification", {
    organization: String,
    country: String,
    handler: String,
    status: i32,
    conclusion: i32,
    close_date: String,
    valid_until: String,
    due_date: String,
});

/// The ministry: it sees every verification, and works on those for which no mission answers.
pub const MINISTRY: &str = "agencies/g08";

/// The verifications.
pub struct Verifications {
    store: Store,
}

impl Verifications {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for Verifications {
    type Message = Verification;
    type List = ListVerificationsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(verification: &Verification, row: &mut row::ActiveModel) {
        row.organization = Set(verification.organization.clone());
        row.country = Set(verification.country.clone());
        row.handler = Set(verification.handler.clone());
        row.status = Set(verification.status);
        row.conclusion = Set(verification.conclusion);
        row.close_date = Set(verification.close_date.clone());
        row.valid_until = Set(verification.valid_until.clone());
        row.due_date = Set(verification.due_date.clone());
    }

    fn filter(list: &ListVerificationsRequest, view: &View) -> Condition {
        use row::Column;
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        let day = view.as_of.to_string();
        let country = (!list.country.is_empty()).then(|| Column::Country.eq(named("countries", &list.country)));
        let expiring = &list.expiring_before;
        Condition::all()
            .add_option(country)
            .add_option(text(Column::Organization, &list.organization))
            .add_option(text(Column::Handler, &list.handler))
            .add_option(text(Column::Owner, &list.owner))
            .add_option((list.status != 0).then(|| Column::Status.eq(list.status)))
            .add_option((list.conclusion != 0).then(|| Column::Conclusion.eq(list.conclusion)))
            .add_option((list.valid || !expiring.is_empty()).then(|| holding(&day)))
            .add_option((!expiring.is_empty()).then(|| Column::ValidUntil.lt(expiring.as_str())))
            .add_option(list.overdue.then(|| late(&view.today.to_string())))
    }

    fn search_words(verification: &Verification) -> Vec<&str> {
        let numbers = verification.identifiers.iter().map(|it| it.value.as_str());
        [verification.party_name.as_str()].into_iter().chain(numbers).collect()
    }

    async fn prepare(tx: &Tx, before: Option<&Verification>, after: &mut Verification) -> Result<()> {
        // Told on reading only: what is kept must not depend on the day on which it was written.
        after.valid = false;
        after.overdue = false;
        life::check(before, after, &tx.today().to_string())?;
        check_references(tx, before, after).await?;
        complete(tx, after).await?;
        if before.is_none_or(|before| before.country != after.country) {
            route(tx, after).await?;
        }
        if before.is_none() {
            after.set_status(Status::Requested);
        }
        let id = api::Resource::id(after).to_owned();
        after.file = format!("verificationFiles/{id}");
        party::admit(after, &before.map(parties).unwrap_or_default(), &parties(after));
        Ok(())
    }

    async fn follow(tx: &Tx, before: Option<&Verification>, after: &Verification) -> Result<()> {
        verification_file::follow(tx, before, after).await
    }

    fn calendar(verification: &Verification) -> Vec<Passing> {
        life::passings(verification)
    }

    fn view(verification: &mut Verification, view: &View) {
        verification.valid = life::holds(verification, &view.as_of.to_string());
        verification.overdue = life::is_overdue(verification, &view.today.to_string());
    }
}

/// Conclusions that hold on a day.
fn holding(day: &str) -> Condition {
    use row::Column;
    Condition::all()
        .add(Column::Status.eq(Status::Concluded as i32))
        .add(Column::Conclusion.ne(Conclusion::Unknown as i32))
        .add(Column::CloseDate.lte(day))
        .add(Column::ValidUntil.gte(day))
}

/// Open ones whose due date has passed.
fn late(today: &str) -> Condition {
    use row::Column;
    let open = [Status::Requested as i32, Status::Assigned as i32];
    Condition::all().add(Column::Status.is_in(open)).add(Column::DueDate.ne("")).add(Column::DueDate.lt(today))
}

/// Who may read a verification because it works on it; whom its circle lets read it anyhow need not be named.
fn parties(verification: &Verification) -> Vec<String> {
    match verification.audience.as_ref().map(|audience| audience.circle()) {
        Some(Circle::Public | Circle::Government) => Vec::new(),
        _ => vec![verification.handler.clone(), MINISTRY.to_owned()],
    }
}

async fn check_references(tx: &Tx, before: Option<&Verification>, after: &Verification) -> Result<()> {
    let organizations = reference::new([&after.organization], before.map(|it| &it.organization));
    reference::check::<Organizations>(tx, "verification.organization", organizations).await?;
    let countries = reference::new([&after.country], before.map(|it| &it.country));
    reference::check::<Countries>(tx, "verification.country", countries).await
}

/// What is not said of the partner is taken from the record of the organization.
async fn complete(tx: &Tx, verification: &mut Verification) -> Result<()> {
    let lacking = verification.party_name.is_empty() || verification.country.is_empty();
    if lacking && !verification.organization.is_empty() {
        let known = store::load::<Organizations>(tx, &tx.scope(), &verification.organization).await?;
        if verification.party_name.is_empty() {
            verification.party_name = known.display_name;
        }
        if verification.country.is_empty() {
            verification.country = known.country;
        }
    }
    for (what, said) in [("the name", &verification.party_name), ("the country", &verification.country)] {
        if said.is_empty() {
            return Err(Error::of(VerificationFailure::VerificationPartyMissing).with("what", what));
        }
    }
    Ok(())
}

/// To the mission that answers for the country today; to the ministry, if none does.
async fn route(tx: &Tx, verification: &mut Verification) -> Result<()> {
    let answering = mission::answering(tx, &Scope::everything(), &verification.country, &tx.view()).await?;
    (verification.handler, verification.routing_unverified) = match answering {
        Some((mission, accreditation)) => (mission.name, accreditation.unverified),
        None => (MINISTRY.to_owned(), false),
    };
    Ok(())
}

/// The body that works on it, and the ministry.
fn may_handle(caller: &Caller, verification: &Verification) -> bool {
    caller.organization == verification.handler || is_ministry(caller)
}

/// Whether this is the ministry.
pub fn is_ministry(caller: &Caller) -> bool {
    caller.is(Role::MinistryOfficer) || caller.is(Role::Administrator)
}

/// A mission that is open today.
async fn open_mission(tx: &Tx, name: &str) -> Result<()> {
    store::require::<Missions>(tx, "mission", name).await?;
    let mission = store::load::<Missions>(tx, &tx.scope(), name).await?;
    if accreditation::life(&mission).contains(&tx.today().to_string()) {
        return Ok(());
    }
    Err(Error::invalid("mission", format!("{name} is not open today")))
}

/// The latest of the conclusions on an organization that hold on a day, among those that the scope sees.
async fn standing(store: &Store, scope: &Scope, organization: &str, view: &View) -> Result<Option<Verification>> {
    let found: Option<String> = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::Organization.eq(organization))
        .filter(holding(&view.as_of.to_string()))
        .filter(row::Column::Id.in_subquery(visible::ids::<row::Entity>(scope)))
        .order_by_desc(row::Column::CloseDate)
        .order_by_desc(row::Column::Id)
        .limit(1)
        .into_tuple()
        .one(store.read())
        .await
        .map_err(store::database)?;
    match found {
        Some(id) => {
            let name = format!("verifications/{id}");
            Ok(Some(visible::get::<Verifications>(store, scope, &name, view).await?))
        }
        None => Ok(None),
    }
}

store::serve!(VerificationService for Verifications, verification, verifications, {
    async fn assign_verification(&self, request: Request<AssignVerificationRequest>) -> Reply<Verification> {
        let work = async move |tx: Tx, request: AssignVerificationRequest, mut verification: Verification| {
            life::assign(&mut verification)?;
            verification_file::assign(&tx, &verification, request).await?;
            Ok(verification)
        };
        store::act_for::<Self, _, _>(&self.store, request, may_handle, work).await
    }

    async fn transfer_verification(&self, request: Request<TransferVerificationRequest>) -> Reply<Verification> {
        let work = async move |tx: Tx, request: TransferVerificationRequest, mut verification: Verification| {
            open_mission(&tx, &request.mission).await?;
            life::transfer(&mut verification, &request)?;
            verification_file::route(&tx, &verification, &request.reason).await?;
            Ok(verification)
        };
        store::act_for::<Self, _, _>(&self.store, request, may_handle, work).await
    }

    async fn conclude_verification(&self, request: Request<ConcludeVerificationRequest>) -> Reply<Verification> {
        let work = async move |tx: Tx, request: ConcludeVerificationRequest, mut verification: Verification| {
            let findings = verification_file::findings(&tx, &verification).await?;
            let assessment = request.assessment.clone();
            life::conclude(&mut verification, request, findings, &tx.today().to_string())?;
            verification_file::assess(&tx, &verification, assessment).await?;
            Ok(verification)
        };
        store::act_for::<Self, _, _>(&self.store, request, may_handle, work).await
    }

    async fn decline_verification(&self, request: Request<DeclineVerificationRequest>) -> Reply<Verification> {
        let work = async move |tx: Tx, request: DeclineVerificationRequest, mut verification: Verification| {
            life::close(&mut verification, Status::Declined, request.reason, &tx.today().to_string())?;
            Ok(verification)
        };
        store::act_for::<Self, _, _>(&self.store, request, may_handle, work).await
    }

    async fn cancel_verification(&self, request: Request<CancelVerificationRequest>) -> Reply<Verification> {
        let work = async move |tx: Tx, request: CancelVerificationRequest, mut verification: Verification| {
            life::close(&mut verification, Status::Cancelled, request.reason, &tx.today().to_string())?;
            Ok(verification)
        };
        store::act::<Self, _, _>(&self.store, request, work).await
    }

    async fn find_standing_verification(
        &self,
        request: Request<FindStandingVerificationRequest>,
    ) -> Reply<StandingVerification> {
        let scope = visible::scope(&request);
        let FindStandingVerificationRequest { organization, as_of } = request.into_inner();
        let view = visible::view(&self.store, &as_of)?;
        let verification = standing(&self.store, &scope, &organization, &view).await?;
        Ok(Response::new(StandingVerification { organization, as_of: view.as_of.to_string(), verification }))
    }
});
