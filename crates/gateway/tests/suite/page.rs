//! Health, and what a browser finds.

use reqwest::Method;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn readiness_tells_of_every_service() {
    let world = World::start().await;
    assert_eq!(world.get("/healthz").await.json(), json!({"status": "ALIVE"}));
    let ready = world.get("/readyz").await;
    assert_eq!((ready.status, ready.json()["status"].as_str()), (200, Some("READY")), "{}", ready.text);
    assert_eq!(ready.json()["parts"]["events"], json!({"status": "SERVING"}));
    world.host.health().probe("registry", || async { Err(chassis::Error::unavailable("registry")) });
    let sick = world.get("/readyz").await;
    assert_eq!((sick.status, sick.json()["parts"]["registry"]["status"].as_str()), (503, Some("NOT_SERVING")));
}

#[tokio::test]
async fn a_service_elsewhere_that_is_gone_makes_the_platform_unready() {
    let world = World::start_with(|config| config.registry.url = "http://127.0.0.1:9".into()).await;
    assert_eq!(world.get("/readyz").await.status, 200, "what is served here is not called elsewhere");
    let world = World::start_apart().await;
    assert_eq!(world.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn the_reference_needs_nothing_from_elsewhere() {
    let world = World::start().await;
    let page = world.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    for part in ["/docs/docs.css", "/docs/docs.js", "/docs/icon.svg"] {
        assert!(page.text.contains(&format!("\"{part}\"")), "{part}");
    }
    for part in ["docs.css", "docs.js", "dom.js", "schema.js", "try.js", "icon.svg"] {
        let text = world.get(&format!("/docs/{part}")).await;
        assert_eq!(text.status, 200, "{part}");
        let text = text.text.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("http://") && !text.contains("https://"), "{part}");
    }
    let document = world.get("/openapi.json").await;
    assert_eq!(document.json()["openapi"], "3.1.0");
    let etag = page.header("etag").to_owned();
    let again = world.send(world.request(Method::GET, "/docs").header("if-none-match", etag)).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
}

#[tokio::test]
async fn the_root_shows_the_way() {
    let world = World::start().await;
    let browser = world.send(world.request(Method::GET, "/").header("accept", "text/html,*/*")).await;
    assert_eq!((browser.status, browser.header("location")), (302, "/docs"));
    assert_eq!(world.get("/").await.json()["openapi"], "/openapi.json");
}
