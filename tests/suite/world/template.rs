//! A platform that was started once with the reference data and nothing else, and stopped. Worlds begin as copies of it:
//! loading the data again for each of hundreds would be most of the suite's time.

use std::path::{Path, PathBuf};
use std::pin::Pin;

use tokio::sync::OnceCell;

use super::clock::Clock;
use super::running::{Running, SERVICES};
use super::{Backend, keeper, postgres};

/// What worlds are copied from.
pub struct Template {
    folder: PathBuf,
    backend: Backend,
}

/// The template for a backend's worlds; made when the first of them asks.
pub async fn of(backend: Backend) -> &'static Template {
    static FILES: OnceCell<Template> = OnceCell::const_new();
    static POSTGRES: OnceCell<Template> = OnceCell::const_new();
    match backend.is_postgres() {
        true => POSTGRES.get_or_init(|| Template::make(Backend::Postgres)).await,
        false => FILES.get_or_init(|| Template::make(Backend::Sqlite)).await,
    }
}

impl Template {
    /// Boxed, because a platform's start inside of that of a world is more than the compiler follows.
    fn make(backend: Backend) -> Pin<Box<dyn Future<Output = Template>>> {
        Box::pin(Template::begin(backend))
    }

    async fn begin(backend: Backend) -> Template {
        let folder = tempfile::Builder::new().prefix("ngkt-template-").tempdir().expect("a temporary folder").keep();
        keeper::remove_at_end(&folder);
        let template = Template { folder: folder.clone(), backend };
        let databases: Vec<String> = match backend.is_postgres() {
            true => SERVICES.iter().map(|service| template.database(service)).collect(),
            false => Vec::new(),
        };
        let cluster = || postgres::cluster().expect("invariant: asked before");
        let urls = databases.iter().map(|name| cluster().create_database(name)).collect();
        let running = Running::begin(backend, folder, &Clock::in_folder(&template.folder), urls, &[]).await;
        running.stop().await;
        // A database is not copied while somebody is connected to it, and connections end when they like.
        databases.iter().for_each(|name| cluster().close_database(name));
        template
    }

    /// Lays a copy of the data into a world's folder. Which world the keys and clocks are of, does not matter.
    pub fn lay_into(&self, folder: &Path) {
        copy(&self.folder, folder);
    }

    /// Makes a copy of a service's database under this name, and gives its URL.
    pub fn database_for(&self, service: &str, name: &str) -> String {
        let cluster = postgres::cluster().expect("invariant: asked before");
        let url = cluster.copy_database(&self.database(service), name);
        // A database that is found elsewhere than it was is taken for one that was restored; this one is not.
        cluster.sql(
            name,
            "UPDATE feed SET home = (SELECT s.system_identifier::text || '/' || d.oid::text \
             FROM pg_control_system() s, pg_database d WHERE d.datname = current_database())",
        );
        url
    }

    fn database(&self, service: &str) -> String {
        assert!(self.backend.is_postgres(), "invariant: asked of PostgreSQL only");
        format!("template_{service}")
    }
}

/// Copies the files of a folder and of those in it.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("the template is there").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => {
                std::fs::create_dir_all(&target).expect("a world's folder can be written");
                copy(&entry.path(), &target);
            }
            false => drop(std::fs::copy(entry.path(), target).expect("a file of the template can be copied")),
        }
    }
}
