//! One attempt: a signed POST, and what came back.

use chassis::clock::Clock;
use chassis::egress::{self, Client, Refused};
use chassis::telemetry::trace;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tracing::field::Empty;

use crate::attempt::{Answer, Made};
use crate::secret::Secret;
use crate::{envelope, gauge, schedule, signing};

/// What is read of an answer's body: so much, for so long. It is thrown away; reading it only keeps the connection.
const BODY_BYTES_MAX: usize = 16 * 1024;
const BODY_TIME: Duration = Duration::from_millis(500);

/// The longest reason that is kept of an attempt that had no answer, in characters.
const WHY_MAX: usize = 200;

/// Posts messages.
#[derive(Clone)]
pub struct Poster {
    pub egress: Client,
    pub clock: Clock,
    /// How long a receiver may take to answer.
    pub patience: Duration,
}

/// A message, ready to be posted.
#[derive(Debug, Clone)]
pub struct Message {
    /// The delivery's id, which the receiver knows the message by.
    pub id: String,
    /// The envelope.
    pub body: Vec<u8>,
}

impl Poster {
    /// Posts a message to `url`, signed by each of the secrets.
    pub async fn post(&self, url: &str, secrets: &[Secret], message: Message) -> Made {
        let (at, begin) = (self.clock.now(), Instant::now());
        let span = trace::root(|| {
            tracing::info_span!(target: "ngkt::webhook", "attempt", otel.name = "webhook attempt",
                otel.kind = "client", ngkt.delivery = message.id, ngkt.webhook.result = Empty)
        });
        if !span.is_none()
            && let Some((trace_id, span_id)) = envelope::written_in(&message.body)
        {
            trace::follows(&span, &trace_id, &span_id);
        }
        let answer = trace::begin(span.clone(), self.answer(url, secrets, message, at.timestamp())).await;
        let duration_ms = i32::try_from(begin.elapsed().as_millis()).unwrap_or(i32::MAX);
        let made = Made { at, duration_ms, answer };
        span.record("ngkt.webhook.result", gauge::attempted(&made));
        made
    }

    async fn answer(&self, url: &str, secrets: &[Secret], message: Message, timestamp_seconds: i64) -> Answer {
        let texts = secrets.iter().map(|secret| secret.text.as_str());
        let signatures = signing::signatures(texts, &message.id, timestamp_seconds, &message.body);
        let request = match self.egress.request(reqwest::Method::POST, url) {
            Ok(request) => request,
            Err(refused) => return Answer::Silence { why: refused.to_string() },
        };
        let request = request
            .header("content-type", envelope::CONTENT_TYPE)
            .header("webhook-id", message.id)
            .header("webhook-timestamp", timestamp_seconds)
            .header("webhook-signature", signatures)
            .body(message.body);
        match request.send().await {
            Ok(response) => self.judge(response).await,
            Err(error) => Answer::Silence { why: self.why(&error) },
        }
    }

    /// By the status alone: what the body says is never looked at.
    async fn judge(&self, response: reqwest::Response) -> Answer {
        let status = response.status();
        let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = asked.and_then(|value| schedule::retry_after(value, self.clock.now()));
        let _ = timeout(BODY_TIME, egress::read(response, BODY_BYTES_MAX)).await;
        match status.as_u16() {
            200..=299 => Answer::Taken { status: status.as_u16() },
            410 => Answer::Gone,
            status => Answer::Refused { status, retry_after },
        }
    }

    /// Why there was no answer, for the endpoint's owner to read.
    fn why(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no answer within {} s", self.patience.as_secs());
        }
        let mut cause: &(dyn std::error::Error + 'static) = error;
        while let Some(next) = cause.source() {
            cause = next;
            if let Some(refused) = cause.downcast_ref::<Refused>() {
                return refused.to_string();
            }
        }
        format!("could not be reached: {cause}").chars().take(WHY_MAX).collect()
    }
}
