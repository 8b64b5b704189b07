//! REST/JSON.

use reqwest::Method;
use serde_json::json;

use crate::world::World;

const AGENCY: &str = r#"{"displayName": "Bộ Ngoại giao", "code": "G08", "level": 1}"#;

#[tokio::test]
async fn a_record_is_created_read_listed_changed_and_retired() {
    for world in [World::start().await, World::start_apart().await] {
        let created = world.write(Method::POST, "/v1/agencies?agencyId=g08", AGENCY).await;
        assert_eq!(created.status, 200, "{}", created.text);
        let record =
            json!({"name": "agencies/g08", "displayName": "Bộ Ngoại giao", "code": "G08", "level": 1, "etag": "1"});
        assert_eq!(created.json(), record);
        assert_eq!(created.header("etag"), "\"1\"");
        assert_eq!(created.header("content-type"), "application/json");

        let read = world.get("/v1/agencies/g08").await;
        assert_eq!((read.status, read.json()), (200, record.clone()));
        assert_eq!(read.header("trace-id").len(), 32);

        let listed =
            world.get("/v1/agencies?pageSize=10&q=b%E1%BB%99+ngo%E1%BA%A1i&show_retired=true&asOf=2026-09-20").await;
        assert_eq!(listed.json(), json!({"agencies": [record], "nextPageToken": "10 bộ ngoại true 2026-09-20"}));

        let changed = world
            .write(Method::PATCH, "/v1/agencies/g08", r#"{"displayName": "MOFA", "englishName": null, "code": "G08"}"#)
            .await;
        assert_eq!(changed.json()["note"], "display_name,english_name,code");
        assert_eq!(changed.header("etag"), "\"2\"");

        let retired = world.write(Method::POST, "/v1/agencies/g08:retire", r#"{"etag": "2"}"#).await;
        assert_eq!(retired.json(), json!({"name": "agencies/g08", "etag": "2"}));
        let bare = world.write(Method::POST, "/v1/agencies/g08:retire", "").await;
        assert_eq!(bare.json(), json!({"name": "agencies/g08"}));
    }
}

#[tokio::test]
async fn an_empty_list_is_written_as_one() {
    let world = World::start().await;
    assert_eq!(world.get("/v1/agencies").await.json(), json!({"agencies": [], "nextPageToken": "0  false "}));
}

#[tokio::test]
async fn the_update_mask_is_what_the_client_says_or_what_it_sent() {
    let world = World::start().await;
    world.write(Method::POST, "/v1/agencies?agencyId=g08", AGENCY).await;
    let whole = world.get("/v1/agencies/g08").await;
    let sent_back = world.write(Method::PATCH, "/v1/agencies/g08", &whole.text).await;
    assert_eq!(sent_back.json()["note"], "display_name,code,level", "{}", sent_back.text);
    let said = world.write(Method::PATCH, "/v1/agencies/g08?updateMask=englishName,source", AGENCY).await;
    assert_eq!(said.json()["note"], "english_name,source", "{}", said.text);
    // What the path says wins over what the body says.
    let other = world.write(Method::PATCH, "/v1/agencies/g08", r#"{"name": "agencies/g99", "displayName": "x"}"#).await;
    assert_eq!(other.json()["name"], "agencies/g08");
}

#[tokio::test]
async fn if_match_names_the_version_that_is_changed() {
    let world = World::start().await;
    world.write(Method::POST, "/v1/agencies?agencyId=g08", AGENCY).await;
    let with = |etag: &'static str| {
        let request =
            world.request(Method::PATCH, "/v1/agencies/g08").bearer_auth(world.token()).header("if-match", etag);
        world.send(request.body(r#"{"displayName": "x"}"#))
    };
    let stale = with("\"7\"").await;
    assert_eq!((stale.status, stale.json()["reason"].as_str()), (412, Some("ETAG_MISMATCH")));
    assert_eq!(with("\"1\"").await.status, 200);
    assert_eq!(with("*").await.status, 200);
    let nonsense = with("three").await;
    assert_eq!((nonsense.status, nonsense.fields()), (400, vec!["If-Match".to_owned()]));
    let in_body = world.write(Method::PATCH, "/v1/agencies/g08", r#"{"displayName": "x", "etag": "7"}"#).await;
    assert_eq!(in_body.status, 409);
}

#[tokio::test]
async fn bad_requests_name_what_is_wrong() {
    let world = World::start().await;
    for (query, fields) in [
        ("nope=1", vec!["nope"]),
        ("pageSize=many&nope=1&page_token=%ff", vec!["pageSize", "nope", "pageToken"]),
        ("pageSize=1&page_size=2", vec!["pageSize"]),
        ("showRetired=yes", vec!["showRetired"]),
        ("q.x=1", vec!["q.x"]),
        ("asOf=2026-02-30", vec!["asOf"]),
        ("pageSize=1001", vec!["pageSize"]),
    ] {
        let refused = world.get(&format!("/v1/agencies?{query}")).await;
        assert_eq!(
            (refused.status, refused.fields()),
            (400, fields.iter().map(|f| f.to_string()).collect()),
            "{}",
            refused.text
        );
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
    for (body, fields) in [
        (r#"{"nope": 1, "level": "x"}"#, vec!["agency.nope", "agency.level"]),
        (r#"{"code": "G08", "code": "G09"}"#, vec!["agency.code"]),
        (r#"{"audience": {"circle": "FRIENDS"}}"#, vec!["agency.audience.circle"]),
        (r#"{} {}"#, vec!["agency"]),
        (r#"{"level": 10}"#, vec!["agency.displayName", "agency.code", "agency.level"]),
        ("", vec!["agency"]),
        ("null", vec!["agency"]),
    ] {
        let refused = world.write(Method::POST, "/v1/agencies?agencyId=g08", body).await;
        assert_eq!(
            (refused.status, refused.fields()),
            (400, fields.iter().map(|f| f.to_string()).collect()),
            "{body}: {}",
            refused.text
        );
    }
    let both = world.write(Method::POST, "/v1/agencies?agency.code=x&agencyID=g", r#"{"nope": 1}"#).await;
    assert_eq!(both.fields(), ["agency.nope", "agency.code", "agencyID"]);
}

#[tokio::test]
async fn a_problem_says_what_happened_and_where() {
    let world = World::start().await;
    let problem = world.get("/v1/agencies/g99").await;
    assert_eq!(problem.status, 404);
    let trace_id = problem.header("trace-id").to_owned();
    assert_eq!(
        problem.json(),
        json!({
            "type": "https://ngkt.vn/problems/NOT_FOUND", "title": "Not found", "status": 404, "detail": "agencies/g99 was not found",
            "instance": "/v1/agencies/g99", "reason": "NOT_FOUND", "metadata": {"name": "agencies/g99"}, "traceId": trace_id,
        })
    );
    let away = world.get("/v1/agencies/away").await;
    assert_eq!((away.status, away.header("retry-after"), away.json()["retryAfter"].as_u64()), (503, "1", Some(1)));
    for (path, reason) in [("broken", "INTERNAL"), ("panic", "INTERNAL")] {
        let fault = world.get(&format!("/v1/agencies/{path}")).await;
        assert_eq!((fault.status, fault.json()["reason"].as_str()), (500, Some(reason)));
        assert!(!fault.text.contains("fire") && !fault.text.contains("touched"), "{}", fault.text);
    }
    world.write(Method::POST, "/v1/agencies?agencyId=g08", AGENCY).await;
    assert_eq!(world.write(Method::POST, "/v1/agencies?agencyId=g08", AGENCY).await.status, 409);
}

#[tokio::test]
async fn paths_and_methods_that_are_not_served_are_told() {
    let world = World::start().await;
    for path in ["/v1/nope", "/v1/agencies/", "/v1/agencies/g08:nope", "/v2/agencies", "/V1/agencies", "/favicon.ico"] {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.json()["reason"].as_str()), (404, Some("NOT_FOUND")), "{path}");
    }
    let answer = world.send(world.request(Method::DELETE, "/v1/agencies")).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD, POST"));
    let head = world.send(world.request(Method::HEAD, "/v1/agencies")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(world.get("/v1/agencies/%ff").await.status, 400);
}

#[tokio::test]
async fn only_a_good_token_says_who_calls() {
    let world = World::start().await;
    let anonymous = world.get("/v1/agencies/told").await;
    assert_eq!(anonymous.json()["displayName"], "anonymous");
    let known = world.send(world.request(Method::GET, "/v1/agencies/told").bearer_auth(world.token())).await;
    assert_eq!(known.json()["displayName"], "lan of agencies/g08");
    // Bad tokens are refused even where none is needed.
    for value in ["Bearer nonsense", "Basic bGFuOng=", "nonsense", ""] {
        let refused = world.send(world.request(Method::GET, "/v1/agencies/told").header("authorization", value)).await;
        assert_eq!((refused.status, refused.json()["reason"].as_str()), (401, Some("UNAUTHENTICATED")), "{value:?}");
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
    }
    // A token for services is not one for clients.
    let internal = world.host.identity.internal.for_caller(&chassis::Caller::system("events")).unwrap();
    assert_eq!(world.send(world.request(Method::GET, "/v1/agencies/told").bearer_auth(internal)).await.status, 401);
    let missing = world.send(world.request(Method::POST, "/v1/agencies?agencyId=g1").body(AGENCY)).await;
    assert_eq!(missing.status, 401);
    let unread = world.send(world.request(Method::POST, "/v1/agencies?agencyId=g1").body("[".repeat(8 << 20))).await;
    assert_eq!(unread.status, 401, "what strangers send is not read");
    let wrong = world.token_of("missions/vn-in-emb", chassis::Role::MissionOfficer);
    let refused =
        world.send(world.request(Method::POST, "/v1/agencies?agencyId=g1").bearer_auth(wrong).body(AGENCY)).await;
    assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("PERMISSION_DENIED")));
}

#[tokio::test]
async fn what_a_client_may_say_about_its_request_arrives_and_nothing_else() {
    let world = World::start().await;
    let request = world
        .request(Method::GET, "/v1/agencies/told")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header("idempotency-key", "k-1")
        .header("x-request-timeout", "2.5")
        .header("x-ngkt-caller", "admin")
        .header("x-forwarded-user", "admin");
    let told = world.send(request).await;
    assert_eq!(told.json()["code"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(told.header("trace-id"), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(told.json()["legacyCode"], "k-1");
    assert_eq!(told.json()["displayName"], "anonymous");
    let left = told.json()["level"].as_i64().unwrap();
    assert!((2_000..=2_500).contains(&left), "{left}");
    let bad = world.send(world.request(Method::GET, "/v1/agencies/told").header("idempotency-key", "a b")).await;
    assert_eq!((bad.status, bad.fields()), (400, vec!["Idempotency-Key".to_owned()]));
    let bad = world.send(world.request(Method::GET, "/v1/agencies/told").header("x-request-timeout", "-1")).await;
    assert_eq!((bad.status, bad.fields()), (400, vec!["X-Request-Timeout".to_owned()]));
}

#[tokio::test]
async fn a_request_ends_with_its_time() {
    let world = World::start().await;
    let begin = std::time::Instant::now();
    let late = world.send(world.request(Method::GET, "/v1/agencies/slow").header("x-request-timeout", "0.2")).await;
    assert_eq!((late.status, late.json()["reason"].as_str()), (504, Some("DEADLINE_EXCEEDED")));
    assert!(begin.elapsed().as_millis() < 500, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn bodies_that_are_not_json_are_refused_by_their_type() {
    let world = World::start().await;
    let request = world.request(Method::POST, "/v1/agencies?agencyId=g1").bearer_auth(world.token());
    let refused = world.send(request.header("content-type", "application/xml").body("<a/>")).await;
    assert_eq!((refused.status, refused.fields()), (415, vec!["Content-Type".to_owned()]));
}

#[tokio::test]
async fn pages_of_elsewhere_may_call_if_they_are_named() {
    let world =
        World::start_with(|config| config.gateway.cors_origins = vec!["https://portal.example.vn".into()]).await;
    let ask = |origin: &'static str| {
        let request = world.request(Method::OPTIONS, "/v1/agencies").header("origin", origin);
        world.send(request.header("access-control-request-method", "POST"))
    };
    let yes = ask("https://portal.example.vn").await;
    assert_eq!((yes.status, yes.header("access-control-allow-origin")), (204, "https://portal.example.vn"));
    assert!(yes.header("access-control-allow-headers").contains("idempotency-key"));
    assert_eq!(ask("https://evil.example").await.header("access-control-allow-origin"), "");
    let read =
        world.send(world.request(Method::GET, "/v1/agencies").header("origin", "https://portal.example.vn")).await;
    assert_eq!(read.header("access-control-allow-origin"), "https://portal.example.vn");
    assert!(read.header("access-control-expose-headers").contains("etag"));
}
