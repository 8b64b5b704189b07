//! Whether something may still be handed in for a period, decided between those who hand in and whoever freezes: each passes through
//! one row, so that of two at the same moment the later one sees what the earlier one did. The record of the period alone does not
//! do, for most periods have none before they are frozen.

use chassis::error::Result;
use store::Tx;
use store::sea_orm::ConnectionTrait;
use store::sea_orm::sea_query::{Expr, ExprTrait, InsertStatement, OnConflict, Query};

const TABLE: &str = "reporting_period_gate";
const PERIOD: &str = "period";
const FROZEN: &str = "frozen";

/// Whether the gate is open. If it is, whoever would shut it waits until this transaction has ended.
pub async fn is_open(tx: &Tx, period: &str) -> Result<bool> {
    let frozen = (TABLE, FROZEN);
    let keep = OnConflict::column(PERIOD)
        .value(FROZEN, Expr::col(frozen))
        .action_and_where(Expr::col(frozen).eq(false))
        .to_owned();
    let mut pass = row(period, false);
    pass.on_conflict(keep).returning_col(PERIOD);
    Ok(tx.query_one(&pass).await.map_err(store::database)?.is_some())
}

/// Shuts or opens it. Whoever passed it before has committed, or has given up.
pub async fn turn(tx: &Tx, period: &str, frozen: bool) -> Result<()> {
    let turned = OnConflict::column(PERIOD).value(FROZEN, frozen).to_owned();
    let mut turn = row(period, frozen);
    turn.on_conflict(turned);
    tx.execute(&turn).await.map(drop).map_err(store::database)
}

fn row(period: &str, frozen: bool) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(TABLE).columns([PERIOD, FROZEN]).values_panic([period.to_lowercase().into(), frozen.into()]);
    insert
}
