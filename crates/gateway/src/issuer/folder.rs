//! All issuers whose tokens are taken: the files of a folder, as it is now.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use chassis::telemetry::catalogue;
use chassis::{Caller, Clock, Error, Host, Result};
use futures::future::join_all;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::Issuer;
use super::file::{self, Settings};

/// How often the folder is looked at.
const INTERVAL: Duration = Duration::from_secs(5);

/// The issuers, by their url.
type ByUrl = BTreeMap<String, Arc<Issuer>>;

/// The issuers whose tokens are taken.
pub struct Issuers {
    dir: PathBuf,
    clock: Clock,
    current: RwLock<Arc<ByUrl>>,
}

/// Who a token says that it is of.
#[derive(Deserialize)]
struct Origin {
    #[serde(default)]
    iss: Option<String>,
}

impl Issuers {
    /// Reads the folder, and has it and the keys of its issuers read again from time to time. Fails on a file that is not as it
    /// should be, and says where.
    pub fn open(host: &Host) -> Result<Arc<Issuers>> {
        let issuers = Issuers { dir: host.config.issuer_dir(), clock: host.clock.clone(), current: RwLock::default() };
        let read = read(&issuers.dir).and_then(|settings| issuers.take(settings));
        read.map_err(|why| Error::internal(format!("gateway.issuer_dir: {why}")))?;
        let issuers = Arc::new(issuers);
        issuers.observe();
        host.spawn("issuers", issuers.clone().keep(host.shutdown.clone()));
        Ok(issuers)
    }

    /// Who bears `token`; nothing if it is of none of these issuers.
    pub async fn verify(&self, token: &str) -> Option<Result<Arc<Caller>>> {
        let current = self.current();
        if current.is_empty() {
            return None;
        }
        let origin = jsonwebtoken::dangerous::insecure_decode_claims::<Origin>(token).ok()?;
        let issuer = current.get(&origin.iss?)?;
        Some(issuer.verify(token).await)
    }

    fn current(&self) -> Arc<ByUrl> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts these in the place of those before; one that has not changed keeps what it knows.
    fn take(&self, settings: Vec<Settings>) -> std::result::Result<(), String> {
        let (before, mut now) = (self.current(), ByUrl::new());
        for settings in settings {
            let (name, url) = (settings.name.clone(), settings.url.clone());
            let issuer = match before.get(&url) {
                Some(issuer) if issuer.settings == settings => issuer.clone(),
                _ => {
                    let issuer = Arc::new(Issuer::new(settings, self.clock.clone())?);
                    tracing::info!(issuer = name, url, "its tokens are taken");
                    issuer
                }
            };
            if let Some(other) = now.insert(url, issuer) {
                return Err(format!("{name}.toml and {}.toml have the same url", other.settings.name));
            }
        }
        for (url, issuer) in before.iter().filter(|(url, _)| !now.contains_key(*url)) {
            tracing::info!(issuer = issuer.settings.name, url, "its tokens are taken no more");
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(now);
        Ok(())
    }

    async fn keep(self: Arc<Self>, shutdown: CancellationToken) -> Result<()> {
        let mut complaint = None;
        while !shutdown.is_cancelled() {
            let trouble = read(&self.dir).and_then(|settings| self.take(settings)).err();
            if let Some(why) = trouble.as_ref().filter(|_| trouble != complaint) {
                tracing::warn!(error = why, "the issuers stay as they were");
            }
            complaint = trouble;
            let current = self.current();
            let refresh = join_all(current.values().map(|issuer| issuer.keys.refresh()));
            tokio::select! {
                _ = refresh => {}
                () = shutdown.cancelled() => {}
            }
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = shutdown.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Tells how long each has been silent whenever metrics are sent.
    fn observe(self: &Arc<Self>) {
        let issuers: Weak<Issuers> = Arc::downgrade(self);
        catalogue::ISSUER_SILENCE.observe(move |sight| {
            for issuer in
                issuers.upgrade().iter().flat_map(|issuers| issuers.current().values().cloned().collect::<Vec<_>>())
            {
                sight.tell(issuer.keys.silence().as_secs_f64(), [issuer.settings.name.clone().into()]);
            }
        });
    }
}

fn read(dir: &Path) -> std::result::Result<Vec<Settings>, String> {
    files(dir)?.iter().map(|path| file::read(path)).collect()
}

/// The files of issuers in a folder, which need not be there.
pub fn files(dir: &Path) -> std::result::Result<Vec<PathBuf>, String> {
    let entries = match std::fs::read_dir(dir) {
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => {
            entries.and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>())
        }
    };
    let mut files = entries.map_err(|cause| format!("{}: {cause}", dir.display()))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
}
