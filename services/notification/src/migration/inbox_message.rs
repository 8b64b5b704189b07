//! Inbox messages.

use store::{column, create_table, index};

super::step! {
    /// Makes the table `inbox_message`.
    M20261122InboxMessage, manager, {
        let columns = vec![
            column("event_id").text().not_null().to_owned(),
            column("change_type").text().not_null().to_owned(),
            column("resource").text().not_null().to_owned(),
            column("is_read").integer().not_null().to_owned(),
        ];
        create_table(manager, "inbox_message", columns, &[&["owner", "is_read", "created_at", "id"]]).await?;
        manager.create_index(index("inbox_message", &["owner", "event_id"]).unique().to_owned()).await
    }
}
