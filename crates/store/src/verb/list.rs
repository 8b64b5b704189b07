//! List: a page of records.

use api::ListRequest as _;
use chassis::context::Context;
use chassis::error::{Error, Result};
use chrono::NaiveDate;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, LikeExpr, Order as SqlOrder};
use sea_orm::{ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect, Value};
use tonic::{Request, Response};

use super::load::seen;
use crate::entity::Row;
use crate::fold::{anywhere, fold};
use crate::order::Direction;
use crate::page::{SIZE_DEFAULT, SIZE_MAX, Token, fingerprint};
use crate::resource::{Model, Resource, View};
use crate::scope::Scope;
use crate::{Reply, Store, record};

type Column<R> = <<R as Resource>::Row as EntityTrait>::Column;

/// Gives a page of the records that the caller may see. Pages are stable: what is added or removed meanwhile neither
/// repeats nor skips another record, and all pages are as of the day of the first.
pub async fn list<R: Resource>(
    store: &Store,
    request: Request<R::List>,
) -> Reply<<R::List as api::ListRequest>::Response>
where
    R::List: prost::Name,
{
    let scope = Scope::of(&Context::of(&request).caller);
    let list = request.into_inner();
    let limit = size(list.page_size())?;
    let query = fingerprint(&list);
    let token = Token::parse(list.page_token(), &query)?;
    let view = view(&list, token.as_ref(), View::at(store.clock().now()))?;
    let columns = R::order().columns::<R::Row>(R::Row::ID);

    let mut wanted = Condition::all().add(seen::<R>(&scope)).add(R::filter(&list, &view));
    if !list.show_retired() {
        wanted = wanted.add(R::Row::RETIRED_AT.is_null());
    }
    for word in fold(list.q()).split(' ').filter(|word| !word.is_empty()) {
        let text = Expr::col(R::Row::SEARCH_TEXT.as_column_ref());
        wanted = wanted.add(text.like(LikeExpr::new(anywhere(word)).escape('\\')));
    }
    if let Some(token) = &token {
        wanted = wanted.add(beyond::<R>(&columns, token)?);
    }
    let mut select = R::Row::find().filter(wanted).limit(limit as u64 + 1);
    for (column, direction) in &columns {
        select = select.order_by(*column, order(*direction));
    }
    let mut rows = select.all(store.read()).await.map_err(crate::database)?;

    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = match rows.last().filter(|_| more) {
        Some(last) => Token::new(&query, view.as_of, key::<R>(&columns, last))?.text(),
        None => String::new(),
    };
    let mut items = rows.iter().map(record::message::<R>).collect::<Result<Vec<_>>>()?;
    items.iter_mut().for_each(|item| R::view(item, &view));
    Ok(Response::new(R::List::respond(items, next)))
}

fn size(asked: i32) -> Result<usize> {
    match asked {
        0 => Ok(SIZE_DEFAULT as usize),
        1.. => Ok(Ord::min(asked, SIZE_MAX) as usize),
        _ => Err(Error::invalid("page_size", "must not be negative")),
    }
}

fn view(list: &impl api::ListRequest, token: Option<&Token>, today: View) -> Result<View> {
    let as_of = match list.as_of() {
        "" => return Ok(token.map_or(today, |token| today.as_of(token.d))),
        text => {
            text.parse::<NaiveDate>().map_err(|_| Error::invalid("as_of", "must be a day that exists, YYYY-MM-DD"))?
        }
    };
    Ok(today.as_of(as_of))
}

fn order(direction: Direction) -> SqlOrder {
    match direction {
        Direction::Asc => SqlOrder::Asc,
        Direction::Desc => SqlOrder::Desc,
    }
}

/// A record's values of the order's columns.
fn key<R: Resource>(columns: &[(Column<R>, Direction)], row: &Model<R>) -> Vec<Value> {
    columns.iter().map(|(column, _)| row.get(*column)).collect()
}

/// What comes after the token's record: a larger value in one column, and equal ones in all before it.
fn beyond<R: Resource>(columns: &[(Column<R>, Direction)], token: &Token) -> Result<Condition> {
    let like: Vec<Value> =
        columns.iter().map(|(column, _)| <Model<R> as ModelTrait>::get_value_type(*column)).map(empty).collect();
    let last = token.key(&like)?;
    let mut any = Condition::any();
    for (index, ((column, direction), value)) in columns.iter().zip(&last).enumerate() {
        let equal = columns[..index].iter().zip(&last).map(|((column, _), value)| column.eq(value.clone()));
        let further = match direction {
            Direction::Asc => column.gt(value.clone()),
            Direction::Desc => column.lt(value.clone()),
        };
        any = any.add(equal.fold(Condition::all(), Condition::add).add(further));
    }
    // The first column alone, said apart, lets the database begin at the right place of its index.
    let ((column, direction), value) = (&columns[0], last[0].clone());
    let from = match direction {
        Direction::Asc => column.gte(value),
        Direction::Desc => column.lte(value),
    };
    Ok(Condition::all().add(from).add(any))
}

/// An empty value of a column's kind.
fn empty(kind: sea_orm::sea_query::ArrayType) -> Value {
    use sea_orm::sea_query::ArrayType;
    match kind {
        ArrayType::Int => Value::Int(None),
        ArrayType::BigInt => Value::BigInt(None),
        ArrayType::Bool => Value::Bool(None),
        ArrayType::Double => Value::Double(None),
        _ => Value::String(None),
    }
}
