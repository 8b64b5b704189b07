//! Where a service keeps its records: SQLite or PostgreSQL behind one interface. A service declares for each resource a
//! table ([`entity!`]), a migration ([`migration!`]) and the rules of its domain ([`Resource`]), and gets the standard
//! verbs, tenancy, paging, etags, idempotency, the change log with its feed and seals, leases and a work queue.
//!
//! ```ignore
//! store::entity!(row, "country", { alpha3_code: String });
//! store::migration!(M20261122Country, "country", [store::column("alpha3_code").text().not_null()]);
//!
//! pub struct Countries { store: Store }
//!
//! impl store::Resource for Countries {
//!     type Message = Country;
//!     type List = ListCountriesRequest;
//!     type Row = row::Entity;
//!     const AUDIENCE: Circle = Circle::Public;
//!     fn columns(message: &Country, row: &mut row::ActiveModel) { row.alpha3_code = Set(message.alpha3_code.clone()); }
//!     fn filter(_: &ListCountriesRequest, _: &View) -> Condition { Condition::all() }
//! }
//!
//! store::serve!(CountryService for Countries, country, countries);
//! ```

pub mod archive;
pub mod audit;
pub mod calendar;
mod change;
pub mod checkpoint;
mod connect;
mod consume;
mod entity;
mod failure;
mod feed;
pub mod fold;
mod gauge;
mod held;
mod housekeeping;
mod idempotency;
mod index;
mod job;
pub mod lease;
pub mod look;
pub mod mention;
mod order;
mod page;
pub mod party;
mod pattern;
pub mod personal;
mod presence;
mod projection;
pub mod queue;
mod record;
pub mod register;
mod resource;
mod schema;
mod scope;
mod seal;
mod seed;
mod serve;
mod service;
mod session;
mod statement;
mod store;
pub mod survey;
mod table;
mod tx;
mod verb;
pub mod words;
mod writer;

#[doc(hidden)]
pub use api;
#[doc(hidden)]
pub use pastey;
pub use sea_orm;
pub use sea_orm_migration;
#[doc(hidden)]
pub use tonic;
#[doc(hidden)]
pub use tonic::async_trait;

pub use consume::{Consumer, consume};
pub use entity::{NewRow, Row, Standard};
pub use failure::database;
pub use feed::{Changes, WatchStream};
pub use index::refill;
#[doc(hidden)]
pub use index::{among, statements};
pub use order::{Asc, Desc, Direction, Order};
pub use page::{Token, fingerprint};
pub use projection::Projection;
pub use queue::{Job, Outcome, work};
pub use resource::{ActiveModel, Model, Resource, View};
pub use schema::Plan;
pub use scope::Scope;
pub use seed::{Loaded, seed};
pub use service::{Service, Start};
pub use store::Store;
pub use table::{column, create_table, index, table};
pub use tx::{Tx, TxContext, Written};
pub use verb::{
    Act, Asked, Found, Reader, act, act_for, announce, apply, check_etag, create, create_in, exists, get, insert, list,
    load, load_for, repoint, require, restore, retire, save, search, tables_with, update, update_in,
};

/// What an rpc answers.
pub type Reply<T> = Result<tonic::Response<T>, tonic::Status>;
