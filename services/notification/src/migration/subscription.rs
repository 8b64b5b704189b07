//! Subscriptions, and the number by which their readers notice that they changed.

use api::Resource as _;
use api::notification::v1::Subscription;
use prost::Message as _;
use store::column;
use store::sea_orm::sea_query::{Alias, Query, Table};
use store::sea_orm::{ConnectionTrait, DbErr};

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

super::step! {
    /// Fills in which localities the subscriptions name that were there before lists could ask for it.
    M20261122SubscriptionMention, manager, {
        let db = manager.get_connection();
        let mut select = Query::select();
        select.columns(["id", "content"].map(Alias::new)).from(Alias::new("subscription"));
        for row in db.query_all(&select).await? {
            let (id, content): (String, Vec<u8>) = (row.try_get_by(0)?, row.try_get_by(1)?);
            let subscription = Subscription::decode(content.as_slice()).map_err(|error| DbErr::Custom(error.to_string()))?;
            // The contract holds that a list names nobody twice.
            for locality in subscription.localities {
                let mut insert = Query::insert();
                insert.into_table(Alias::new("mention")).columns(["kind", "name", "id"].map(Alias::new));
                insert.values_panic([Subscription::COLLECTION.into(), locality.into(), id.clone().into()]);
                db.execute(&insert).await?;
            }
        }
        Ok(())
    }
}
