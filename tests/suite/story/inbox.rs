//! The inbox of an embassy or a province: what its people read over a thin link.

use serde_json::{Value, json};

use super::webhook::{call, subscribe};
use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::{World, eventually, stories};

stories! {
    async fn an_inbox_tells_in_both_languages_the_unread_first(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        subscribe(&province, json!({"inbox": true})).await;
        for title in ["thứ nhất", "thứ hai", "thứ ba"] {
            call(&mission, title).await;
        }
        eventually("three messages are there", || async { titles(&province, "").await.len() == 3 }).await;
        assert_eq!(titles(&province, "").await, ["thứ ba", "thứ hai", "thứ nhất"]);
        let newest = province.all("inboxMessages", "").await.remove(0);
        assert_eq!(newest["summary"], "Hoạt động đối ngoại “thứ ba”: mới ghi nhận", "{newest}");
        assert_eq!(newest["englishSummary"], "Engagement “thứ ba”: created", "{newest}");
        assert_eq!((&newest["changeType"], &newest["actor"]), (&json!("engagement.created"), &json!("missions/vn-in-emb")));
        assert_eq!(newest["payload"]["@type"], "type.googleapis.com/ngkt.events.v1.Engagement", "{newest}");

        let path = format!("/v1/{}", newest["name"].as_str().expect("a name"));
        let read = province.post(&format!("{path}:markRead"), json!({})).await.ok();
        assert!(read["readTime"].is_string(), "{read}");
        assert_eq!(province.post(&format!("{path}:markRead"), json!({})).await.ok(), read, "twice is harmless");
        assert_eq!(titles(&province, "").await, ["thứ hai", "thứ nhất", "thứ ba"]);
        assert_eq!(titles(&province, "unread=true").await, ["thứ hai", "thứ nhất"]);
        assert_eq!(titles(&province, "q=thu%20nhat").await, ["thứ nhất"], "found without diacritics");
        world.clock().advance(days(1)).await;
        let since = format!("since={}", world.clock().now().format("%Y-%m-%dT%H:%M:%SZ"));
        assert!(titles(&province, &since).await.is_empty());
        call(&mission, "thứ tư").await;
        eventually("the fourth is there", || async { titles(&province, &since).await == ["thứ tư"] }).await;

        let thin = province.all("inboxMessages", "omitPayload=true").await;
        assert!(thin.iter().all(|message| message["payload"].is_null() && message["summary"].is_string()), "{thin:?}");
        let one_by_one = province.get("/v1/inboxMessages?pageSize=1").await.ok();
        assert_eq!(one_by_one["inboxMessages"].as_array().map(Vec::len), Some(1));

        assert_eq!(world.province("ca-mau").get(&path).await.reason(404), "NOT_FOUND");
        assert_eq!(mission.post(&format!("{path}:markRead"), json!({})).await.reason(404), "NOT_FOUND");
        province.post(&format!("{path}:retire"), json!({})).await.ok();
        assert_eq!(titles(&province, "").await, ["thứ tư", "thứ hai", "thứ nhất"]);
        assert!(province.get(&path).await.ok()["retireTime"].is_string());
    }

    async fn an_organization_gets_one_message_for_one_change(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        for subscription in [json!({"inbox": true}), json!({"inbox": true, "changeTypes": ["engagement.*"]}), json!({"inbox": true, "reach": "VISIBLE"})] {
            subscribe(&province, subscription).await;
        }
        call(&mission, "một lần").await;
        let after = call(&mission, "lần sau").await;
        eventually("the later one is there", || async { titles(&province, "").await.contains(&"lần sau".to_owned()) }).await;
        assert_eq!(titles(&province, "").await, ["lần sau", "một lần"], "{after}");
    }
}

/// The titles of what the messages are about, in their order.
async fn titles(actor: &Actor, query: &str) -> Vec<String> {
    let title = |message: &Value| message["payload"]["title"].as_str().unwrap_or_default().to_owned();
    actor.all("inboxMessages", query).await.iter().map(title).collect()
}
