//! Subscriptions, and the number by which their readers notice that they changed.

use store::column;
use store::sea_orm::ConnectionTrait;
use store::sea_orm::sea_query::{Alias, Query, Table};

store::migration!(M20261122Subscription, "subscription", [column("endpoint").text().not_null(),], [["endpoint", "id"]]);

super::step! {
    /// Makes the table `subscription_generation` with its one row.
    M20261122SubscriptionGeneration, manager, {
        let (name, id, generation) =
            (Alias::new("subscription_generation"), Alias::new("id"), Alias::new("generation"));
        let table = Table::create()
            .table(name.clone())
            .col(column("id").integer().not_null().primary_key())
            .col(column("generation").big_integer().not_null())
            .to_owned();
        manager.create_table(table).await?;
        let mut row = Query::insert();
        row.into_table(name).columns([id, generation]).values_panic([1.into(), 0_i64.into()]);
        manager.get_connection().execute(&row).await.map(drop)
    }
}
