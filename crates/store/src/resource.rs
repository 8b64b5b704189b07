//! What a service says of each kind of record that it keeps; the verbs do the rest.

use api::shared::v1::audience::Circle;
use chassis::caller::{Caller, Role};
use chassis::clock;
use chassis::error::{Error, Result};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::EntityTrait;
use sea_orm::sea_query::Condition;
use uuid::Uuid;

use crate::calendar::Passing;
use crate::entity::Row;
use crate::order::Order;
use crate::personal::{self, Readers};
use crate::scope::Scope;
use crate::tx::Tx;
use crate::verb::Reader;

/// A kind of record: its message, its table, and the rules of its domain.
pub trait Resource: Send + Sync + 'static {
    /// The message.
    type Message: api::Resource;
    /// The request that lists it.
    type List: api::ListRequest<Resource = Self::Message> + Clone + Sync;
    /// The table, made by [`entity!`](crate::entity).
    type Row: Row;

    /// Who sees a record that does not say.
    const AUDIENCE: Circle;

    /// Who sees the personal data in it, if the contract says that there is any.
    const PERSONAL_READERS: Readers = Readers::Named;

    /// Sets the resource's own columns from the message, all of them. It is without its personal data.
    fn columns(message: &Self::Message, row: &mut ActiveModel<Self>);

    /// The condition of the request's own filters. Scope, search, retirement and paging are added by the verb.
    fn filter(list: &Self::List, view: &View) -> Condition;

    /// Whether records are in the index of words, by which `q` finds them fast among many. Records that the platform makes
    /// many at a time, and that are found through their owner, need not be.
    const INDEXED: bool = true;

    /// The names by which `q` and search find a record: in all languages, short, other and former ones, numbers and codes.
    /// Whoever sees the record may find it by them. It is
    /// given without its personal data: that is found by itself.
    fn search_words(_message: &Self::Message) -> Vec<&str> {
        Vec::new()
    }

    /// The order of lists.
    fn order() -> Order {
        Order::by_id()
    }

    /// The rules of the domain, before a record is written: checks references and what depends on other records, sets
    /// derived fields. `before` is the record as it was; `None` for a new one. Must only talk to `tx`.
    fn prepare(
        _tx: &Tx,
        _before: Option<&Self::Message>,
        _after: &mut Self::Message,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Writes what follows from a record into tables of its own, after the record. Must only talk to `tx`. The message is
    /// without its personal data.
    fn index(_tx: &Tx, _message: &Self::Message) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Writes what follows from the difference that a write makes (sums, jobs), after the record. Called once for each
    /// write, unlike [`prepare`](Resource::prepare); `before` is the record as it was, `None` for a new one. Must only talk
    /// to `tx`.
    fn follow(
        _tx: &Tx,
        _before: Option<&Self::Message>,
        _after: &Self::Message,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// The days after which an entry in the change log tells something of the record that nobody wrote, such as
    /// `commitment.overdue`: at most one of each type. Only what the record says may decide. The service tells of them
    /// if it starts [`calendar::keep`](crate::calendar::keep).
    fn calendar(_message: &Self::Message) -> Vec<Passing> {
        Vec::new()
    }

    /// Fields that depend on the day or the clock, on the way out. What it sets is not kept.
    fn view(_message: &mut Self::Message, _view: &View) {}

    /// Fields that depend on other records, on the way out, after [`view`](Resource::view): for a whole page at once. What it
    /// sets is not kept.
    fn complete(
        _from: &(impl Reader + Sync),
        _scope: &Scope,
        _view: &View,
        _messages: &mut [Self::Message],
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Tells in an answer what became of the record's personal data. What it sets is not kept.
    fn tell_personal(_message: &mut Self::Message, _state: personal::State) {}

    /// Whether this caller may create or change a record that has this owner.
    fn may_own(caller: &Caller, message: &Self::Message) -> bool {
        let owner = api::Resource::owner(message);
        let own = !owner.is_empty() && owner == caller.organization;
        own || caller.is(Role::Administrator) || caller.is(Role::Service)
    }

    /// The id of a new record whose caller chose none: time-ordered, so that new records stand together.
    fn new_id(_message: &Self::Message) -> Result<String> {
        Ok(Uuid::now_v7().to_string())
    }

    /// The failure when a unique index besides the key has the value already. The database names the index
    /// (PostgreSQL) or `table.column` of each of its columns (SQLite). `None` is `ALREADY_EXISTS`.
    fn taken(_index: &str) -> Option<Error> {
        None
    }
}

/// A row of a resource, to be written.
pub type ActiveModel<R> = <<R as Resource>::Row as EntityTrait>::ActiveModel;
/// A row of a resource, as read.
pub type Model<R> = <<R as Resource>::Row as EntityTrait>::Model;

/// As of when records are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// The day as of which truth is wanted.
    pub as_of: NaiveDate,
    /// Today in Viet Nam.
    pub today: NaiveDate,
    /// Now.
    pub now: DateTime<Utc>,
}

impl View {
    /// As of today.
    pub fn at(now: DateTime<Utc>) -> View {
        let today = clock::day(now);
        View { as_of: today, today, now }
    }

    /// The same as of another day.
    pub fn as_of(self, as_of: NaiveDate) -> View {
        View { as_of, ..self }
    }

    /// The same as of the day that a request asks for, `YYYY-MM-DD`; unchanged if it asks for none.
    pub fn asked(self, as_of: &str) -> Result<View> {
        if as_of.is_empty() {
            return Ok(self);
        }
        let day = as_of.parse().map_err(|_| Error::invalid("as_of", "must be a day that exists, YYYY-MM-DD"))?;
        Ok(self.as_of(day))
    }
}
