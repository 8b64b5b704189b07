//! A service as the platform knows it.

use chassis::error::Result;
use chassis::host::Host;
use futures::future::BoxFuture;
use sea_orm_migration::MigrationTrait;
use tonic::service::Routes;

use crate::store::Store;

/// A service: its name, its tables, and how it starts. Each service crate has one, `pub const SERVICE`.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Its role, such as `registry`: the name of its package, its section in the settings and its database.
    pub name: &'static str,
    /// Its own migrations, the oldest first. Never change one that has run anywhere: add another. One that takes away what
    /// the release before still uses has `Contract` in its name: where it has run, that release does not start any more.
    pub migrations: fn() -> Vec<Box<dyn MigrationTrait>>,
    /// Makes its rpcs and starts its background work.
    pub start: fn(Start) -> BoxFuture<'static, Result<Routes>>,
}

/// What a service starts with.
#[derive(Clone)]
pub struct Start {
    /// The process.
    pub host: Host,
    /// The service's database, up to date.
    pub store: Store,
}

impl std::fmt::Debug for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Start").field(&self.store).finish()
    }
}
