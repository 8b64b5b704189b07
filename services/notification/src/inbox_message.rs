//! Inbox messages: what an organization is told of, for its people to read.

use api::notification::v1::inbox_message_service_server::InboxMessageService;
use api::notification::v1::{
    GetInboxMessageRequest, InboxMessage, ListInboxMessagesRequest, ListInboxMessagesResponse, MarkReadRequest,
    RetireInboxMessageRequest,
};
use api::shared::v1::{Change, audience::Circle};
use chassis::error::Result;
use prost_reflect::DynamicMessage;
use store::sea_orm::sea_query::Condition;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait};
use store::{Asc, Desc, Order, Reply, Resource, Store, Tx, View};
use tonic::Request;

use crate::system_record::{new_row, present};
use crate::wire_time::{micros, timestamp};
use crate::wording;

store::entity!(row, "inbox_message", { event_id: String, change_type: String, resource: String, is_read: i32 });

/// The inboxes of all organizations.
#[derive(Clone)]
pub struct InboxMessages {
    pub store: Store,
}

impl Resource for InboxMessages {
    type Message = InboxMessage;
    type List = ListInboxMessagesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Owner;
    const INDEXED: bool = false;

    fn columns(message: &InboxMessage, row: &mut row::ActiveModel) {
        row.event_id = Set(message.event_id.clone());
        row.change_type = Set(message.change_type.clone());
        row.resource = Set(message.resource.clone());
        row.is_read = Set(message.read_time.is_some().into());
    }

    fn filter(list: &ListInboxMessagesRequest, _: &View) -> Condition {
        let since = list.since.as_ref().map(|since| row::Column::CreatedAt.gte(micros(Some(since))));
        Condition::all()
            .add_option(list.unread.then(|| row::Column::IsRead.eq(0)))
            .add_option(since)
            .add_option(present(&list.change_type).map(|kind| row::Column::ChangeType.eq(kind)))
            .add_option(present(&list.resource).map(|name| row::Column::Resource.eq(name)))
    }

    fn search_words(message: &InboxMessage) -> Vec<&str> {
        vec![&message.summary, &message.english_summary]
    }

    fn order() -> Order {
        Order::by(row::Column::IsRead, Asc).then(row::Column::CreatedAt, Desc)
    }
}

/// Puts a change into the inboxes of these organizations. That it did is not recorded in the change log: the change
/// itself is, where it was made.
pub async fn put<'a>(
    tx: &Tx,
    event_id: &str,
    change: &Change,
    after: Option<&DynamicMessage>,
    organizations: impl IntoIterator<Item = &'a String>,
) -> Result<()> {
    let wording::Summary { vietnamese, english } = wording::summary(&change.r#type, &change.resource, after);
    let message = InboxMessage {
        summary: vietnamese,
        english_summary: english,
        change_type: change.r#type.clone(),
        resource: change.resource.clone(),
        event_id: event_id.to_owned(),
        occur_time: change.time,
        actor: change.actor.as_ref().map(|actor| actor.organization.clone()).unwrap_or_default(),
        payload: change.after.clone(),
        ..InboxMessage::default()
    };
    let rows: Vec<_> = organizations
        .into_iter()
        .map(|owner| new_row::<InboxMessages>(tx, InboxMessage { owner: owner.clone(), ..message.clone() }))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    // There already: the log was read again from the beginning. One message for each organization and change.
    let insert = row::Entity::insert_many(rows).on_conflict_do_nothing_on([row::Column::Owner, row::Column::EventId]);
    insert.exec_without_returning(tx).await.map_err(store::database).map(drop)
}

#[tonic::async_trait]
impl InboxMessageService for InboxMessages {
    async fn get_inbox_message(&self, request: Request<GetInboxMessageRequest>) -> Reply<InboxMessage> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_inbox_messages(
        &self,
        request: Request<ListInboxMessagesRequest>,
    ) -> Reply<ListInboxMessagesResponse> {
        let omit_payload = request.get_ref().omit_payload;
        let mut page = store::list::<Self>(&self.store, request).await?;
        if omit_payload {
            page.get_mut().inbox_messages.iter_mut().for_each(|message| message.payload = None);
        }
        Ok(page)
    }

    async fn mark_read(&self, request: Request<MarkReadRequest>) -> Reply<InboxMessage> {
        store::act::<Self, _, _>(&self.store, request, async |tx: Tx, _, mut message: InboxMessage| {
            message.read_time.get_or_insert(timestamp(tx.now()));
            Ok(message)
        })
        .await
    }

    async fn retire_inbox_message(&self, request: Request<RetireInboxMessageRequest>) -> Reply<InboxMessage> {
        store::retire::<Self>(&self.store, request).await
    }
}
