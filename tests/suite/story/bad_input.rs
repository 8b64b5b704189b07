//! Bad input: each is refused with a 4xx that names what is wrong; never a 5xx, a panic or a stack trace.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::answer::Answer;
use crate::world::{World, claims};

claims! {
    async fn what_is_not_in_the_contract_is_named(world: &World) {
        let mission = world.mission("vn-in-emb");
        for (body, named) in [
            (engagement(r#","color":"red""#), "color"),
            (engagement(r#","agenda":[{"title":"x","colour":1}]"#), "colour"),
            (engagement(r#","venue":7"#), "venue"),
            (engagement(r#","agenda":{}"#), "agenda"),
            (engagement(r#","agenda":[null]"#), "agenda"),
            (engagement(r#","localities":"localities/quang-ninh""#), "localities"),
            (engagement(r#","format":"TELEPATHY""#), "format"),
            (engagement(r#","format":true"#), "format"),
            (engagement(r#","endDate":"2026-02-30""#), "endDate"),
            (engagement(r#","endDate":"30/02/2026""#), "endDate"),
            (engagement(r#","title":"twice""#), "title"),
            (engagement(r#","venue":"a","venue":"b""#), "venue"),
        ] {
            assert_names(&post(&mission, "/v1/engagements", body.as_bytes()).await, named);
        }
    }

    async fn what_is_no_json_object_is_refused(world: &World) {
        let mission = world.mission("vn-in-emb");
        let deep = format!(r#"{{"agenda":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        let objects = format!(r#"{{"source":{}1{}}}"#, r#"{"citation":"#.repeat(50_000), "}".repeat(50_000));
        for body in [
            "", "{", "nonsense", "[]", "null", "\"text\"", "7", "{\"title\":}", "{\"title\":\"x\"", "{'title':'x'}",
            "{\"title\":NaN}", "{\"title\":\"\\ud800\"}", "{\"title\":\"x\"}}", &deep, &objects,
            &format!("{} trailing", engagement("")), &format!("{}{}", engagement(""), engagement("")),
        ] {
            let answer = post(&mission, "/v1/engagements", body.as_bytes()).await;
            let start: String = body.chars().take(60).collect();
            assert!((400..500).contains(&answer.status), "{start}: {answer}");
            assert!(answer.refused(answer.status)["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{start}: {answer}");
        }
        let broken = post(&mission, "/v1/engagements", b"{\"title\":\"\xff\xfe\",\"kind\":\"EVENT\",\"startDate\":\"2026\"}").await;
        let problem = broken.refused(400).to_string().to_lowercase();
        assert!(problem.contains("utf-8") || problem.contains("utf8"), "{broken}");
    }

    async fn a_body_of_100_megabytes_is_refused_early(world: &World) {
        let mission = world.mission("vn-in-emb");
        let body = vec![b' '; 100_000_000];
        let request = mission.request(reqwest::Method::POST, "/v1/engagements").header("content-type", "application/json");
        // The platform may hang up before all of it is sent.
        if let Ok(response) = request.body(body).send().await {
            let answer = Answer::read("100 MB".into(), response).await.expect("a whole answer");
            assert!([400, 413].contains(&answer.status), "{answer}");
        }
        assert_eq!(world.nobody().get("/healthz").await.status, 200);
    }

    async fn queries_are_as_strict_as_bodies(world: &World) {
        let nobody = world.nobody();
        for (query, named) in [
            ("colour=red", "colour"),
            ("asOf=2026-02-30", "asOf"),
            ("asOf=yesterday", "asOf"),
            ("type=VILLAGE", "type"),
            ("pageSize=many", "pageSize"),
            ("pageSize=-1", "pageSize"),
            ("pageSize=1001", "pageSize"),
            ("pageSize=99999999999999999999", "pageSize"),
            ("showRetired=perhaps", "showRetired"),
            ("asOf=2026-01-01&asOf=2026-01-02", "asOf"),
            ("q=%FF%FE", "q"),
        ] {
            assert_names(&nobody.get(&format!("/v1/localities?{query}")).await, named);
        }
        let long = "x".repeat(30_000);
        let answer = nobody.get(&format!("/v1/localities?q={long}")).await;
        assert!((400..500).contains(&answer.status), "{}", answer.status);
    }

    async fn paths_that_are_not_there_are_not_found(world: &World) {
        let nobody = world.nobody();
        for path in ["/v1/planets", "/v1", "/nonsense", "/v1/countries/LB:fly", "/v1/countries/LB/extra", "/v1/%FF", "/v1/..%2f..%2fetc/passwd"] {
            let answer = nobody.get(path).await;
            assert!([400, 404].contains(&answer.status), "{answer}");
            answer.refused(answer.status);
        }
        let answer = nobody.send(nobody.request(reqwest::Method::DELETE, "/v1/countries/LB")).await;
        assert_eq!(answer.status, 405, "{answer}");
        assert!(answer.header("allow").contains("GET"), "{answer}");
    }

    async fn a_body_that_is_no_json_says_so(world: &World) {
        let mission = world.mission("vn-in-emb");
        let request = mission.request(reqwest::Method::POST, "/v1/engagements").header("content-type", "text/xml").body("<a/>");
        let answer = mission.send(request).await;
        assert!([400, 415].contains(&answer.status), "{answer}");
        answer.refused(answer.status);
    }

    async fn references_to_nothing_are_named(world: &World) {
        let mission = world.mission("vn-in-emb");
        let body = json!({"title": "x", "kind": "EVENT", "startDate": "2026", "countries": ["countries/QQ"]});
        let problem = mission.post("/v1/engagements", body).await;
        assert_eq!(problem.reason(400), "REFERENCE_NOT_FOUND", "{problem}");
        assert!(problem.json()["detail"].as_str().is_some_and(|d| d.contains("countries/QQ")), "{problem}");
    }
}

/// An engagement with something more in it.
fn engagement(more: &str) -> String {
    format!(r#"{{"title":"Thử","kind":"EVENT","startDate":"2026-01-01"{more}}}"#)
}

async fn post(actor: &Actor, path: &str, body: &[u8]) -> Answer {
    let request = actor.request(reqwest::Method::POST, path).header("content-type", "application/json");
    actor.send(request.body(body.to_vec())).await
}

/// A 4xx that names the field, in its detail or among its errors.
fn assert_names(answer: &Answer, field: &str) {
    assert!((400..500).contains(&answer.status), "{field}: {answer}");
    let problem = answer.refused(answer.status);
    let in_errors = problem["violations"].as_array().into_iter().flatten().any(|error| names(&error["field"], field));
    assert!(in_errors || names(&problem["detail"], field), "{field} is not named: {answer}");
    assert!(!problem.to_string().contains(".rs:"), "{answer}");
}

/// By its name in JSON or in the proto.
fn names(value: &Value, field: &str) -> bool {
    let snake: String = field
        .chars()
        .flat_map(|c| if c.is_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] })
        .collect();
    value.as_str().is_some_and(|text| text.contains(field) || text.contains(&snake))
}
