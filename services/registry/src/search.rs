//! Search in the names of all records, of whatever kind they are.

mod kinds;
mod rank;

use std::collections::BTreeSet;

use api::registry::v1::search_service_server::SearchService;
use api::registry::v1::*;
use chassis::error::{Error, Result};
use chassis::host::Host;
use store::{Asked, Reply, Scope, Store, Token, View, fingerprint};
use tonic::{Request, Response};

use self::kinds::{KINDS, Kind};
use self::rank::{Query, Rank};
use crate::visible;

/// How many records of a kind are ranked: so many of those whose names begin with what is asked, and of those with all words.
const RANKED_MAX: usize = 1_000;

/// How many hits are given if the caller does not say, and at most.
const SIZE_DEFAULT: i32 = 50;
const SIZE_MAX: i32 = 1_000;

/// Serves the search.
pub struct Search {
    store: Store,
}

/// What is looked for, by whom and as of when.
pub struct Sought {
    scope: Scope,
    asked: Asked,
    query: Query,
    view: View,
    /// What does not exist on the view's day is left out.
    only_current: bool,
}

/// A record that fits.
pub struct Candidate {
    rank: Rank,
    hit: SearchHit,
}

impl Search {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    async fn candidates(&self, kinds: &[&'static Kind], sought: &Sought) -> Result<(Vec<Candidate>, bool)> {
        let tables: Vec<&'static str> = kinds.iter().map(|kind| (kind.table)()).collect();
        let with = store::tables_with(&self.store, &tables, &sought.asked).await?;
        let (mut all, mut incomplete) = (Vec::new(), false);
        for kind in kinds.iter().filter(|kind| with.contains((kind.table)())) {
            let (candidates, more) = (kind.find)(&self.store, sought).await?;
            all.extend(candidates);
            incomplete |= more;
        }
        all.sort_by(|one, other| one.rank.cmp(&other.rank));
        Ok((all, incomplete))
    }
}

/// Brings the index up to date for records that were written under other rules than today's; looks at nothing if there are
/// none.
pub fn keep(host: &Host, store: &Store) {
    let store = store.clone();
    host.spawn("registry-words", async move {
        for kind in KINDS {
            (kind.refill)(&store).await?;
        }
        Ok(())
    });
}

#[tonic::async_trait]
impl SearchService for Search {
    async fn search_registry(&self, request: Request<SearchRegistryRequest>) -> Reply<SearchRegistryResponse> {
        let scope = visible::scope(&request);
        let search = request.into_inner();
        let known = fingerprint(&search);
        let token = Token::parse(&search.page_token, &known)?;
        let view = visible::view(&self.store, &search.as_of)?;
        let view = token.as_ref().map_or(view, |token| view.as_of(token.d));
        let asked = Asked::of(&search.q).ok_or_else(|| Error::invalid("q", "must have a letter or a digit"))?;
        let query = Query::new(&search.q, asked.words());
        let only_current = !search.as_of.is_empty();
        let sought = Sought { scope, asked, query, view, only_current };
        let (mut candidates, incomplete) = self.candidates(&wanted(&search.kind)?, &sought).await?;
        if let Some(token) = &token {
            let last = Rank::from_key(token.key(&Rank::default().key())?);
            candidates.retain(|candidate| candidate.rank > last);
        }
        let size = if search.page_size == 0 { SIZE_DEFAULT } else { search.page_size.min(SIZE_MAX) };
        let more = candidates.len() > size as usize;
        candidates.truncate(size as usize);
        let next_page_token = match candidates.last().filter(|_| more) {
            Some(last) => Token::new(&known, sought.view.as_of, last.rank.key())?.text(),
            None => String::new(),
        };
        let hits = candidates.into_iter().map(|candidate| candidate.hit).collect();
        Ok(Response::new(SearchRegistryResponse { hits, next_page_token, incomplete }))
    }
}

/// The kinds of these collections; all, if there are none.
fn wanted(collections: &[String]) -> Result<Vec<&'static Kind>> {
    if collections.is_empty() {
        return Ok(KINDS.iter().collect());
    }
    let mut kinds = Vec::new();
    let mut refused: Option<Error> = None;
    for (index, collection) in collections.iter().enumerate() {
        match KINDS.iter().find(|kind| kind.collection == collection) {
            Some(kind) => kinds.push(kind),
            None => {
                let known: BTreeSet<&str> = KINDS.iter().map(|kind| kind.collection).collect();
                let known = known.into_iter().collect::<Vec<_>>().join(", ");
                let (field, why) = (format!("kind[{index}]"), format!("must be one of {known}"));
                refused = Some(match refused {
                    Some(error) => error.violation(field, why),
                    None => Error::invalid(field, why),
                });
            }
        }
    }
    refused.map_or(Ok(kinds), Err)
}
