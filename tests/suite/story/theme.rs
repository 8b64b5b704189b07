//! Themes: named once, found without diacritics, retired and not deleted.

use serde_json::json;

use crate::world::{World, stories};

stories! {
    async fn a_theme_is_named_found_and_retired(world: &World) {
        let ministry = world.ministry();
        let green = json!({"displayName": "Chuyển đổi xanh", "englishName": "Green transition"});
        ministry.post("/v1/themes?themeId=chuyen-doi-xanh", green.clone()).await.ok();
        assert_eq!(ministry.post("/v1/themes?themeId=chuyen-doi-xanh", green).await.reason(409), "ALREADY_EXISTS");
        let circular = json!({"displayName": "Kinh tế tuần hoàn", "parent": "themes/chuyen-doi-xanh"});
        ministry.post("/v1/themes?themeId=kinh-te-tuan-hoan", circular).await.ok();

        let found = world.nobody().all("themes", "q=kinh te").await;
        assert_eq!(found[0]["name"], "themes/kinh-te-tuan-hoan");
        assert_eq!(world.nobody().all("themes", "parent=themes/chuyen-doi-xanh").await.len(), 1);
        let lost = json!({"displayName": "Chuyển đổi số", "parent": "themes/chuyen-doi"});
        assert_eq!(ministry.post("/v1/themes?themeId=chuyen-doi-so", lost).await.reason(400), "REFERENCE_NOT_FOUND");
        let own = ministry.patch("/v1/themes/kinh-te-tuan-hoan", json!({"parent": "themes/kinh-te-tuan-hoan"})).await;
        assert_eq!(own.reason(400), "INVALID_ARGUMENT");

        ministry.post("/v1/themes/kinh-te-tuan-hoan:retire", json!({})).await.ok();
        assert!(world.nobody().all("themes", "q=tuan hoan").await.is_empty());
        let retired = world.nobody().get("/v1/themes/kinh-te-tuan-hoan").await.ok();
        assert!(retired["retireTime"].is_string(), "{retired}");
        let again = ministry.patch("/v1/themes/kinh-te-tuan-hoan", json!({"englishName": "Circular economy"})).await;
        assert_eq!(again.reason(400), "RETIRED");
    }
}
