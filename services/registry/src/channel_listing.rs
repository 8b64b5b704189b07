//! Products on electronic platforms of trade.

mod history;

use api::registry::v1::channel_listing::Status;
use api::registry::v1::channel_listing_service_server::ChannelListingService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::Result;
use store::fold::fold;
use store::sea_orm::sea_query::{Expr, Func, Query, SelectStatement};
use store::sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use store::{Reply, Scope, Store, Tx, View};
use tonic::Request;

use crate::child::{self, child, position};
use crate::country::Countries;
use crate::naming::named;
use crate::organization::Organizations;
use crate::product::Products;
use crate::{reference, visible};
use history::Turn;

store::entity!(row, "channel_listing", { product: String, platform: String });
child!(state_row, "channel_listing_state", { status: i32, valid_from: String, valid_to: String });
child!(market_row, "channel_listing_market", { country: String });

/// The listings.
pub struct ChannelListings {
    store: Store,
}

impl ChannelListings {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for ChannelListings {
    type Message = ChannelListing;
    type List = ListChannelListingsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(listing: &ChannelListing, row: &mut row::ActiveModel) {
        row.product = Set(listing.product.clone());
        row.platform = Set(fold(&listing.platform));
    }

    fn filter(list: &ListChannelListingsRequest, view: &View) -> Condition {
        use row::Column;
        let statuses = match (list.status(), list.show_withdrawn) {
            (Status::Unspecified, false) => vec![Status::Listed, Status::Suspended],
            (Status::Unspecified, true) => vec![Status::Listed, Status::Suspended, Status::Withdrawn],
            (status, _) => vec![status],
        };
        let market = || Column::Id.in_subquery(in_market(&named("countries", &list.market)));
        Condition::all()
            .add(Column::Id.in_subquery(being(&statuses, &view.as_of.to_string())))
            .add_option((!list.product.is_empty()).then(|| Column::Product.eq(list.product.as_str())))
            .add_option((!list.platform.is_empty()).then(|| Column::Platform.eq(fold(&list.platform))))
            .add_option((!list.market.is_empty()).then(market))
    }

    fn search_words(listing: &ChannelListing) -> Vec<&str> {
        vec![&listing.platform, &listing.note]
    }

    async fn prepare(tx: &Tx, before: Option<&ChannelListing>, after: &mut ChannelListing) -> Result<()> {
        if before.is_none() {
            after.history.clear();
            store::require::<Products>(tx, "channel_listing.product", &after.product).await?;
        }
        history::begin(after, &tx.caller().organization, &tx.today().to_string())?;
        // What follows the change log shows it as it was last.
        after.set_status(history::last(after));
        let markets = reference::new(&after.markets, before.into_iter().flat_map(|it| &it.markets));
        reference::check::<Countries>(tx, "channel_listing.markets", markets).await?;
        let sellers = reference::new([&after.seller], before.map(|it| &it.seller));
        reference::check::<Organizations>(tx, "channel_listing.seller", sellers).await
    }

    async fn index(tx: &Tx, listing: &ChannelListing) -> Result<()> {
        let id = api::Resource::id(listing);
        let state = |(at, (status, span)): (usize, (Status, crate::period::Span))| state_row::Model {
            parent: id.to_owned(),
            position: position(at),
            status: status as i32,
            valid_from: span.from,
            valid_to: span.to,
        };
        let states = history::stretches(listing).into_iter().enumerate().map(state).collect();
        child::replace::<state_row::Entity>(tx, id, states).await.map_err(store::database)?;
        let market = |(at, country): (usize, &String)| market_row::Model {
            parent: id.to_owned(),
            position: position(at),
            country: country.clone(),
        };
        let markets = listing.markets.iter().enumerate().map(market).collect();
        child::replace::<market_row::Entity>(tx, id, markets).await.map_err(store::database)
    }

    fn view(listing: &mut ChannelListing, view: &View) {
        listing.set_status(history::on(listing, &view.as_of.to_string()));
    }
}

/// The ids of the listings that were one of these on a day.
fn being(statuses: &[Status], day: &str) -> SelectStatement {
    use state_row::Column;
    let statuses = statuses.iter().map(|status| *status as i32);
    state_row::Entity::find()
        .select_only()
        .column(Column::Parent)
        .filter(Column::Status.is_in(statuses))
        .filter(Column::ValidFrom.lte(day))
        .filter(Column::ValidTo.gte(day))
        .into_query()
}

fn in_market(country: &str) -> SelectStatement {
    use market_row::Column;
    market_row::Entity::find().select_only().column(Column::Parent).filter(Column::Country.eq(country)).into_query()
}

/// A listing as it counts for markets.
#[derive(Debug, Clone, PartialEq)]
pub struct Shelf {
    /// Its resource name.
    pub name: String,
    /// Where it can be ordered.
    pub markets: Vec<String>,
}

/// Where a product was on sale on a day, of what the scope sees.
pub async fn of_product(store: &Store, scope: &Scope, product: &str, day: &str) -> Result<Vec<Shelf>> {
    let ids = Query::select()
        .column(row::Column::Id)
        .from(row::Entity)
        .and_where(row::Column::Product.eq(product))
        .and_where(row::Column::Id.in_subquery(visible::ids::<row::Entity>(scope)))
        .and_where(row::Column::Id.in_subquery(being(&[Status::Listed], day)))
        .to_owned();
    let rows = market_row::Entity::find()
        .filter(market_row::Column::Parent.in_subquery(ids))
        .order_by_asc(market_row::Column::Parent)
        .order_by_asc(market_row::Column::Position)
        .all(store.read())
        .await
        .map_err(store::database)?;
    let mut shelves: Vec<Shelf> = Vec::new();
    for row in rows {
        let name = format!("channelListings/{}", row.parent);
        match shelves.last_mut().filter(|shelf| shelf.name == name) {
            Some(shelf) => shelf.markets.push(row.country),
            None => shelves.push(Shelf { name, markets: vec![row.country] }),
        }
    }
    Ok(shelves)
}

/// The ids of the products that were on sale in a market on a day, by listings that everybody may see.
pub fn listed_in(country: &str, day: &str) -> SelectStatement {
    let nobody = Scope::of(&chassis::caller::Caller::default());
    Query::select()
        // What follows "products/".
        .expr(Func::cust("substr").arg(Expr::col(row::Column::Product)).arg(10))
        .from(row::Entity)
        .and_where(row::Column::Id.in_subquery(visible::ids::<row::Entity>(&nobody)))
        .and_where(row::Column::Id.in_subquery(in_market(country)))
        .and_where(row::Column::Id.in_subquery(being(&[Status::Listed], day)))
        .to_owned()
}

/// Records a turn, from a day on.
fn turned(tx: &Tx, mut listing: ChannelListing, to: Status, reason: String, date: String) -> Result<ChannelListing> {
    let (recorder, today) = (&tx.caller().organization, tx.today().to_string());
    history::turn(&mut listing, Turn { to, reason, date, recorder, today })?;
    Ok(listing)
}

store::serve!(ChannelListingService for ChannelListings, channel_listing, channel_listings, {
    async fn suspend_channel_listing(&self, request: Request<SuspendChannelListingRequest>) -> Reply<ChannelListing> {
        let suspend = async move |tx: Tx, asked: SuspendChannelListingRequest, listing: ChannelListing| {
            turned(&tx, listing, Status::Suspended, asked.reason, asked.effective_date)
        };
        store::act::<Self, _, _>(&self.store, request, suspend).await
    }

    async fn resume_channel_listing(&self, request: Request<ResumeChannelListingRequest>) -> Reply<ChannelListing> {
        let resume = async move |tx: Tx, asked: ResumeChannelListingRequest, listing: ChannelListing| {
            turned(&tx, listing, Status::Listed, asked.reason, asked.effective_date)
        };
        store::act::<Self, _, _>(&self.store, request, resume).await
    }

    async fn withdraw_channel_listing(&self, request: Request<WithdrawChannelListingRequest>) -> Reply<ChannelListing> {
        let withdraw = async move |tx: Tx, asked: WithdrawChannelListingRequest, listing: ChannelListing| {
            turned(&tx, listing, Status::Withdrawn, asked.reason, asked.effective_date)
        };
        store::act::<Self, _, _>(&self.store, request, withdraw).await
    }
});
