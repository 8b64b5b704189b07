//! Endpoints and their secrets.

use store::sea_orm::sea_query::{Alias, Table};
use store::{column, index};

store::migration!(M20261122Endpoint, "endpoint", [column("state").integer().not_null(),], [["state", "id"]]);

super::step! {
    /// Makes the table `endpoint_secret`.
    M20261122EndpointSecret, manager, {
        let table = Table::create()
            .table(Alias::new("endpoint_secret"))
            .col(column("id").text().not_null().primary_key())
            .col(column("endpoint").text().not_null())
            .col(column("secret").text().not_null())
            .col(column("created_at").big_integer().not_null())
            .col(column("expires_at").big_integer().not_null())
            .to_owned();
        manager.create_table(table).await?;
        manager.create_index(index("endpoint_secret", &["endpoint", "created_at"])).await
    }
}
