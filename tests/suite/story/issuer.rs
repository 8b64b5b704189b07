//! Officers and systems come with tokens of the issuer that they have already.

use std::time::Duration;

use api::registry::v1::GetCountryRequest;
use api::registry::v1::country_service_client::CountryServiceClient;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::world::issuer::{Issuer, Key, bearer, put};
use crate::world::shell::ngkt;
use crate::world::{Backend, World, eventually, own, stories};

stories! {
    /// Two issuers, one with each kind of key; both may know somebody by the same name.
    async fn who_has_a_token_of_the_ministry_needs_none_of_ours(world: &World) {
        let (ministry, other) = (Issuer::start().await, Issuer::start().await);
        let (key, others) = (Key::es256("2026"), Key::ed25519("a"));
        // Keys for other uses and of unknown kinds stand beside those that sign.
        let strange = json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "2026", "pub": "AA"});
        let mut for_secrets = Key::es256("2026").public();
        for_secrets["use"] = json!("enc");
        ministry.publish(&[strange, for_secrets, key.public()]);
        other.publish(&[others.public()]);
        ministry.add_to(world, "ministry-id");
        other.add_to(world, "tinh-id");

        let officer = bearer(world, key.sign(&ministry.claims("4711")));
        eventually("the file is taken", || async { officer.get("/v1/leads").await.status == 200 }).await;
        let lead = officer.post("/v1/leads", json!({"title": "Nhà máy", "country": "countries/IN"})).await.ok();
        let namesake = bearer(world, others.sign(&other.claims("4711")));
        let second = namesake.post("/v1/leads", json!({"title": "Cảng", "country": "countries/IN"})).await.ok();
        for (lead, subject) in [(&lead, "ministry-id:4711"), (&second, "tinh-id:4711")] {
            let changes = world.auditor().get(&format!("/v1/investment/changes?resource={}", name(lead))).await.ok();
            let actor = &changes["changes"][0]["actor"];
            assert_eq!((&actor["subject"], &actor["organization"]), (&json!(subject), &json!("missions/vn-in-emb")));
        }
        // The same over gRPC, and what the role may not do, it may not do.
        let request = GetCountryRequest { name: "countries/IN".into() };
        CountryServiceClient::new(officer.wire()).get_country(request.clone()).await.expect("a country");
        let stranger = bearer(world, Key::es256("2026").sign(&ministry.claims("4711")));
        let refused = CountryServiceClient::new(stranger.wire()).get_country(request).await.expect_err("a stranger");
        assert_eq!(refused.code(), tonic::Code::Unauthenticated);
        officer.post("/v1/countries", json!({"displayName": "Atlantis"})).await.refused(403);
        // The platform's own tokens are what they were.
        world.mission("vn-in-emb").get("/v1/leads").await.ok();
        assert_eq!(ministry.asked(), 1, "one reading of the keys is enough");
    }
}

#[test]
fn what_is_no_token_of_its_issuer_is_refused_with_the_reason() {
    own(Backend::Sqlite, async |world| {
        let (ministry, key) = (Issuer::start().await, Key::es256("2026"));
        ministry.publish(&[key.public()]);
        ministry.add_to(world, "ministry-id");
        let good = ministry.claims("4711");
        let changed = |field: &str, value: Value| {
            let mut claims = good.clone();
            claims[field] = value;
            claims
        };
        let now = chrono::Utc::now().timestamp();
        let officer = bearer(world, key.sign(&good));
        eventually("the file is taken", || async { officer.get("/v1/leads").await.status == 200 }).await;

        let head = key.head();
        let public = key.public().to_string();
        let as_secret = EncodingKey::from_secret(public.as_bytes());
        let with_secret = Header { kid: head.kid.clone(), ..Header::new(Algorithm::HS256) };
        let unsigned = |head: Value| {
            let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.", part(&head), part(&good))
        };
        for (what, token, told) in [
            ("expired", key.sign(&changed("exp", json!(now - 120))), "expired"),
            ("not yet", key.sign(&changed("nbf", json!(now + 600))), "not valid yet"),
            ("without an end", key.sign(&changed("exp", json!(null))), ""),
            ("an end in words", key.sign(&changed("exp", json!("tomorrow"))), ""),
            ("for another", key.sign(&changed("aud", json!("account"))), "somebody else"),
            ("for nobody", key.sign(&changed("aud", json!([]))), ""),
            ("of nobody", key.sign(&changed("sub", json!(""))), "sub"),
            ("of a number", key.sign(&changed("sub", json!(4711))), ""),
            ("without roles", key.sign(&changed("realm_access", json!({"roles": ["quan-tri"]}))), "realm_access.roles"),
            ("with our role", key.sign(&changed("realm_access", json!({"roles": ["ADMINISTRATOR"]}))), "roles"),
            ("of another body", key.sign(&changed("organization", json!("missions/vn-lb-emb"))), "organization"),
            ("of no body", key.sign(&changed("organization", json!(null))), "organization"),
            ("with another's key", Key::es256("2026").sign(&good), "signature"),
            ("with a strange key", Key::es256("2027").sign(&good), "signature"),
            ("in another way", Key::ed25519("2026").sign(&good), ""),
            ("with a secret", jsonwebtoken::encode(&with_secret, &good, &as_secret).expect("a token"), ""),
            ("by nobody", unsigned(json!({"alg": "none", "kid": "2026"})), ""),
            ("with no signature", unsigned(json!({"alg": "ES256", "kid": "2026"})), "signature"),
            (
                "a logout",
                key.sign_as(&Header { typ: Some("logout+jwt".into()), ..head.clone() }, &good),
                "access token",
            ),
            ("with a condition", key.sign_as(&Header { crit: Some(vec!["b64".into()]), ..head }, &good), "understood"),
            ("of an issuer unknown", key.sign(&changed("iss", json!("https://id.example.vn"))), ""),
            ("of two issuers", key.sign(&changed("iss", json!([ministry.url()]))), ""),
            ("no claims at all", key.sign(&json!([1])), ""),
        ] {
            let answer = bearer(world, token).get("/v1/leads").await;
            let problem = answer.refused(401);
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{what}: {answer}");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(told)), "{what}: {answer}");
        }
        officer.get("/v1/leads").await.ok();
        assert!(ministry.asked() < 4, "it is not asked for each token with a strange key: {}", ministry.asked());

        world.clock().advance(Duration::from_secs(2 * 3600)).await;
        assert!(officer.get("/v1/leads").await.refused(401)["detail"].as_str().expect("text").contains("expired"));
    });
}

#[test]
fn an_issuer_may_change_its_keys_be_silent_and_be_put_out() {
    own(Backend::Split, async |world| {
        let mut ministry = Issuer::start().await;
        let (old, new) = (Key::ed25519("old"), Key::es256("new"));
        ministry.publish(&[old.public()]);
        ministry.add_to(world, "ministry-id");
        let with = |key: &Key, ministry: &Issuer| bearer(world, key.sign(&ministry.claims("4711")));
        let (before, after) = (with(&old, &ministry), with(&new, &ministry));
        eventually("the file is taken", || async { before.get("/v1/leads").await.status == 200 }).await;

        // A key that is taken back signs nothing any more, not even what was taken before.
        ministry.publish(&[new.public()]);
        eventually("the new key is found", || async { after.get("/v1/leads").await.status == 200 }).await;
        before.get("/v1/leads").await.refused(401);

        // What it has signed stays good while it is silent; a gateway that never heard it cannot tell.
        ministry.down().await;
        with(&new, &ministry).get("/v1/leads").await.ok();
        world.running().kill("gateway");
        world.running().restart("gateway");
        world.wait_until_ready().await;
        let unknown = after.get("/v1/leads").await;
        assert_eq!(unknown.reason(503), "UNAVAILABLE");
        assert!(!unknown.header("retry-after").is_empty(), "{unknown}");
        world.mission("vn-in-emb").get("/v1/leads").await.ok();
        let file = world.running().folder().join("ngkt.toml").display().to_string();
        let told = ngkt(&["doctor", "--config", &file]).await;
        assert!(
            told.out.contains("problem issuer ministry-id: ") && told.out.contains("cannot be reached"),
            "{told:?}"
        );
        ministry.up().await;
        eventually("its keys are read", || async { after.get("/v1/leads").await.status == 200 }).await;
        let told = ngkt(&["doctor", "--config", &file]).await;
        assert!(told.out.contains("ok      issuer ministry-id: "), "{told:?}");

        // A file that is not right changes nothing while the gateway runs.
        let path = world.running().config().issuer_dir().join("ministry-id.toml");
        let good = std::fs::read_to_string(&path).expect("the file");
        put(&path, &good.replace("mission-officer", "ambassador"));
        let log = world.running().folder().join("gateway.log");
        let complained = || std::fs::read_to_string(&log).is_ok_and(|log| log.contains("roles.can-bo ambassador"));
        eventually("the log tells of it", || async { complained() }).await;
        after.get("/v1/leads").await.ok();
        let told = ngkt(&["doctor", "--config", &file]).await;
        assert!(told.out.contains("problem issuer ministry-id: ") && told.out.contains("roles.can-bo"), "{told:?}");
        std::fs::remove_file(&path).expect("the file");
        eventually("it is out", || async { after.get("/v1/leads").await.status == 401 }).await;
        world.mission("vn-in-emb").get("/v1/leads").await.ok();
    });
}

#[test]
fn an_issuer_that_is_not_what_it_says_is_not_believed() {
    own(Backend::Sqlite, async |world| {
        let (ministry, key) = (Issuer::start().await, Key::es256("2026"));
        ministry.publish(&[key.public()]);
        ministry.call_itself("https://id.example.vn");
        ministry.add_to(world, "ministry-id");
        let officer = bearer(world, key.sign(&ministry.claims("4711")));
        let told = async || ngkt(&["doctor", "--config", &world.config_file()]).await.out;
        assert!(told().await.contains("is of the issuer \"https://id.example.vn\""), "{}", told().await);
        eventually("the file is taken", || async { officer.get("/v1/leads").await.status == 503 }).await;

        // Without an audience or beside the network that it may be in, it is not taken at all.
        let path = world.running().config().issuer_dir().join("ministry-id.toml");
        let good = std::fs::read_to_string(&path).expect("the file");
        put(&path, &good.replace("127.0.0.0/8", "10.0.0.0/8"));
        assert!(told().await.contains("is not a public address"), "{}", told().await);
        put(&path, &good.replace("audience", "audiences"));
        assert!(told().await.contains("audience"), "{}", told().await);
        world.mission("vn-in-emb").get("/v1/leads").await.ok();
    });
}

fn name(record: &Value) -> &str {
    record["name"].as_str().expect("a name")
}
