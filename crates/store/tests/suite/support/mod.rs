//! What the tests stand on: databases, a process with a store, and a kind of record.

mod bench;
mod country;
mod database;
mod postgres;

pub use bench::{Bench, FOLLOWER, SERVICE, eventually};
pub use country::{Countries, Ranked, countries, country, row};
pub use database::Database;
pub use postgres::Cluster;

/// Runs each of these tests on each database.
macro_rules! on_each_database {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::Database::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(database) = $crate::support::Database::postgres() {
                    super::$name(database).await;
                }
            })*
        }
    };
}
pub(crate) use on_each_database;
