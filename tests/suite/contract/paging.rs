//! Pages: every record once, whatever their size.

use api::Verb;

use super::record::method;
use super::somebody_who_may;
use crate::world::{World, claims};

/// Beyond so many records a page holds seven of them, or the walk would take minutes.
const ONE_BY_ONE_MAX: usize = 120;

claims! {
    async fn small_pages_walk_everything_once_and_in_the_same_order(world: &World) {
        for resource in api::contract().resources() {
            let Some(list) = method(resource, Verb::List) else { continue };
            let actor = somebody_who_may(world, list);
            let whole: Vec<String> = names(&actor.all(&resource.collection, "").await);
            let size = if whole.len() <= ONE_BY_ONE_MAX { 1 } else { 7 };
            let mut walked = Vec::new();
            let mut page_token = String::new();
            loop {
                let path = format!("/v1/{}?pageSize={size}&pageToken={page_token}", resource.collection);
                let page = actor.get(&path).await.ok();
                let records = page[&resource.collection].as_array().expect("a list").clone();
                assert!(records.len() <= size, "{path}: {} records", records.len());
                walked.extend(names(&records));
                match page["nextPageToken"].as_str() {
                    Some(next) if !next.is_empty() => page_token = next.to_owned(),
                    _ => break,
                }
                assert!(walked.len() <= whole.len(), "{}: the walk does not end", resource.collection);
            }
            assert_eq!(walked, whole, "{}", resource.collection);
            let mut once = whole.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), whole.len(), "{}: a record twice", resource.collection);
        }
    }

    async fn a_page_token_of_another_query_is_refused(world: &World) {
        let nobody = world.nobody();
        let page = nobody.get("/v1/localities?pageSize=1").await.ok();
        let token = page["nextPageToken"].as_str().expect("there are more");
        for path in [
            format!("/v1/localities?pageSize=1&type=CITY&pageToken={token}"),
            format!("/v1/countries?pageSize=1&pageToken={token}"),
            "/v1/localities?pageToken=bm9uc2Vuc2U".to_owned(),
            "/v1/localities?pageToken=%F0%9F%92%A5".to_owned(),
        ] {
            assert_eq!(nobody.get(&path).await.reason(400), "PAGE_TOKEN_INVALID", "{path}");
        }
    }
}

fn names(records: &[serde_json::Value]) -> Vec<String> {
    records.iter().map(|record| record["name"].as_str().expect("a name").to_owned()).collect()
}
