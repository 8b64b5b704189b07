//! Requests at a fixed rate, whether or not the ones before are answered: the time of each counts from when it was due.

use std::time::{Duration, Instant};

use api::investment::v1::GetOpportunityRequest;
use api::investment::v1::opportunity_service_client::OpportunityServiceClient;
use futures::stream::{FuturesUnordered, StreamExt};
use tonic::transport::{Channel, Endpoint};

use crate::tally::Tally;
use crate::{Arguments, Outcome};

/// Connections over which requests go in turn.
const CONNECTIONS: usize = 8;

/// Reads `--name` `--rate` times a second for `--seconds`: from `--grpc`, or as JSON from `--rest`.
pub async fn run(arguments: &Arguments) -> Outcome {
    let (rate, seconds): (f64, f64) = (arguments.number("rate")?, arguments.number("seconds")?);
    let name = arguments.text("name")?;
    let authorization = arguments.get("token").map(|token| format!("Bearer {token}"));
    let reader = match arguments.get("grpc") {
        Some(address) => Reader::grpc(address, name, authorization.as_deref()).await?,
        None => Reader::rest(arguments.text("rest")?, name, authorization)?,
    };
    let (begin, count) = (Instant::now(), (rate * seconds) as u64);
    let mut tally = Tally::default();
    let mut under_way = FuturesUnordered::new();
    for number in 0..count {
        let due = begin + Duration::from_secs_f64(number as f64 / rate);
        let mut pause = std::pin::pin!(tokio::time::sleep_until(due.into()));
        // The timer of tokio counts in milliseconds, so several are due at once: as in life.
        loop {
            tokio::select! {
                () = &mut pause => break,
                Some((took, outcome)) = under_way.next() => tally.note(took, outcome),
            }
        }
        let reader = &reader;
        under_way.push(async move {
            let outcome = reader.read(number as usize).await;
            (due.elapsed(), outcome)
        });
    }
    while let Some((took, outcome)) = under_way.next().await {
        tally.note(took, outcome);
    }
    tally.print(begin.elapsed());
    Ok(())
}

enum Reader {
    Grpc(Vec<OpportunityServiceClient<Channel>>, String, Option<tonic::metadata::AsciiMetadataValue>),
    Rest(reqwest::Client, String, Option<String>),
}

impl Reader {
    async fn grpc(address: &str, name: &str, authorization: Option<&str>) -> Outcome<Reader> {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            let channel = Endpoint::from_shared(address.to_owned())?.tcp_nodelay(true).connect().await?;
            clients.push(OpportunityServiceClient::new(channel));
        }
        let authorization = authorization.map(str::parse).transpose()?;
        Ok(Reader::Grpc(clients, name.to_owned(), authorization))
    }

    fn rest(address: &str, name: &str, authorization: Option<String>) -> Outcome<Reader> {
        // Asked for even where no TLS is spoken; a second time does no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().tcp_nodelay(true).build()?;
        Ok(Reader::Rest(client, format!("{address}/v1/{name}"), authorization))
    }

    async fn read(&self, number: usize) -> Result<(), String> {
        match self {
            Reader::Grpc(clients, name, authorization) => {
                let mut request = tonic::Request::new(GetOpportunityRequest { name: name.clone() });
                if let Some(authorization) = authorization {
                    request.metadata_mut().insert("authorization", authorization.clone());
                }
                let mut client = clients[number % clients.len()].clone();
                client.get_opportunity(request).await.map(drop).map_err(|status| status.to_string())
            }
            Reader::Rest(client, url, authorization) => {
                let mut request = client.get(url);
                if let Some(authorization) = authorization {
                    request = request.header("authorization", authorization);
                }
                let response = request.send().await.map_err(|error| error.to_string())?;
                match response.status().is_success() {
                    true => response.bytes().await.map(drop).map_err(|error| error.to_string()),
                    false => Err(response.status().to_string()),
                }
            }
        }
    }
}
