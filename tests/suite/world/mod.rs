//! The running platform, and the people and systems around it, as the tests speak of them.
//!
//! A [`World`] is a platform of its own in a folder of its own. Tests that only read share one ([`claims!`]), tests that
//! write and do not mind others' records share another ([`scratch_claims!`]), and one that moves the clock or kills
//! something has its own ([`stories!`]). Each is told on every [`Backend`].

pub mod actor;
pub mod answer;
pub mod clock;
pub mod collector;
pub mod dynamic;
pub mod issuer;
pub mod keeper;
pub mod place;
pub mod postgres;
pub mod running;
pub mod shell;
mod template;
pub mod webhook;

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use actor::Actor;
use clock::Clock;
use futures::FutureExt as _;
use running::Running;

/// What the platform runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Everything in this process, on SQLite.
    Sqlite,
    /// Everything in this process, on PostgreSQL.
    Postgres,
    /// Each role in a process of its own, on SQLite.
    Split,
    /// Each role in a process of its own, on PostgreSQL. For what the two together could break.
    SplitPostgres,
    /// Each role in a process of its own, on SQLite, and TLS between them. For what that could break.
    SplitTls,
}

impl Backend {
    pub fn is_split(self) -> bool {
        matches!(self, Backend::Split | Backend::SplitPostgres | Backend::SplitTls)
    }

    pub fn is_postgres(self) -> bool {
        matches!(self, Backend::Postgres | Backend::SplitPostgres)
    }
}

/// Tests that share a world for each backend: they change nothing that another of them could see.
macro_rules! claims {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: $World:ty) $body:block)*) => {
        $($crate::world::on_every_backend! { shared, $(#[$doc])* $name, $world, $World, $body })*
    };
}

/// Tests that share a world in which others write as well.
macro_rules! scratch_claims {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: $World:ty) $body:block)*) => {
        $($crate::world::on_every_backend! { scratch, $(#[$doc])* $name, $world, $World, $body })*
    };
}

/// Tests that have a world of their own for each backend.
macro_rules! stories {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: $World:ty) $body:block)*) => {
        $($crate::world::on_every_backend! { own, $(#[$doc])* $name, $world, $World, $body })*
    };
}

macro_rules! on_every_backend {
    ($whose:ident, $(#[$doc:meta])* $name:ident, $world:ident, $World:ty, $body:block) => {
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "not every test needs all of its file's words")]
            use super::*;

            async fn told($world: $World) $body

            #[test]
            fn sqlite() {
                $crate::world::$whose($crate::world::Backend::Sqlite, told);
            }

            #[test]
            fn postgres() {
                $crate::world::$whose($crate::world::Backend::Postgres, told);
            }

            #[test]
            fn split() {
                $crate::world::$whose($crate::world::Backend::Split, told);
            }
        }
    };
}
pub(crate) use {claims, on_every_backend, scratch_claims, stories};

/// Runs a test on the world of those that only read.
pub fn shared(backend: Backend, test: impl AsyncFn(&World)) {
    static WORLDS: LazyLock<Worlds> = LazyLock::new(Default::default);
    on_one_of(&WORLDS, backend, test);
}

/// Runs a test on the world of those that write.
pub fn scratch(backend: Backend, test: impl AsyncFn(&World)) {
    static WORLDS: LazyLock<Worlds> = LazyLock::new(Default::default);
    on_one_of(&WORLDS, backend, test);
}

/// None is a world that did not start: the first test tells why, the others do not wait for it again.
type Worlds = Mutex<HashMap<Backend, Arc<tokio::sync::OnceCell<Option<World>>>>>;

fn on_one_of(worlds: &Worlds, backend: Backend, test: impl AsyncFn(&World)) {
    if !is_there(backend) {
        return;
    }
    block_on(async {
        let cell = worlds.lock().expect("no holder panics").entry(backend).or_default().clone();
        let start = || async { AssertUnwindSafe(World::start(backend)).catch_unwind().await.ok() };
        let world = cell.get_or_init(start).await;
        bounded(test(world.as_ref().expect("the world that this test shares did not start"))).await;
    });
}

/// Runs a test on a world of its own, which ends with it.
pub fn own(backend: Backend, test: impl AsyncFn(&World)) {
    if !is_there(backend) {
        return;
    }
    block_on(async {
        let world = bounded(World::start(backend)).await;
        bounded(test(&world)).await;
        bounded(world.stop()).await;
    });
}

/// A test that hangs should say so.
async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(180), future).await.expect("it takes less than three minutes")
}

fn is_there(backend: Backend) -> bool {
    !backend.is_postgres() || postgres::cluster().is_some()
}

/// One runtime for the whole suite, so that a shared world outlives the test that started it.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Runtime::new().expect("a runtime starts"));
    RUNTIME.block_on(future)
}

/// A setting of the suite itself, from the environment.
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A platform, its folder and its clock.
pub struct World {
    clock: Clock,
    running: Running,
}

impl World {
    /// Starts a platform with the reference data and nothing else, and waits until it is ready.
    pub async fn start(backend: Backend) -> World {
        World::start_with(backend, &[]).await
    }

    /// The same with these settings.
    pub async fn start_with(backend: Backend, settings: &[(&'static str, String)]) -> World {
        let folder = tempfile::Builder::new().prefix("ngkt-world-").tempdir().expect("a temporary folder").keep();
        keeper::remove_at_end(&folder);
        let clock = Clock::in_folder(&folder);
        // Boxed for the same reason as in `template`.
        let running = Box::pin(Running::start(backend, folder, &clock, settings)).await;
        let world = World { clock, running };
        world.wait_until_ready().await;
        world
    }

    /// Starts a platform on data that is there already: in the folder, or in the databases of these URLs.
    pub async fn on(backend: Backend, folder: PathBuf, urls: Vec<String>) -> World {
        let clock = Clock::in_folder(&folder);
        let running = Box::pin(Running::begin(backend, folder, &clock, urls, &[])).await;
        let world = World { clock, running };
        world.wait_until_ready().await;
        world
    }

    /// Stops it in good order.
    pub async fn stop(self) {
        self.running.stop().await;
    }

    /// The processes, for tests that end them.
    pub fn running(&self) -> &Running {
        &self.running
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where the gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// An officer of the ministry's department of economic diplomacy.
    pub fn ministry(&self) -> Actor {
        self.actor("agencies/g08", &["ministry-officer"])
    }

    /// An officer of a mission, by its identifier.
    pub fn mission(&self, id: &str) -> Actor {
        self.actor(&format!("missions/{id}"), &["mission-officer"])
    }

    /// An officer of a province or city, by its identifier.
    pub fn province(&self, id: &str) -> Actor {
        self.actor(&format!("localities/{id}"), &["locality-officer"])
    }

    /// Whoever keeps the reference data.
    pub fn administrator(&self) -> Actor {
        self.actor("agencies/g08", &["administrator"])
    }

    /// Whoever reads everything and writes nothing.
    pub fn auditor(&self) -> Actor {
        self.actor("agencies/g08", &["auditor"])
    }

    /// Somebody without a token.
    pub fn nobody(&self) -> Actor {
        Actor::anonymous(self.address())
    }

    /// Somebody of `organization` with these roles.
    pub fn actor(&self, organization: &str, roles: &[&str]) -> Actor {
        let subject = format!("{} of {organization}", roles.join(", "));
        let request = ngkt::TokenRequest { organization, roles, subject: &subject, hours: 24 * 366 };
        let token = ngkt::token(self.running.config(), &request).expect("the platform's keys are there");
        Actor::bearing(self.address(), organization, subject, token)
    }

    /// Waits until the gateway says that everything behind it is ready.
    pub async fn wait_until_ready(&self) {
        let nobody = self.nobody();
        eventually("the platform is ready", || async {
            nobody.try_get("/readyz").await.is_some_and(|a| a.status == 200)
        })
        .await;
    }
}

/// Waits until `holds` does, 30 seconds at most.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within 30 s: {what}");
}
