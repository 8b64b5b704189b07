//! List: a page of records.

mod by_words;

use api::{ListRequest as _, Resource as _};
use chassis::context::Context;
use chassis::error::{Error, Result};
use sea_orm::sea_query::{Condition, Order as SqlOrder};
use sea_orm::{ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect, Select, Value};
use tonic::{Request, Response};

use super::load::{present, seen};
use crate::entity::Row;
use crate::order::Direction;
use crate::page::{SIZE_DEFAULT, SIZE_MAX, Token, fingerprint};
use crate::resource::{Model, Resource, View};
use crate::scope::Scope;
use crate::words::Wanted;
use crate::{Reply, Store, personal};

pub(super) use by_words::by_id;

type Column<R> = <<R as Resource>::Row as EntityTrait>::Column;
type Columns<R> = Vec<(Column<R>, Direction)>;

/// Gives a page of the records that the caller may see. Pages are stable: what is added or removed meanwhile neither
/// repeats nor skips another record, and all pages are as of the day of the first. A page that would take long to fill,
/// because hardly any of the records that have some of the words have all of them, is shorter and says where to go on.
pub async fn list<R: Resource>(
    store: &Store,
    request: Request<R::List>,
) -> Reply<<R::List as api::ListRequest>::Response>
where
    R::List: prost::Name,
{
    let context = Context::of(&request);
    let scope = Scope::of(&context.caller);
    let list = request.into_inner();
    let limit = size(list.page_size())?;
    let query = fingerprint(&list);
    let token = Token::parse(list.page_token(), &query)?;
    let view = view(&list, token.as_ref(), View::at(store.clock().now()))?;
    let columns: Columns<R> = R::order().columns::<R::Row>(R::Row::ID);

    let mut wanted = Condition::all().add(seen::<R>(&scope)).add(R::filter(&list, &view));
    if !list.show_retired() {
        wanted = wanted.add(R::Row::RETIRED_AT.is_null());
    }
    let last = token.as_ref().map(|token| last::<R>(&columns, token)).transpose()?;
    let mut asked: Asked<R> = Asked { wanted, columns, last, limit };
    let words = Wanted::beginnings(list.q());
    let page = match words.as_slice() {
        [] if list.q().trim().is_empty() => asked.page(store.read()).await?,
        // Nothing is called by signs alone.
        [] => Page { rows: Vec::new(), next: None },
        words if !R::Message::PERSONAL.is_empty() => {
            asked.wanted = asked.wanted.add(personal::having::<R>(store.vault(), &context.caller, words)?);
            asked.page(store.read()).await?
        }
        words => asked.page_with(store.read(), words).await?,
    };
    let next = match page.next {
        Some(key) => Token::new(&query, view.as_of, key)?.text(),
        None => String::new(),
    };
    let mut items = personal::shown::<R>(store, &context, &page.rows, "").await?;
    present::<R>(store.read(), &scope, &view, &mut items).await?;
    Ok(Response::new(R::List::respond(items, next)))
}

/// What is asked for, besides words.
struct Asked<R: Resource> {
    wanted: Condition,
    columns: Columns<R>,
    /// The values of the order's columns after which the page begins.
    last: Option<Vec<Value>>,
    limit: usize,
}

struct Page<R: Resource> {
    rows: Vec<Model<R>>,
    /// After which values of the order's columns the next page begins, if there is one.
    next: Option<Vec<Value>>,
}

impl<R: Resource> Asked<R> {
    async fn page(self, db: &sea_orm::DatabaseConnection) -> Result<Page<R>> {
        let mut wanted = self.wanted.clone();
        if let Some(last) = &self.last {
            wanted = wanted.add(beyond::<R>(&self.columns, last));
        }
        let select = self.ordered(R::Row::find().filter(wanted)).limit(self.limit as u64 + 1);
        Ok(self.cut(select.all(db).await.map_err(crate::database)?))
    }

    fn ordered(&self, select: Select<R::Row>) -> Select<R::Row> {
        self.columns.iter().fold(select, |select, (column, direction)| select.order_by(*column, order(*direction)))
    }

    /// The page of rows of which there may be one too many.
    fn cut(&self, mut rows: Vec<Model<R>>) -> Page<R> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next = rows.last().filter(|_| more).map(|last| key::<R>(&self.columns, last));
        Page { rows, next }
    }
}

fn size(asked: i32) -> Result<usize> {
    match asked {
        0 => Ok(SIZE_DEFAULT as usize),
        1.. => Ok(Ord::min(asked, SIZE_MAX) as usize),
        _ => Err(Error::invalid("page_size", "must not be negative")),
    }
}

fn view(list: &impl api::ListRequest, token: Option<&Token>, today: View) -> Result<View> {
    token.map_or(today, |token| today.as_of(token.d)).asked(list.as_of())
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

/// The values of the order's columns that a token tells.
fn last<R: Resource>(columns: &[(Column<R>, Direction)], token: &Token) -> Result<Vec<Value>> {
    let like: Vec<Value> =
        columns.iter().map(|(column, _)| <Model<R> as ModelTrait>::get_value_type(*column)).map(empty).collect();
    token.key(&like)
}

/// What comes after the last record: a larger value in one column, and equal ones in all before it.
fn beyond<R: Resource>(columns: &[(Column<R>, Direction)], last: &[Value]) -> Condition {
    let mut any = Condition::any();
    for (index, ((column, direction), value)) in columns.iter().zip(last).enumerate() {
        let equal = columns[..index].iter().zip(last).map(|((column, _), value)| column.eq(value.clone()));
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
    Condition::all().add(from).add(any)
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
