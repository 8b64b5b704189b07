//! Serves the change log: pages of it, and streams.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api::options::v1::Failure;
use api::shared::v1 as pb;
use chassis::context::Context;
use chassis::error::{Error, Result};
use futures::Stream;
use futures::stream::try_unfold;
use sea_orm::sea_query::Condition;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::cursor::{Cursor, Place};
use super::filter::Filter;
use super::read;
use super::tail::{Item, Tail};
use crate::scope::Scope;
use crate::store::Store;
use crate::{Reply, database};

/// Entries of one page if the caller does not say, and at most.
const PAGE_DEFAULT: i32 = 50;
const PAGE_MAX: i32 = 1_000;

/// Entries in one answer of a stream, and bytes in any answer: clients take 4 MiB by default.
const BATCH: usize = 256;
const ANSWER_BYTES: usize = 1 << 20;

/// How often a stream that has nothing to tell says that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// The answers of a stream.
pub type WatchStream = Pin<Box<dyn Stream<Item = Result<pb::WatchChangesResponse, Status>> + Send>>;

/// The change log of a service, as its rpcs give it. [`change_service!`](crate::change_service) makes them.
#[derive(Clone, Debug)]
pub struct Changes {
    store: Store,
}

impl Changes {
    /// The change log in this database.
    pub fn of(store: &Store) -> Changes {
        Changes { store: store.clone() }
    }

    /// `ListChanges`: entries that the caller may see, in feed order.
    pub async fn list(&self, request: Request<pb::ListChangesRequest>) -> Reply<pb::ListChangesResponse> {
        let scope = Scope::of(&Context::of(&request).caller);
        let request = request.into_inner();
        let filter = Filter::new(scope, &request.resource, &request.types)?;
        let limit = match request.page_size {
            0 => PAGE_DEFAULT,
            size if size < 0 => return Err(Error::invalid("page_size", "must not be negative").into()),
            size => size.min(PAGE_MAX),
        };
        let mut reader = Reader::start(self.store.clone(), filter, &request.cursor).await?;
        // Not from memory: whoever has just written finds it here.
        let items = reader.page_of_database(limit as usize).await?;
        let changes = items.into_iter().map(|item| item.change.clone()).collect();
        Ok(Response::new(pb::ListChangesResponse { changes, next_cursor: reader.at.to_string() }))
    }

    /// `WatchChanges`: entries that the caller may see, from the cursor on and then as they come. Has no end of its own.
    pub async fn watch(&self, request: Request<pb::WatchChangesRequest>) -> Reply<WatchStream> {
        let scope = Scope::of(&Context::of(&request).caller);
        let request = request.into_inner();
        let filter = Filter::new(scope, "", &request.types)?;
        let reader = Reader::start(self.store.clone(), filter, &request.cursor).await?;
        let watcher = Watcher { head: self.store.tail().head(), reader, waits: false };
        Ok(Response::new(Box::pin(try_unfold(watcher, Watcher::answer))))
    }
}

/// Somebody who reads the log from a place on.
struct Reader {
    store: Store,
    filter: Filter,
    at: Cursor,
}

impl Reader {
    async fn start(store: Store, filter: Filter, cursor: &str) -> Result<Reader> {
        let incarnation = store.tail().incarnation();
        let at = match cursor {
            "" => Cursor::after(incarnation, Place::default(), &[]),
            text => Cursor::parse(text)?,
        };
        if at.incarnation != incarnation || !proven(&store, at).await? {
            return Err(Error::of(Failure::CursorInvalid));
        }
        Ok(Reader { store, filter, at })
    }

    /// The next entries; fewer than `limit` does not mean the end, none does. Stands after them, or after what was
    /// looked through in vain.
    async fn page(&mut self, limit: usize) -> Result<Vec<Arc<Item>>> {
        loop {
            let Some(items) = self.tail().after(self.at.place, limit) else {
                return self.page_of_database(limit).await;
            };
            let Some(last) = items.last().map(|item| item.cursor) else { return Ok(Vec::new()) };
            let wanted = items.into_iter().filter(|item| self.filter.lets(&item.change)).collect();
            let (items, whole) = fitting(wanted);
            self.at = if whole { last } else { items.back().map_or(last, |item| item.cursor) };
            if !items.is_empty() {
                return Ok(items.into());
            }
        }
    }

    async fn page_of_database(&mut self, limit: usize) -> Result<Vec<Arc<Item>>> {
        // Read before the entries, so that nothing up to there can be missing among them.
        let head = *self.tail().head().borrow();
        let wanted = Condition::all().add(self.filter.condition());
        let entries = read::entries(self.store.read(), self.at.place, wanted, limit as u64).await.map_err(database)?;
        let ended = entries.len() < limit;
        let items = entries.into_iter().map(|entry| self.tail().item(entry).map(Arc::new)).collect::<Result<_>>()?;
        let (items, whole) = fitting(items);
        let last = items.back().map_or(self.at, |item| item.cursor);
        self.at = if ended && whole && head.place > last.place { head } else { last };
        Ok(items.into())
    }

    fn tail(&self) -> &Tail {
        self.store.tail()
    }
}

/// As many of the items as go into one answer, one at least, and whether that is all.
fn fitting(mut items: VecDeque<Arc<Item>>) -> (VecDeque<Arc<Item>>, bool) {
    let mut bytes = 0;
    let fit = items.iter().take_while(|item| {
        bytes += item.bytes;
        bytes <= ANSWER_BYTES
    });
    let fit = fit.count().max(1);
    let whole = fit >= items.len();
    items.truncate(fit);
    (items, whole)
}

/// Whether the entry at the cursor's place is the one that it was.
async fn proven(store: &Store, at: Cursor) -> Result<bool> {
    if at.place == Place::default() || at == *store.tail().head().borrow() {
        return Ok(true);
    }
    let hash = read::hash_at(store.read(), at.place).await.map_err(database)?;
    Ok(hash.is_some_and(|hash| Cursor::after(at.incarnation, at.place, &hash) == at))
}

struct Watcher {
    reader: Reader,
    head: watch::Receiver<Cursor>,
    /// All there was has been told.
    waits: bool,
}

impl Watcher {
    /// The next answer: entries, or where the reader stands when it has come to the end, and now and then afterwards.
    async fn answer(mut self) -> Result<Option<(pb::WatchChangesResponse, Watcher)>, Status> {
        loop {
            self.head.mark_unchanged();
            let before = self.reader.at.place;
            let items = self.reader.page(BATCH).await?;
            if !items.is_empty() {
                self.waits = false;
                return Ok(Some(self.told(items)));
            }
            if self.reader.at.place > before {
                continue;
            }
            if !std::mem::replace(&mut self.waits, true) {
                return Ok(Some(self.told(Vec::new())));
            }
            match tokio::time::timeout(SIGN_OF_LIFE, self.head.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Ok(None),
                Err(_) => return Ok(Some(self.told(Vec::new()))),
            }
        }
    }

    fn told(self, items: Vec<Arc<Item>>) -> (pb::WatchChangesResponse, Watcher) {
        let changes = items.into_iter().map(|item| item.change.clone()).collect();
        (pb::WatchChangesResponse { changes, next_cursor: self.reader.at.to_string() }, self)
    }
}

/// Makes the struct `Changes`, which serves the change log of a package: `store::change_service!(api::registry::v1);`,
/// then `Changes::server(&store)` among the routes.
#[macro_export]
macro_rules! change_service {
    ($($package:ident)::+) => {
        /// The change log, as its rpcs give it.
        #[derive(Clone, Debug)]
        pub struct Changes($crate::Changes);

        impl Changes {
            /// The rpcs of the change log in this database.
            pub fn server(store: &$crate::Store) -> $($package)::+::change_service_server::ChangeServiceServer<Self> {
                $($package)::+::change_service_server::ChangeServiceServer::new(Changes($crate::Changes::of(store)))
            }
        }

        #[$crate::async_trait]
        impl $($package)::+::change_service_server::ChangeService for Changes {
            type WatchChangesStream = $crate::WatchStream;

            async fn list_changes(
                &self,
                request: $crate::tonic::Request<$crate::api::shared::v1::ListChangesRequest>,
            ) -> $crate::Reply<$crate::api::shared::v1::ListChangesResponse> {
                self.0.list(request).await
            }

            async fn watch_changes(
                &self,
                request: $crate::tonic::Request<$crate::api::shared::v1::WatchChangesRequest>,
            ) -> $crate::Reply<$crate::WatchStream> {
                self.0.watch(request).await
            }
        }
    };
}
