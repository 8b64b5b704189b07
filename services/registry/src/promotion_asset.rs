//! What products are promoted with: clips, pictures, leaflets, each in one language and for some markets.

mod life;
mod offer;

use api::registry::v1::promotion_asset::Status;
use api::registry::v1::promotion_asset_service_server::PromotionAssetService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::caller::{Caller, Role};
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Reply, Scope, Store, Tx, View};
use tonic::Request;

use crate::child::{self, child, position};
use crate::country::Countries;
use crate::naming::named;
use crate::product::Products;
use crate::reference;

pub use offer::{Material, of_product, promoted_in};

store::entity!(row, "promotion_asset", {
    product: String,
    language: String,
    media: i32,
    status: i32,
    live_from: String,
    live_to: String,
    claim: Option<String>,
});
child!(market_row, "promotion_asset_market", { country: String });
child!(author_row, "promotion_asset_author", { author: String });

/// Stands for a market where none is targeted in particular.
const ANY: &str = "";

/// The assets.
pub struct PromotionAssets {
    store: Store,
}

impl PromotionAssets {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for PromotionAssets {
    type Message = PromotionAsset;
    type List = ListPromotionAssetsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;

    fn columns(asset: &PromotionAsset, row: &mut row::ActiveModel) {
        let live = life::live(asset);
        row.product = Set(asset.product.clone());
        row.language = Set(asset.language.to_lowercase());
        row.media = Set(asset.media);
        row.status = Set(asset.status);
        row.live_from = Set(live.from);
        row.live_to = Set(live.to);
        let follows = asset.retire_time.is_none() && !asset.predecessor.is_empty();
        row.claim = Set(follows.then(|| asset.predecessor.clone()));
    }

    fn filter(list: &ListPromotionAssetsRequest, view: &View) -> Condition {
        use row::Column;
        let day = view.as_of.to_string();
        let tag = list.language.to_lowercase();
        let speaks =
            || Condition::any().add(Column::Language.eq(&tag)).add(Column::Language.starts_with(format!("{tag}-")));
        let live = || Condition::all().add(Column::LiveFrom.lte(day.as_str())).add(Column::LiveTo.gte(day.as_str()));
        let meant = || {
            let markets = [named("countries", &list.market), ANY.to_owned()];
            let meant = market_row::Entity::find().select_only().column(market_row::Column::Parent);
            Column::Id.in_subquery(meant.filter(market_row::Column::Country.is_in(markets)).into_query())
        };
        Condition::all()
            .add_option((!list.product.is_empty()).then(|| Column::Product.eq(list.product.as_str())))
            .add_option((!list.language.is_empty()).then(speaks))
            .add_option((!list.market.is_empty()).then(meant))
            .add_option((list.status != 0).then(|| Column::Status.eq(list.status)))
            .add_option((list.media != 0).then(|| Column::Media.eq(list.media)))
            .add_option((!list.as_of.is_empty()).then(live))
    }

    fn search_words(asset: &PromotionAsset) -> Vec<&str> {
        vec![&asset.title, &asset.description]
    }

    async fn prepare(tx: &Tx, before: Option<&PromotionAsset>, after: &mut PromotionAsset) -> Result<()> {
        match before {
            None => begin(tx, after).await?,
            // Reference data follows its file.
            Some(_) if tx.caller().is(Role::Service) => {}
            Some(before) => life::check_change(before, after)?,
        }
        let markets = reference::new(&after.target_markets, before.into_iter().flat_map(|it| &it.target_markets));
        reference::check::<Countries>(tx, "promotion_asset.target_markets", markets).await
    }

    async fn index(tx: &Tx, asset: &PromotionAsset) -> Result<()> {
        let id = api::Resource::id(asset);
        let any = [ANY.to_owned()];
        let markets = if asset.target_markets.is_empty() { &any[..] } else { &asset.target_markets };
        let part = |(at, country): (usize, &String)| market_row::Model {
            parent: id.to_owned(),
            position: position(at),
            country: country.clone(),
        };
        let parts = markets.iter().enumerate().map(part).collect();
        child::replace::<market_row::Entity>(tx, id, parts).await.map_err(store::database)
    }

    /// Keeps who wrote it as it stands, apart from the record: an approved asset is public, who wrote it is not.
    async fn follow(tx: &Tx, before: Option<&PromotionAsset>, after: &PromotionAsset) -> Result<()> {
        if before.is_some_and(|before| !life::is_rewritten(before, after)) {
            return Ok(());
        }
        let id = api::Resource::id(after);
        let row = author_row::Model { parent: id.to_owned(), position: 0, author: signature(tx.caller()) };
        child::replace::<author_row::Entity>(tx, id, vec![row]).await.map_err(store::database)
    }

    fn taken(index: &str) -> Option<Error> {
        index.contains("claim").then(|| Error::of(PromotionAssetFailure::AssetSuccessorExists))
    }
}

/// Subjects are told apart by their issuers, within an organization.
fn signature(caller: &Caller) -> String {
    format!("{}\n{}", caller.organization, caller.subject)
}

/// A new asset: a draft, whatever it says of itself. Reference data knows what became of it.
async fn begin(tx: &Tx, asset: &mut PromotionAsset) -> Result<()> {
    store::require::<Products>(tx, "promotion_asset.product", &asset.product).await?;
    asset.version = 1;
    if !asset.predecessor.is_empty() {
        store::require::<PromotionAssets>(tx, "promotion_asset.predecessor", &asset.predecessor).await?;
        let predecessor = store::load::<PromotionAssets>(tx, &tx.scope(), &asset.predecessor).await?;
        life::check_succession(&predecessor, asset)?;
        asset.version = predecessor.version + 1;
    }
    if !tx.caller().is(Role::Service) {
        life::make_draft(asset);
    }
    Ok(())
}

/// An officer of its owner or of the ministry, but not the one who wrote it.
async fn check_approver(tx: &Tx, asset: &PromotionAsset) -> Result<()> {
    let caller = tx.caller();
    if caller.organization != asset.owner && !caller.is(Role::MinistryOfficer) && !caller.is(Role::Administrator) {
        let why = format!("{} or the ministry approves {}", asset.owner, asset.name);
        return Err(Error::permission_denied(why));
    }
    life::check_draft(asset)?;
    let author = author_row::Entity::find()
        .filter(author_row::Column::Parent.eq(api::Resource::id(asset)))
        .filter(author_row::Column::Author.eq(signature(caller)))
        .one(tx)
        .await
        .map_err(store::database)?;
    match author {
        Some(_) => Err(Error::of(PromotionAssetFailure::SamePersonApproves).with("name", &asset.name)),
        None => Ok(()),
    }
}

/// The version before goes out of use, if it is still in it.
async fn supersede(tx: &Tx, asset: &PromotionAsset) -> Result<()> {
    if asset.predecessor.is_empty() {
        return Ok(());
    }
    let before = store::load::<PromotionAssets>(tx, &Scope::everything(), &asset.predecessor).await?;
    if before.status() != Status::Approved {
        return Ok(());
    }
    let mut after = before.clone();
    after.set_status(Status::Superseded);
    after.end_time = asset.approve_time;
    after.successor.clone_from(&asset.name);
    store::save::<PromotionAssets>(tx, "promotionAsset.superseded", before, after).await.map(drop)
}

store::serve!(PromotionAssetService for PromotionAssets, promotion_asset, promotion_assets, {
    async fn approve_promotion_asset(&self, request: Request<ApprovePromotionAssetRequest>) -> Reply<PromotionAsset> {
        let may = |_: &Caller, _: &PromotionAsset| true;
        let approve = async move |tx: Tx, request: ApprovePromotionAssetRequest, mut asset: PromotionAsset| {
            check_approver(&tx, &asset).await?;
            asset.set_status(Status::Approved);
            asset.approve_time = Some(std::time::SystemTime::from(tx.now()).into());
            asset.approver.clone_from(&tx.caller().organization);
            asset.approve_note = request.note;
            asset.audience = Some(life::opened(request.audience));
            supersede(&tx, &asset).await?;
            Ok(asset)
        };
        store::act_for::<Self, _, _>(&self.store, request, may, approve).await
    }

    async fn withdraw_promotion_asset(&self, request: Request<WithdrawPromotionAssetRequest>) -> Reply<PromotionAsset> {
        let withdraw = async move |tx: Tx, request: WithdrawPromotionAssetRequest, asset: PromotionAsset| {
            life::withdraw(asset, request.reason, tx.now())
        };
        store::act::<Self, _, _>(&self.store, request, withdraw).await
    }
});
