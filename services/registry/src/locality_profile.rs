//! What localities say of themselves for a period, and the ministry's review of it.

mod holding;
mod life;

use std::time::SystemTime;

use api::registry::v1::locality_profile::Status;
use api::registry::v1::locality_profile_service_server::LocalityProfileService;
use api::registry::v1::review_locality_profile_request::Decision;
use api::registry::v1::*;
use api::shared::v1::Audience;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use store::{Act, Asc, Desc, Order, Reply, Store, Tx, View, mention, party};
use tonic::Request;

use crate::country::Countries;
use crate::locality::{Localities, life_of};
use crate::period::{END, Span};
use crate::reporting_period::{check_open, days};
use crate::theme::Themes;
use crate::{MINISTRY, reference};

pub use holding::hand_over;

store::entity!(row, "locality_profile", {
    locality: String,
    period: String,
    first_day: String,
    status: i32,
    valid_from: String,
    valid_to: String,
});

use row::Column;

/// How many that wait for review are named at most.
const NAMED_MAX: u64 = 20;

/// The profiles.
pub struct LocalityProfiles {
    store: Store,
}

impl LocalityProfiles {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for LocalityProfiles {
    type Message = LocalityProfile;
    type List = ListLocalityProfilesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(profile: &LocalityProfile, row: &mut row::ActiveModel) {
        let still = profile.status() == Status::Accepted && profile.valid_to.is_empty();
        row.locality = Set(profile.locality.clone());
        row.period = Set(profile.period.clone());
        row.first_day = Set(days(&profile.period).map(|days| days.from).unwrap_or_default());
        row.status = Set(profile.status);
        row.valid_from = Set(profile.valid_from.clone());
        row.valid_to = Set(if still { END.to_owned() } else { profile.valid_to.clone() });
    }

    fn filter(list: &ListLocalityProfilesRequest, view: &View) -> Condition {
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        let day = view.as_of.to_string();
        let holding = Condition::all()
            .add(Column::Status.eq(Status::Accepted as i32))
            .add(Column::ValidFrom.lte(day.as_str()))
            .add(Column::ValidTo.gte(day.as_str()));
        let names = |name: &str| -> Option<Expr> { mention::of::<LocalityProfile>(Column::Id, name) };
        Condition::all()
            .add_option(text(Column::Locality, &list.locality))
            .add_option(text(Column::Period, &list.period))
            .add_option((list.status != 0).then(|| Column::Status.eq(list.status)))
            .add_option((!list.as_of.is_empty()).then_some(holding))
            .add_option(names(&list.sector))
            .add_option(names(&list.theme))
    }

    fn search_words(profile: &LocalityProfile) -> Vec<&str> {
        let strengths = profile.strengths.iter().map(|it| it.text.as_str());
        let needs = profile.needs.iter().map(|it| it.text.as_str());
        [profile.summary.as_str()].into_iter().chain(strengths).chain(needs).collect()
    }

    fn order() -> Order {
        Order::by(Column::Locality, Asc).then(Column::FirstDay, Desc)
    }

    async fn prepare(tx: &Tx, before: Option<&LocalityProfile>, after: &mut LocalityProfile) -> Result<()> {
        if after.owner != after.locality {
            let why = format!("must be the owner, {}: a locality gives its own profile", after.owner);
            return Err(Error::invalid("locality_profile.locality", why));
        }
        match before {
            None => begin(tx, after).await?,
            Some(before) => change(tx, before, after).await?,
        }
        let themes = reference::new(themes(after), before.into_iter().flat_map(themes));
        reference::check::<Themes>(tx, "locality_profile.themes", themes).await?;
        let countries = reference::new(countries(after), before.into_iter().flat_map(countries));
        reference::check::<Countries>(tx, "locality_profile.needs.countries", countries).await
    }

    async fn index(tx: &Tx, profile: &LocalityProfile) -> Result<()> {
        mention::keep(tx, profile, themes(profile).chain(&profile.priority_sectors).map(String::as_str)).await
    }
}

fn themes(profile: &LocalityProfile) -> impl Iterator<Item = &String> {
    let strengths = profile.strengths.iter().flat_map(|it| &it.themes);
    let needs = profile.needs.iter().flat_map(|it| &it.themes);
    profile.themes.iter().chain(strengths).chain(needs)
}

fn countries(profile: &LocalityProfile) -> impl Iterator<Item = &String> {
    profile.needs.iter().flat_map(|it| &it.countries)
}

/// A new profile is a draft, of a locality that exists in some part of the period.
async fn begin(tx: &Tx, profile: &mut LocalityProfile) -> Result<()> {
    store::require::<Localities>(tx, "locality_profile.locality", &profile.locality).await?;
    check_open(tx, &profile.period).await?;
    let life = life_of(tx, &profile.locality).await?;
    if !days(&profile.period).is_some_and(|days| days.overlaps(&life)) {
        let error = Error::of(LocalityProfileFailure::ProfileLocalityEnded).with("locality", &profile.locality);
        return Err(error.with("from", life.from).with("to", life.to).with("period", &profile.period));
    }
    profile.set_status(Status::Draft);
    Ok(())
}

/// What the locality wrote changes only while it is the locality's to change, and nothing that anybody does changes what was
/// reported for a frozen period. That another profile follows is not done to this one.
async fn change(tx: &Tx, before: &LocalityProfile, after: &mut LocalityProfile) -> Result<()> {
    let retiring = after.retire_time.is_some() && before.retire_time.is_none();
    let rewritten = !life::changed(before, after).is_empty();
    if rewritten || retiring {
        life::editable(before)?;
    }
    if rewritten || retiring || before.status != after.status {
        check_open(tx, &after.period).await?;
    }
    if rewritten {
        life::correct(before, after);
    }
    Ok(())
}

/// The profiles for a period that wait for review; some of them, if there are many.
pub async fn waiting(tx: &Tx, period: &str) -> Result<Vec<String>> {
    let select = row::Entity::find().filter(Column::Period.eq(period));
    names(tx, select.filter(Column::Status.eq(Status::Submitted as i32))).await
}

/// Another profile of the same locality and period that waits for review.
async fn other_waiting(tx: &Tx, profile: &LocalityProfile) -> Result<Option<String>> {
    let select = row::Entity::find()
        .filter(Column::Locality.eq(profile.locality.as_str()))
        .filter(Column::Period.eq(profile.period.as_str()))
        .filter(Column::Status.eq(Status::Submitted as i32))
        .filter(Column::Id.ne(api::Resource::id(profile)));
    Ok(names(tx, select).await?.into_iter().next())
}

async fn names(tx: &Tx, select: store::sea_orm::Select<row::Entity>) -> Result<Vec<String>> {
    let ids = select
        .select_only()
        .column(Column::Id)
        .filter(Column::RetiredAt.is_null())
        .order_by_asc(Column::Id)
        .limit(NAMED_MAX)
        .into_tuple::<String>();
    let ids = ids.all(tx).await.map_err(store::database)?;
    Ok(ids.into_iter().map(|id| format!("localityProfiles/{id}")).collect())
}

fn act(tx: &Tx) -> Act<'_> {
    Act { by: tx.caller(), at: SystemTime::from(tx.now()).into(), today: tx.today() }
}

async fn submit(
    tx: Tx,
    request: SubmitLocalityProfileRequest,
    mut profile: LocalityProfile,
) -> Result<LocalityProfile> {
    // Of two that are submitted at a time, the second one finds the first.
    life_of(&tx, &profile.locality).await?;
    life::submit(&mut profile, request, &act(&tx))?;
    if let Some(other) = other_waiting(&tx, &profile).await? {
        let error = life::failure(LocalityProfileFailure::ProfileAlreadyWaits, &profile);
        return Err(error.with("other", other));
    }
    party::admit(&mut profile, &[], &[MINISTRY.to_owned()]);
    Ok(profile)
}

async fn review(
    tx: Tx,
    request: ReviewLocalityProfileRequest,
    mut profile: LocalityProfile,
) -> Result<LocalityProfile> {
    let (decision, audience) = (request.decision(), request.audience.clone());
    let life: Span = life_of(&tx, &profile.locality).await?;
    life::review(&mut profile, request, &act(&tx))?;
    if decision == Decision::Accept {
        holding::take_place(&tx, &mut profile, &life).await?;
        let mut audience =
            audience.unwrap_or_else(|| Audience { circle: 0, ..profile.audience.take().unwrap_or_default() });
        if audience.circle() == Circle::Unspecified {
            audience.set_circle(Circle::Public);
        }
        profile.audience = Some(audience);
        party::admit(&mut profile, &[], &[MINISTRY.to_owned()]);
    }
    Ok(profile)
}

async fn withdraw(
    tx: Tx,
    request: WithdrawLocalityProfileRequest,
    mut profile: LocalityProfile,
) -> Result<LocalityProfile> {
    life::withdraw(&mut profile, request, &act(&tx))?;
    party::admit(&mut profile, &[MINISTRY.to_owned()], &[]);
    Ok(profile)
}

store::serve!(LocalityProfileService for LocalityProfiles, locality_profile, locality_profiles, {
    async fn submit_locality_profile(&self, request: Request<SubmitLocalityProfileRequest>) -> Reply<LocalityProfile> {
        store::act::<Self, _, _>(&self.store, request, submit).await
    }

    async fn review_locality_profile(&self, request: Request<ReviewLocalityProfileRequest>) -> Reply<LocalityProfile> {
        store::act_for::<Self, _, _>(&self.store, request, |_, _| true, review).await
    }

    async fn withdraw_locality_profile(
        &self,
        request: Request<WithdrawLocalityProfileRequest>,
    ) -> Reply<LocalityProfile> {
        store::act::<Self, _, _>(&self.store, request, withdraw).await
    }
});
