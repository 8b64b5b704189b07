//! Themes: named once, found without diacritics, retired and not deleted.

use serde_json::json;

use crate::world::{World, stories};

stories! {
    async fn a_theme_is_named_found_and_retired(world: &World) {
        let ministry = world.ministry();
        let change = json!({"displayName": "Biến đổi dân số", "englishName": "Demographic change"});
        ministry.post("/v1/themes?themeId=bien-doi-dan-so", change.clone()).await.ok();
        assert_eq!(ministry.post("/v1/themes?themeId=bien-doi-dan-so", change).await.reason(409), "ALREADY_EXISTS");
        let silver = json!({"displayName": "Kinh tế bạc", "parent": "themes/bien-doi-dan-so"});
        ministry.post("/v1/themes?themeId=kinh-te-bac", silver).await.ok();

        let found = world.nobody().all("themes", "q=kinh te bac").await;
        assert_eq!(found[0]["name"], "themes/kinh-te-bac");
        assert_eq!(world.nobody().all("themes", "parent=themes/bien-doi-dan-so").await.len(), 1);
        let lost = json!({"displayName": "Kinh tế ban đêm", "parent": "themes/kinh-te"});
        assert_eq!(ministry.post("/v1/themes?themeId=kinh-te-dem", lost).await.reason(400), "REFERENCE_NOT_FOUND");
        let own = ministry.patch("/v1/themes/kinh-te-bac", json!({"parent": "themes/kinh-te-bac"})).await;
        assert_eq!(own.reason(400), "INVALID_ARGUMENT");

        ministry.post("/v1/themes/kinh-te-bac:retire", json!({})).await.ok();
        assert!(world.nobody().all("themes", "q=kinh te bac").await.is_empty());
        let retired = world.nobody().get("/v1/themes/kinh-te-bac").await.ok();
        assert!(retired["retireTime"].is_string(), "{retired}");
        let again = ministry.patch("/v1/themes/kinh-te-bac", json!({"englishName": "Silver economy"})).await;
        assert_eq!(again.reason(400), "RETIRED");
    }
}
