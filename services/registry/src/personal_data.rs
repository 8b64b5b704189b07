//! What the law on personal data asks for: who was shown whose data, all that is held on one person, and its erasure.

use api::registry::v1::personal_data_service_server::PersonalDataService;
use api::registry::v1::*;
use chassis::caller::{Caller, Role};
use chassis::context::Context;
use chassis::error::{Error, Result};
use prost_types::{Any, Timestamp};
use store::personal::{self, Access, Trait};
use store::{Reply, Resource, Scope, Store, Tx};
use tonic::{Request, Response};

use crate::contact::Contacts;
use crate::focal_point::FocalPoints;
use api::options::v1::Failure;

/// More records than this are not one person's.
const RECORDS_MAX: usize = 200;
/// So many accesses are told with a record.
const ACCESSES_MAX: u64 = 1_000;

/// Serves it.
pub struct PersonalData {
    store: Store,
}

/// Kinds of record that hold data on one person each.
trait Person: Resource {
    /// What the data is kept for.
    fn purpose(record: &Self::Message) -> String;
    /// E-mail address and telephone number.
    fn reached(record: &Self::Message) -> [&str; 2];
    /// Notes in the record that its data was erased.
    fn erased(record: &mut Self::Message, erasure: &PersonalDataErasure);
    /// The change type of that.
    const ERASED: &'static str;
}

impl Person for Contacts {
    const ERASED: &'static str = "contact.erased";

    fn purpose(contact: &Contact) -> String {
        contact.purpose.clone()
    }

    fn reached(contact: &Contact) -> [&str; 2] {
        [&contact.email, &contact.phone]
    }

    fn erased(contact: &mut Contact, erasure: &PersonalDataErasure) {
        contact.erasure = Some(erasure.clone());
    }
}

impl Person for FocalPoints {
    const ERASED: &'static str = "focalPoint.erased";

    fn purpose(_: &FocalPoint) -> String {
        "Work between bodies of the state: who is in charge of external relations".to_owned()
    }

    fn reached(point: &FocalPoint) -> [&str; 2] {
        [&point.work_email, &point.work_phone]
    }

    fn erased(_: &mut FocalPoint, _: &PersonalDataErasure) {}
}

impl PersonalData {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The records of one kind that all of `traits` fit.
    async fn found<R: Person>(
        &self,
        context: &Context,
        traits: &[Trait],
        reason: &str,
    ) -> Result<Vec<PersonalDataRecord>>
    where
        R::Message: prost::Name,
    {
        let names = personal::find::<R>(&self.store, context, traits, RECORDS_MAX as u64 + 1).await?;
        self.records::<R>(context, &names, reason).await
    }

    async fn records<R: Person>(
        &self,
        context: &Context,
        names: &[String],
        reason: &str,
    ) -> Result<Vec<PersonalDataRecord>> {
        if names.len() > RECORDS_MAX {
            let what = format!("more than {RECORDS_MAX} records fit; say more of the person");
            return Err(Error::invalid("display_name", what));
        }
        let mut records = Vec::new();
        for record in personal::look::<R>(&self.store, context, names, reason).await? {
            if !R::PERSONAL_READERS.see(&context.caller, &record) {
                continue;
            }
            let name = api::Resource::name(&record).to_owned();
            let history = personal::history::<R>(&self.store, &name).await?;
            let accesses = personal::accesses(&self.store, &name, None, ACCESSES_MAX).await?;
            let version = |past: personal::Past<R::Message>| personal_data_record::Version {
                version: past.version,
                time: past.time,
                change_type: past.change_type,
                actor: Some(past.actor),
                record: Some(any(&past.record)),
            };
            records.push(PersonalDataRecord {
                purpose: R::purpose(&record),
                record: Some(any(&record)),
                history: history.into_iter().map(version).collect(),
                accesses: accesses.into_iter().map(told).collect(),
                name,
            });
        }
        Ok(records)
    }

    /// By what the record of this name tells of the person: its e-mail address and its telephone number.
    async fn traits_of<R: Person>(&self, context: &Context, name: &str, reason: &str) -> Result<Vec<Trait>> {
        let names = [name.to_owned()];
        let record = personal::look::<R>(&self.store, context, &names, reason).await?.pop();
        let record = record.ok_or_else(|| Error::not_found(name))?;
        if !R::PERSONAL_READERS.see(&context.caller, &record) {
            return Err(Error::permission_denied(format!("it may not see the personal data of {name}")));
        }
        let [email, phone] = R::reached(&record);
        let mut traits = Vec::new();
        if !email.is_empty() {
            traits.push(Trait::Whole(email.to_owned()));
        }
        if has_number(phone) {
            traits.push(Trait::Digits(phone.to_owned()));
        }
        Ok(traits)
    }

    async fn export(&self, context: &Context, request: &ExportPersonalDataRequest) -> Result<Vec<PersonalDataRecord>> {
        let reason = match request.request_reference.as_str() {
            "" => request.reason.clone(),
            reference => format!("{} ({reference})", request.reason),
        };
        let mut traits = Vec::new();
        if !request.email.is_empty() {
            traits.push(Trait::Whole(request.email.clone()));
        }
        if !request.phone.is_empty() {
            if !has_number(&request.phone) {
                return Err(Error::invalid("phone", "must have at least six digits"));
            }
            traits.push(Trait::Digits(request.phone.clone()));
        }
        if !request.display_name.is_empty() {
            if !request.display_name.chars().any(char::is_alphanumeric) {
                return Err(Error::invalid("display_name", "must have a letter or a digit"));
            }
            traits.push(Trait::Words(request.display_name.clone()));
        }
        if request.name.is_empty() && traits.is_empty() {
            return Err(Error::invalid("name", "or email, phone or display_name is required"));
        }
        let mut records = Vec::new();
        if !traits.is_empty() {
            records.extend(self.found::<Contacts>(context, &traits, &reason).await?);
            records.extend(self.found::<FocalPoints>(context, &traits, &reason).await?);
        }
        if !request.name.is_empty() {
            let own = match request.name.split('/').next() {
                Some("contacts") => self.traits_of::<Contacts>(context, &request.name, &reason).await?,
                Some("focalPoints") => self.traits_of::<FocalPoints>(context, &request.name, &reason).await?,
                _ => return Err(Error::invalid("name", "must be that of a contact or a focal point")),
            };
            let given = !traits.is_empty();
            let mut of_name = self.of_one(context, &request.name, &reason).await?;
            for one in own {
                of_name.extend(self.found::<Contacts>(context, std::slice::from_ref(&one), &reason).await?);
                of_name.extend(self.found::<FocalPoints>(context, std::slice::from_ref(&one), &reason).await?);
            }
            match given {
                true => records.retain(|record| of_name.iter().any(|other| other.name == record.name)),
                false => records = of_name,
            }
        }
        records.sort_by(|one, other| one.name.cmp(&other.name));
        records.dedup_by(|one, other| one.name == other.name);
        Ok(records)
    }

    async fn of_one(&self, context: &Context, name: &str, reason: &str) -> Result<Vec<PersonalDataRecord>> {
        let names = [name.to_owned()];
        match name.starts_with("contacts/") {
            true => self.records::<Contacts>(context, &names, reason).await,
            false => self.records::<FocalPoints>(context, &names, reason).await,
        }
    }

    async fn erase<R: Person>(&self, request: Request<ErasePersonalDataRequest>) -> Reply<PersonalDataErasure> {
        let asked = request.get_ref().clone();
        let erased = self.store.write(&request, async move |tx: Tx| erase_in::<R>(&tx, asked).await);
        Ok(Response::new(erased.await?))
    }

    /// Whether the caller may know who was shown the record: its owner, auditors and administrators may.
    async fn check_may_ask<R: Resource>(&self, caller: &Caller, name: &str) -> Result<()> {
        let record = store::load::<R>(self.store.read(), &Scope::of(caller), name).await?;
        let may = R::may_own(caller, &record) || caller.is(Role::Auditor) || caller.is(Role::MinistryOfficer);
        match may {
            true => Ok(()),
            false => {
                let owner = api::Resource::owner(&record);
                Err(Error::permission_denied(format!("{name} belongs to {owner}")))
            }
        }
    }
}

async fn erase_in<R: Person>(tx: &Tx, asked: ErasePersonalDataRequest) -> Result<PersonalDataErasure> {
    // Retired records as well: that they are out of use does not take the data out of them.
    let before = store::load::<R>(tx, &tx.scope(), &asked.name).await?;
    if !R::may_own(tx.caller(), &before) && !tx.caller().is(Role::MinistryOfficer) {
        let owner = api::Resource::owner(&before);
        return Err(Error::permission_denied(format!("{} belongs to {owner}", asked.name)));
    }
    store::check_etag(&before, &asked.etag)?;
    if personal::is_erased(tx, &asked.name).await? {
        return Err(Error::of(PersonalDataFailure::PersonalDataErased).with("name", &asked.name));
    }
    let now = tx.now();
    let nanos = i32::try_from(now.timestamp_subsec_nanos()).unwrap_or_default();
    let erasure = PersonalDataErasure {
        time: Some(Timestamp { seconds: now.timestamp(), nanos }),
        reason: asked.reason,
        request_reference: asked.request_reference,
        eraser: tx.caller().organization.clone(),
        resource: asked.name,
    };
    let mut after = before.clone();
    R::erased(&mut after, &erasure);
    personal::erase::<R>(tx, R::ERASED, before, after).await?;
    Ok(erasure)
}

fn has_number(phone: &str) -> bool {
    phone.chars().filter(char::is_ascii_digit).count() >= 6
}

fn any<M: prost::Message + prost::Name>(record: &M) -> Any {
    Any { type_url: format!("type.googleapis.com/{}", M::full_name()), value: record.encode_to_vec() }
}

fn told(access: Access) -> PersonalDataAccess {
    let (seconds, micros) = (access.time.div_euclid(1_000_000), access.time.rem_euclid(1_000_000));
    PersonalDataAccess {
        time: Some(Timestamp { seconds, nanos: i32::try_from(micros * 1_000).unwrap_or_default() }),
        actor: Some(access.actor),
        method: access.method,
        resource: access.name,
        trace_id: access.trace_id,
        reason: access.reason,
    }
}

/// Where a page of accesses goes on: behind the one of this time and id.
fn place(token: &str) -> Result<Option<(i64, &str)>> {
    if token.is_empty() {
        return Ok(None);
    }
    let place = token.split_once('-').and_then(|(time, id)| Some((time.parse().ok()?, id)));
    place.map(Some).ok_or_else(|| Error::of(Failure::PageTokenInvalid))
}

#[tonic::async_trait]
impl PersonalDataService for PersonalData {
    async fn export_personal_data(
        &self,
        request: Request<ExportPersonalDataRequest>,
    ) -> Reply<ExportPersonalDataResponse> {
        let context = Context::of(&request);
        let records = self.export(&context, request.get_ref()).await?;
        Ok(Response::new(ExportPersonalDataResponse { records }))
    }

    async fn erase_contact(&self, request: Request<ErasePersonalDataRequest>) -> Reply<PersonalDataErasure> {
        self.erase::<Contacts>(request).await
    }

    async fn erase_focal_point(&self, request: Request<ErasePersonalDataRequest>) -> Reply<PersonalDataErasure> {
        self.erase::<FocalPoints>(request).await
    }

    async fn list_personal_data_accesses(
        &self,
        request: Request<ListPersonalDataAccessesRequest>,
    ) -> Reply<ListPersonalDataAccessesResponse> {
        let caller = Context::of(&request).caller.clone();
        let request = request.into_inner();
        match request.name.starts_with("contacts/") {
            true => self.check_may_ask::<Contacts>(&caller, &request.name).await?,
            false => self.check_may_ask::<FocalPoints>(&caller, &request.name).await?,
        }
        let limit = if request.page_size == 0 { 50 } else { u64::from(request.page_size.unsigned_abs()) };
        let after = place(&request.page_token)?;
        let mut accesses = personal::accesses(&self.store, &request.name, after, limit + 1).await?;
        let more = accesses.len() as u64 > limit;
        accesses.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next_page_token = match accesses.last().filter(|_| more) {
            Some(last) => format!("{}-{}", last.time, last.id),
            None => String::new(),
        };
        let accesses = accesses.into_iter().map(told).collect();
        Ok(Response::new(ListPersonalDataAccessesResponse { accesses, next_page_token }))
    }
}
