//! The change log as readers have it: every entry once, in an order that never changes, each resource's entries by
//! version.
//!
//! On SQLite that is the order of `seq`, for there is one writer. On PostgreSQL numbers are given in one order and
//! committed in another; a reader that goes on after the largest number it saw loses what is committed late. There the
//! order is (`epoch`, `xid`, `seq`), and only entries of transactions older than every one still running are read: no
//! entry can appear any more before those.

pub(crate) mod cursor;
mod filter;
pub(crate) mod incarnation;
pub(crate) mod read;
mod serve;
mod tail;

pub use serve::{Changes, WatchStream};
pub(crate) use tail::Tail;
