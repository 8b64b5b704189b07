//! Where a unit of the past lies on a later day. It is followed through whole mergers only: of these all is in the successor, of a
//! split nobody knows in which part.

use std::collections::HashMap;

use api::registry::v1::locality_succession::Kind;
use chassis::error::Result;
use store::Reader;
use store::sea_orm::sea_query::{
    CommonTableExpression, Expr, ExprTrait, Func, JoinType, Query, SelectStatement, UnionType, WithClause,
};
use store::sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};

use super::succession_row::{Column, Entity};

/// More generations than these are a circle in the data.
const GENERATIONS_MAX: usize = 100;

/// The names of the units that had gone whole into this one by a day, through all generations, as a subquery.
fn gone_into(unit: &str, day: &str) -> SelectStatement {
    let merged = || {
        let mut select = Query::select();
        select
            .column((Entity, Column::Predecessor))
            .from(Entity)
            .and_where(Column::Kind.eq(Kind::Merge as i32))
            .and_where(Column::EffectiveDate.lte(day));
        select
    };
    let id = unit.strip_prefix("localities/").unwrap_or(unit);
    let mut gone = merged().and_where(Column::Parent.eq(id)).to_owned();
    // A predecessor is a name, a parent the part of it after the slash, which begins with the twelfth letter.
    let successor = Func::cust("substr").arg(Expr::col(("gone", "unit"))).arg(12);
    let further =
        merged().join(JoinType::InnerJoin, "gone", Expr::col((Entity, Column::Parent)).eq(successor)).to_owned();
    gone.union(UnionType::Distinct, further);
    let table = CommonTableExpression::new().table_name("gone").column("unit").query(gone).to_owned();
    let with = WithClause::new().recursive(true).cte(table).to_owned();
    Query::select().column("unit").from("gone").with_cte(with).to_owned()
}

/// The condition that a column names a unit or one that had gone whole into it by a day.
pub fn lies_in(column: impl ColumnTrait, unit: &str, day: &str) -> Condition {
    Condition::any().add(column.eq(unit)).add(column.in_subquery(gone_into(unit, day)))
}

/// The whole mergers up to a day.
pub struct Holders(HashMap<String, String>);

/// Reads them: some fifty, and some more with a reform in a generation.
pub async fn holders(from: &(impl Reader + Sync), day: &str) -> Result<Holders> {
    let steps: Vec<(String, String)> = Entity::find()
        .select_only()
        .column(Column::Predecessor)
        .column(Column::Parent)
        .filter(Column::Kind.eq(Kind::Merge as i32))
        .filter(Column::EffectiveDate.lte(day))
        .into_tuple()
        .all(from)
        .await
        .map_err(store::database)?;
    Ok(Holders(steps.into_iter().map(|(unit, into)| (unit, format!("localities/{into}"))).collect()))
}

impl Holders {
    /// The unit in which this one lies.
    pub fn of(&self, unit: &str) -> String {
        let mut holder = unit;
        for _ in 0..GENERATIONS_MAX {
            match self.0.get(holder) {
                Some(next) => holder = next,
                None => break,
            }
        }
        holder.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_followed_through_all_mergers() {
        let step = |unit: &str, into: &str| (unit.to_owned(), into.to_owned());
        let holders = Holders([step("a", "b"), step("b", "c"), step("x", "y"), step("y", "x")].into());
        for (unit, holder) in [("a", "c"), ("b", "c"), ("c", "c"), ("alone", "alone")] {
            assert_eq!(holders.of(unit), holder, "{unit}");
        }
        assert!(["x", "y"].contains(&holders.of("x").as_str()), "a circle does not trap");
    }
}
