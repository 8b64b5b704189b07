//! The verbs that every resource has, and what custom verbs are made of.

mod act;
mod create;
mod get;
mod list;
mod load;
mod mask;
mod retire;
mod save;
mod search;
mod update;

pub use act::{Act, act, act_for, apply};
pub use create::{create, create_in, insert};
pub use get::get;
pub use list::list;
pub use load::{Reader, check_etag, exists, load, load_for, require};
pub use retire::retire;
pub use save::{announce, repoint, restore, save};
pub use search::{Asked, Found, search, tables_with};

pub(crate) use load::seen;
pub use update::{update, update_in};
