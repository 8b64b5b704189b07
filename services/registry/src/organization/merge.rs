//! Organizations that were found to be the same, made one, and two again.

mod plan;
mod references;
mod trail;

use std::collections::BTreeSet;

use api::options::v1::Failure;
use api::registry::v1::organization_merge::Status;
use api::registry::v1::organization_merge_service_server::OrganizationMergeService;
use api::registry::v1::*;
use api::shared::v1::Audience;
use api::shared::v1::audience::Circle;
use chassis::context::Context;
use chassis::error::{Error, Result};
use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Reply, Scope, Store, Tx, View};
use tonic::{Request, Response};

use self::trail::Image;
use super::Organizations;
use crate::child::{self, child, position};

store::entity!(row, "organization_merge", { status: i32 });
child!(body_row, "organization_merge_body", { body: String });

/// So many changes are told with a merge; the others are listed.
const TOLD_MAX: usize = 1_000;

/// The merges.
pub struct OrganizationMerges {
    store: Store,
}

impl OrganizationMerges {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for OrganizationMerges {
    type Message = OrganizationMerge;
    type List = ListOrganizationMergesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Government;

    fn columns(merge: &OrganizationMerge, row: &mut row::ActiveModel) {
        row.status = Set(merge.status);
    }

    fn filter(list: &ListOrganizationMergesRequest, _: &View) -> Condition {
        let named = body_row::Entity::find()
            .select_only()
            .column(body_row::Column::Parent)
            .filter(body_row::Column::Body.eq(list.organization.as_str()));
        let named = row::Column::Id.in_subquery(named.into_query());
        Condition::all()
            .add_option((list.status != 0).then(|| row::Column::Status.eq(list.status)))
            .add_option((!list.organization.is_empty()).then_some(named))
    }

    fn search_words(merge: &OrganizationMerge) -> Vec<&str> {
        vec![&merge.reason]
    }

    async fn prepare(_: &Tx, _: Option<&OrganizationMerge>, after: &mut OrganizationMerge) -> Result<()> {
        // Kept in the trail, and told to each as far as it may see the records.
        after.changes.clear();
        Ok(())
    }

    async fn index(tx: &Tx, merge: &OrganizationMerge) -> Result<()> {
        let id = api::Resource::id(merge);
        let bodies = std::iter::once(&merge.survivor).chain(&merge.duplicates).enumerate();
        let part = |(at, body): (usize, &String)| body_row::Model {
            parent: id.to_owned(),
            position: position(at),
            body: body.clone(),
        };
        child::replace::<body_row::Entity>(tx, id, bodies.map(part).collect()).await.map_err(store::database)
    }
}

/// What is to be merged, from either request.
#[derive(Clone)]
struct Wanted {
    survivor: String,
    duplicates: Vec<String>,
    choices: Vec<OrganizationMergeChoice>,
    reason: String,
    etag: String,
}

impl Wanted {
    /// Merges, and tells what that changed: the merge as it is recorded, and its trail.
    async fn merge(&self, tx: &Tx) -> Result<(OrganizationMerge, Vec<Image>)> {
        if self.duplicates.contains(&self.survivor) {
            return Err(Error::invalid("duplicates", "must not name the survivor"));
        }
        let survivor = store::load_for::<Organizations>(tx, &self.survivor, |_, _| true).await?;
        store::check_etag(&survivor, &self.etag)?;
        let mut duplicates = Vec::new();
        for name in &self.duplicates {
            duplicates.push(store::load_for::<Organizations>(tx, name, |_, _| true).await?);
        }
        let merged = plan::merged(&survivor, &duplicates, &self.choices)?;
        let record = self.record(tx, &survivor, &duplicates);
        // The duplicates give up their numbers before the survivor takes them.
        for before in duplicates {
            let mut after = before.clone();
            after.merged_into.clone_from(&self.survivor);
            after.retire_time = Some(stamp(tx.now()));
            store::save::<Organizations>(tx, "organization.merged", before, after).await?;
        }
        store::save::<Organizations>(tx, "organization.merged", survivor, merged).await?;
        for name in &self.duplicates {
            references::repoint(tx, name, &self.survivor).await?;
        }
        let images = tx.written().into_iter().map(Image::of).collect::<Result<Vec<_>>>()?;
        let change_count = i32::try_from(images.len()).unwrap_or(i32::MAX);
        Ok((OrganizationMerge { change_count, ..record }, images))
    }

    fn record(&self, tx: &Tx, survivor: &Organization, duplicates: &[Organization]) -> OrganizationMerge {
        let own = &tx.caller().organization;
        // Whoever may not know of one of the bodies need not know of the merge.
        let circle = |body: &Organization| body.audience.as_ref().map_or(Circle::Government, Audience::circle);
        let narrow = std::iter::once(survivor).chain(duplicates).any(|body| circle(body) == Circle::Owner);
        let circle = if narrow { Circle::Owner } else { Circle::Government };
        OrganizationMerge {
            survivor: self.survivor.clone(),
            duplicates: self.duplicates.clone(),
            choices: self.choices.clone(),
            reason: self.reason.clone(),
            merger: own.clone(),
            owner: if own.is_empty() { survivor.owner.clone() } else { own.clone() },
            audience: Some(Audience { circle: circle.into(), organizations: Vec::new() }),
            ..OrganizationMerge::default()
        }
    }
}

fn stamp(now: DateTime<Utc>) -> Timestamp {
    let nanos = i32::try_from(now.timestamp_subsec_nanos()).unwrap_or_default();
    Timestamp { seconds: now.timestamp(), nanos }
}

/// The changes that a caller may see, the first ones.
fn told(images: &[Image], scope: &Scope) -> Result<Vec<OrganizationMergeChange>> {
    images.iter().filter(|image| image.is_seen(scope)).take(TOLD_MAX).map(Image::change).collect()
}

/// Undoes a merge, if nothing that it changed has been changed since.
async fn undo(tx: &Tx, merge: &OrganizationMerge) -> Result<()> {
    if merge.status() == Status::RolledBack {
        return Err(Error::of(OrganizationMergeFailure::MergeRolledBack).with("name", &merge.name));
    }
    let images = trail::all(tx, api::Resource::id(merge)).await?;
    let scope = tx.scope();
    let mut changed = BTreeSet::new();
    for last in trail::last_of_each(&images) {
        if !references::stands(tx, last).await? {
            changed.insert(if last.is_seen(&scope) { last.resource.as_str() } else { "a record that you may not see" });
        }
    }
    if !changed.is_empty() {
        let changed: Vec<&str> = changed.into_iter().collect();
        let failure = Error::of(OrganizationMergeFailure::MergeChangedSince).with("name", &merge.name);
        return Err(failure.with("changed", changed.join(", ")));
    }
    for first in trail::first_of_each(&images).into_iter().rev() {
        references::restore(tx, first).await?;
    }
    Ok(())
}

#[tonic::async_trait]
impl OrganizationMergeService for OrganizationMerges {
    async fn get_organization_merge(&self, request: Request<GetOrganizationMergeRequest>) -> Reply<OrganizationMerge> {
        let scope = Scope::of(&Context::of(&request).caller);
        let mut answer = store::get::<Self>(&self.store, request).await?;
        let merge = answer.get_mut();
        let images = trail::page(self.store.read(), api::Resource::id(merge), 0, TOLD_MAX as u64).await?;
        merge.changes = told(&images, &scope)?;
        Ok(answer)
    }

    async fn list_organization_merges(
        &self,
        request: Request<ListOrganizationMergesRequest>,
    ) -> Reply<ListOrganizationMergesResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn list_organization_merge_changes(
        &self,
        request: Request<ListOrganizationMergeChangesRequest>,
    ) -> Reply<ListOrganizationMergeChangesResponse> {
        let scope = Scope::of(&Context::of(&request).caller);
        let request = request.into_inner();
        let merge = store::load::<Self>(self.store.read(), &scope, &request.name).await?;
        let from: i32 = match request.page_token.as_str() {
            "" => 0,
            token => token.parse().map_err(|_| Error::of(Failure::PageTokenInvalid))?,
        };
        let limit = if request.page_size == 0 { 50 } else { u64::from(request.page_size.unsigned_abs()) };
        let mut images = trail::page(self.store.read(), api::Resource::id(&merge), from, limit + 1).await?;
        let more = images.len() as u64 > limit;
        images.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next_page_token = match images.last().filter(|_| more) {
            Some(last) => (last.position + 1).to_string(),
            None => String::new(),
        };
        Ok(Response::new(ListOrganizationMergeChangesResponse { changes: told(&images, &scope)?, next_page_token }))
    }

    async fn preview_organization_merge(
        &self,
        request: Request<PreviewOrganizationMergeRequest>,
    ) -> Reply<OrganizationMerge> {
        let PreviewOrganizationMergeRequest { survivor, duplicates, choices } = request.get_ref().clone();
        let wanted = Wanted { survivor, duplicates, choices, reason: String::new(), etag: String::new() };
        let previewed = self.store.rehearse(&request, async move |tx: Tx| {
            let (mut merge, images) = wanted.merge(&tx).await?;
            merge.set_status(Status::Previewed);
            merge.changes = told(&images, &tx.scope())?;
            Ok(merge)
        });
        Ok(Response::new(previewed.await?))
    }

    async fn merge_organizations(&self, request: Request<MergeOrganizationsRequest>) -> Reply<OrganizationMerge> {
        let MergeOrganizationsRequest { survivor, duplicates, choices, reason, etag } = request.get_ref().clone();
        let wanted = Wanted { survivor, duplicates, choices, reason, etag };
        let merged = self.store.write(&request, async move |tx: Tx| {
            let (mut merge, images) = wanted.merge(&tx).await?;
            merge.set_status(Status::Merged);
            let mut merge = store::insert::<OrganizationMerges>(&tx, merge, "").await?;
            trail::keep(&tx, api::Resource::id(&merge), &images).await?;
            merge.changes = told(&images, &tx.scope())?;
            Ok(merge)
        });
        Ok(Response::new(merged.await?))
    }

    async fn rollback_organization_merge(
        &self,
        request: Request<RollbackOrganizationMergeRequest>,
    ) -> Reply<OrganizationMerge> {
        let RollbackOrganizationMergeRequest { name, reason, etag } = request.get_ref().clone();
        let undone = self.store.write(&request, async move |tx: Tx| {
            let before = store::load_for::<OrganizationMerges>(&tx, &name, |_, _| true).await?;
            store::check_etag(&before, &etag)?;
            undo(&tx, &before).await?;
            let mut after = before.clone();
            after.set_status(Status::RolledBack);
            after.rollback_time = Some(stamp(tx.now()));
            after.rollback_reason = reason;
            store::save::<OrganizationMerges>(&tx, &tx.context().change_type, before, after).await
        });
        Ok(Response::new(undone.await?))
    }

    async fn retire_organization_merge(
        &self,
        request: Request<RetireOrganizationMergeRequest>,
    ) -> Reply<OrganizationMerge> {
        store::retire::<Self>(&self.store, request).await
    }
}
