//! The secrets of endpoints. They are kept apart from the records, so that neither a reader nor the change log sees them.

use chassis::error::Result;
use chrono::{DateTime, Duration, Utc};
use store::Tx;
use store::sea_orm::entity::prelude::*;
use store::sea_orm::sea_query::Expr;
use store::sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect};

use crate::signing;

/// How long an old secret signs beside a new one: time for a receiver to learn the new one.
const OVERLAP: Duration = Duration::hours(24);

/// How many secrets sign at most: a receiver that changes its secret all day does not make headers grow for ever.
const SIGNING_MAX: u64 = 4;

/// When the current secret expires.
const NEVER: i64 = i64::MAX;

/// A secret that signs.
#[derive(Debug, Clone)]
pub struct Secret {
    /// `whsec_` and base64.
    pub text: String,
    /// Until when it signs; `None` for the current one.
    pub expires: Option<DateTime<Utc>>,
}

mod row {
    use store::sea_orm;
    use store::sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "endpoint_secret")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub endpoint: String,
        pub secret: String,
        pub created_at: i64,
        pub expires_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Gives the endpoint a new secret; the one before it signs for a day more.
pub async fn issue(tx: &Tx, endpoint: &str) -> Result<()> {
    let end = (tx.now() + OVERLAP).timestamp_micros();
    row::Entity::update_many()
        .col_expr(row::Column::ExpiresAt, Expr::value(end))
        .filter(row::Column::Endpoint.eq(endpoint))
        .filter(row::Column::ExpiresAt.eq(NEVER))
        .exec(tx)
        .await
        .map_err(store::database)?;
    let new = row::ActiveModel {
        id: Set(uuid::Uuid::now_v7().to_string()),
        endpoint: Set(endpoint.to_owned()),
        secret: Set(signing::new_secret()),
        created_at: Set(tx.now().timestamp_micros()),
        expires_at: Set(NEVER),
    };
    row::Entity::insert(new).exec_without_returning(tx).await.map_err(store::database)?;
    Ok(())
}

/// The secrets that sign now, the current one first.
pub async fn signing(db: &impl ConnectionTrait, endpoint: &str, now: DateTime<Utc>) -> Result<Vec<Secret>> {
    let rows = row::Entity::find()
        .filter(row::Column::Endpoint.eq(endpoint))
        .filter(row::Column::ExpiresAt.gt(now.timestamp_micros()))
        .order_by_desc(row::Column::ExpiresAt)
        .limit(SIGNING_MAX)
        .all(db)
        .await
        .map_err(store::database)?;
    let expires = |at: i64| if at == NEVER { None } else { DateTime::from_timestamp_micros(at) };
    Ok(rows.into_iter().map(|row| Secret { text: row.secret, expires: expires(row.expires_at) }).collect())
}
