//! Who took records in or out in files, and which.

use api::registry::v1::bulk_transfer_service_server::BulkTransferService;
use api::registry::v1::*;
use api::shared::v1::Actor;
use api::shared::v1::audience::Circle;
use chassis::caller::Caller;
use chrono::{Days, FixedOffset, NaiveDate, NaiveTime, TimeZone};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition};
use store::{Desc, Order, Reply, Store, View};
use tonic::Request;

store::entity!(row, "bulk_transfer", { direction: i32, collection: String, personal_data: bool });

use row::Column;

/// Who answers for what a caller does who acts for no organization: the ministry.
const MINISTRY: &str = "agencies/g08";

/// Viet Nam is seven hours ahead of UTC, and has been since 1975.
const VIET_NAM_SECONDS: i32 = 7 * 3600;

/// The entries.
pub struct BulkTransfers {
    store: Store,
}

impl BulkTransfers {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for BulkTransfers {
    type Message = BulkTransfer;
    type List = ListBulkTransfersRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;
    const INDEXED: bool = false;

    fn columns(transfer: &BulkTransfer, row: &mut row::ActiveModel) {
        row.direction = Set(transfer.direction);
        row.collection = Set(transfer.collection.clone());
        row.personal_data = Set(transfer.personal_data);
    }

    fn filter(list: &ListBulkTransfersRequest, _: &View) -> Condition {
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        let (from, to) = (instant(&list.from_date, 0), instant(&list.to_date, 1));
        Condition::all()
            .add_option((list.direction != 0).then(|| Column::Direction.eq(list.direction)))
            .add_option(text(Column::Collection, &list.collection))
            .add_option(text(Column::Owner, &list.owner))
            .add_option(list.personal_data.then(|| Column::PersonalData.eq(true)))
            .add_option(from.map(|from| Column::CreatedAt.gte(from)))
            .add_option(to.map(|to| Column::CreatedAt.lt(to)))
    }

    fn search_words(transfer: &BulkTransfer) -> Vec<&str> {
        let who = transfer.actor.as_ref().map_or("", |actor| &actor.subject);
        vec![&transfer.collection, &transfer.personal_data_purpose, who]
    }

    fn order() -> Order {
        Order::by(Column::CreatedAt, Desc)
    }
}

/// The first instant of a day in Viet Nam, or of a later one, in microseconds since 1970; none for no day.
fn instant(day: &str, later: u64) -> Option<i64> {
    let day = day.parse::<NaiveDate>().ok()?.checked_add_days(Days::new(later))?;
    let zone = FixedOffset::east_opt(VIET_NAM_SECONDS)?;
    Some(zone.from_local_datetime(&day.and_time(NaiveTime::MIN)).single()?.timestamp_micros())
}

/// The entry as done by somebody, whose organization answers for it.
pub fn by(caller: &Caller, transfer: BulkTransfer) -> BulkTransfer {
    let owner = if caller.organization.is_empty() { MINISTRY } else { &caller.organization };
    let actor = Actor {
        subject: caller.subject.clone(),
        organization: caller.organization.clone(),
        roles: caller.roles.iter().map(|role| *role as i32).collect(),
        represented: caller.represented.clone(),
    };
    BulkTransfer { owner: owner.to_owned(), actor: Some(actor), ..transfer }
}

#[tonic::async_trait]
impl BulkTransferService for BulkTransfers {
    async fn get_bulk_transfer(&self, request: Request<GetBulkTransferRequest>) -> Reply<BulkTransfer> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_bulk_transfers(
        &self,
        request: Request<ListBulkTransfersRequest>,
    ) -> Reply<ListBulkTransfersResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn retire_bulk_transfer(&self, request: Request<RetireBulkTransferRequest>) -> Reply<BulkTransfer> {
        store::retire::<Self>(&self.store, request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_in_viet_nam() {
        assert_eq!(instant("1970-01-01", 0), Some(-7 * 3600 * 1_000_000));
        assert_eq!(instant("1970-01-01", 1), Some(17 * 3600 * 1_000_000));
        assert_eq!(instant("", 0), None);
    }
}
