//! An empty place for an installation: a folder, databases, and the settings that name them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::running::SERVICES;
use super::{Backend, World, keeper, postgres};

/// Where nothing is yet.
pub struct Place {
    backend: Backend,
    folder: PathBuf,
    urls: Vec<String>,
}

impl Place {
    /// A folder, and databases of the suite's cluster if the backend is on PostgreSQL.
    pub fn empty(backend: Backend) -> Place {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::Builder::new().prefix("ngkt-place-").tempdir().expect("a temporary folder").keep();
        keeper::remove_at_end(&folder);
        let url = |service: &str| {
            let cluster = postgres::cluster().expect("invariant: asked before");
            cluster.create_database(&format!("place_{number}_{service}"))
        };
        let urls = if backend.is_postgres() { SERVICES.map(url).into() } else { Vec::new() };
        let place = Place { backend, folder, urls };
        let mut text = format!("data_dir = {:?}\nlog.level = \"warn\"\n", place.folder.display().to_string());
        for (service, url) in SERVICES.iter().zip(&place.urls) {
            text.push_str(&format!("{service}.database.url = {url:?}\n"));
        }
        std::fs::write(place.config_path(), text).expect("the folder can be written");
        place
    }

    fn config_path(&self) -> PathBuf {
        self.folder.join("settings.toml")
    }

    /// Its settings file, for `--config`.
    pub fn config(&self) -> String {
        self.config_path().display().to_string()
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The URL of a service's database.
    pub fn database_url(&self, service: &str) -> String {
        match SERVICES.iter().position(|name| *name == service).and_then(|index| self.urls.get(index)) {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.file(&format!("{service}.db"))),
        }
    }

    /// Starts a platform on what is there by now.
    pub async fn start(&self) -> World {
        World::on(self.backend, self.folder.clone(), self.urls.clone()).await
    }
}
