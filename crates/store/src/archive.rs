//! The whole content of a service's database, table by table, in a form that both kinds of database share: for backups,
//! and for moving from one database to another.
//!
//! A [`Snapshot`] is one instant of a database; reading it disturbs nobody. A [`Target`] is an empty database on its way
//! to being filled: its schema is made by the same migrations that the snapshot's had run, its rows are read back and
//! compared, its change log is walked, and only then does it commit. A log that is restored is another log
//! ([`crate::feed`]), so it gets an incarnation of its own, and readers from outside find out. The services' own cursors
//! are restored together with the logs that they point into, and are led over to the new incarnations ([`Renewal`]):
//! nothing is lost between them, and nothing takes effect twice.

mod form;
mod renewal;
mod row;
mod snapshot;
mod target;

pub use form::{Column, Kind, Table};
pub use renewal::Renewal;
pub use row::Sum;
pub use snapshot::{Described, Snapshot, keep_out};
pub use target::{Filling, Target};

pub use crate::presence::Presence;
