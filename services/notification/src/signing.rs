//! Secrets and signatures by the Standard Webhooks rules: HMAC-SHA256 over id, timestamp and body, scheme v1.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What a secret begins with in text, so that people and scanners of leaked secrets know it for one.
const PREFIX: &str = "whsec_";

/// The length of a key in bytes; the rules ask for 24 to 64.
const KEY_BYTES: usize = 32;

/// A new secret in text: `whsec_` and 32 random bytes in base64.
pub fn new_secret() -> String {
    let key: [u8; KEY_BYTES] = rand::random();
    format!("{PREFIX}{}", STANDARD.encode(key))
}

/// The value of webhook-signature: a signature by each of `secrets`, with a blank between. A receiver accepts the
/// message if any of them is right, which is what lets it change its secret without losing a message.
pub fn signatures<'a>(
    secrets: impl IntoIterator<Item = &'a str>,
    id: &str,
    timestamp_seconds: i64,
    body: &[u8],
) -> String {
    let signed: Vec<String> =
        secrets.into_iter().filter_map(key).map(|key| signature(&key, id, timestamp_seconds, body)).collect();
    signed.join(" ")
}

fn key(secret: &str) -> Option<Vec<u8>> {
    STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret)).ok()
}

fn signature(key: &[u8], id: &str, timestamp_seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("invariant: HMAC takes a key of any length");
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(timestamp_seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use standardwebhooks::Webhook;

    const BODY: &[u8] = r#"{"type":"commitment.fulfilled","data":{"displayName":"Gặp gỡ Việt Nam"}}"#.as_bytes();

    #[test]
    fn the_published_example_is_signed_as_published() {
        let signed = signatures(
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn another_implementation_signs_the_same() {
        let secret = new_secret();
        let theirs = Webhook::new(&secret).and_then(|w| w.sign("0192", 1_795_000_000, BODY)).expect("a signature");
        assert_eq!(signatures([secret.as_str()], "0192", 1_795_000_000, BODY), theirs);
    }

    #[test]
    fn after_a_rotation_either_secret_verifies() {
        let (old, new) = (new_secret(), new_secret());
        let now = chassis::clock::Clock::system().now().timestamp();
        let signed = signatures([new.as_str(), old.as_str()], "0192", now, BODY);
        let mut headers = http::HeaderMap::new();
        for (name, value) in
            [("webhook-id", "0192".into()), ("webhook-timestamp", now.to_string()), ("webhook-signature", signed)]
        {
            headers.insert(name, value.parse().expect("a header"));
        }
        for (secret, accepted) in [(&old, true), (&new, true), (&new_secret(), false)] {
            assert_eq!(Webhook::new(secret).expect("a secret").verify(BODY, &headers).is_ok(), accepted);
        }
    }

    #[test]
    fn secrets_are_long_and_never_the_same() {
        assert_ne!(new_secret(), new_secret());
        assert_eq!(key(&new_secret()).expect("base64").len(), KEY_BYTES);
    }
}
