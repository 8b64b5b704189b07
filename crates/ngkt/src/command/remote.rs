//! A running platform, as a command sees it over REST.

use clap::Args;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::complaint::{Complaint, While};

/// Where the platform is and as whom to speak to it.
#[derive(Args)]
pub struct Remote {
    /// Where the platform is
    #[arg(long, default_value = "http://127.0.0.1:8080", env = "NGKT_URL", value_name = "URL")]
    url: String,
    /// Bearer token, as `ngkt token` prints it; needed for what is not public
    #[arg(long, env = "NGKT_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

impl Remote {
    /// Gets `path` with these query parameters and gives the body of a successful answer.
    pub async fn get(&self, path: &str, query: &[(String, String)]) -> Result<Vec<u8>, Complaint> {
        self.send(Method::GET, path, query, None).await
    }

    /// Posts a JSON body to `path` and gives the body of a successful answer.
    pub async fn post(&self, path: &str, body: Value) -> Result<Vec<u8>, Complaint> {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(String, String)],
        body: Option<Value>,
    ) -> Result<Vec<u8>, Complaint> {
        let base = self.url.trim_end_matches('/');
        let mut url = reqwest::Url::parse(&format!("{base}{path}")).while_doing(|| format!("--url {}", self.url))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = http()?.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.while_doing(|| format!("the platform at {base} does not answer"))?;
        read(answer).await
    }
}

/// The operator says where to go, also to this machine; egress is for where others send us.
#[allow(clippy::disallowed_methods)]
fn http() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().build()
}

/// The body, or what the platform complained of.
async fn read(answer: Response) -> Result<Vec<u8>, Complaint> {
    let status = answer.status();
    let body = answer.bytes().await?.to_vec();
    if status.is_success() { Ok(body) } else { Err(problem(status, &body)) }
}

/// A problem document in words: what happened, then a line for each field that is wrong.
fn problem(status: StatusCode, body: &[u8]) -> Complaint {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let violations = problem["violations"].as_array().map(Vec::as_slice).unwrap_or_default();
    // The detail of an invalid request is its violations in one sentence; they follow line by line.
    let told = if problem["reason"] == "INVALID_ARGUMENT" && !violations.is_empty() { "title" } else { "detail" };
    let words = problem[told].as_str().unwrap_or("no explanation was given");
    let mut words = format!("refused ({}): {words}", status.as_u16());
    for violation in violations {
        let text = |key: &str| violation[key].as_str().unwrap_or_default();
        words.push_str(&format!("\n  {}: {}", text("field"), text("description")));
    }
    Complaint::new(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_broken_field_has_its_line() {
        let body = br#"{"title":"Invalid argument","detail":"all in one","reason":"INVALID_ARGUMENT","violations":[
            {"field":"rows[3].capital_total_musd","description":"is not a number"},
            {"field":"rows[7].partner_iso","description":"is no country"}]}"#;
        let words = problem(StatusCode::BAD_REQUEST, body).to_string();
        assert_eq!(
            words,
            "refused (400): Invalid argument\n  rows[3].capital_total_musd: is not a number\n  rows[7].partner_iso: is no country"
        );
        assert_eq!(problem(StatusCode::BAD_GATEWAY, b"<html>").to_string(), "refused (502): no explanation was given");
    }
}
