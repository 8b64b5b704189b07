//! Deliveries; what they say, one body for each change, however many endpoints it goes to; and the lanes they go in.

use store::sea_orm::sea_query::{Alias, Table};
use store::{column, create_table, index};

super::step! {
    /// Makes the table `delivery`.
    M20261122Delivery, manager, {
        let columns = vec![
            column("endpoint").text().not_null().to_owned(),
            column("event_id").text().not_null().to_owned(),
            column("change_type").text().not_null().to_owned(),
            column("resource").text().not_null().to_owned(),
            column("state").integer().not_null().to_owned(),
            column("occurred_at").big_integer().not_null().to_owned(),
            column("due_at").big_integer().not_null().to_owned(),
        ];
        let indexes: &[&[&str]] = &[&["owner", "created_at", "id"], &["endpoint", "state", "due_at", "id"]];
        create_table(manager, "delivery", columns, indexes).await?;
        manager.create_index(index("delivery", &["endpoint", "event_id"]).unique().to_owned()).await
    }
}

super::step! {
    /// Makes the table `notice`.
    M20261122Notice, manager, {
        let table = Table::create()
            .table(Alias::new("notice"))
            .col(column("event_id").text().not_null().primary_key())
            .col(column("body").blob().not_null())
            .col(column("created_at").big_integer().not_null())
            .to_owned();
        manager.create_table(table).await
    }
}

super::step! {
    /// Makes the table `lane`.
    M20261122Lane, manager, {
        let mut table = Table::create();
        table.table(Alias::new("lane")).col(column("endpoint").text().not_null().primary_key());
        for name in ["due_at", "leased_until", "epoch", "failing_since", "rest_until"] {
            table.col(column(name).big_integer().not_null());
        }
        manager.create_table(table).await?;
        manager.create_index(index("lane", &["due_at"])).await
    }
}
