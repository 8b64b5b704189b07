//! Clients that write without pause: each request adds a record of its own, under an idempotency key of its own. Names rise
//! with time, as those that the platform gives do.

use std::time::{Duration, Instant};

use api::registry::v1::theme_service_client::ThemeServiceClient;
use api::registry::v1::{CreateThemeRequest, Theme};
use api::shared::v1::Source;
use tonic::transport::{Channel, Endpoint};

use crate::tally::Tally;
use crate::{Arguments, Outcome};

/// Connections that the clients share.
const CONNECTIONS: usize = 8;

/// Writes to `--to` for `--seconds` with `--clients`, in the name of the bearer of `--token`, under ids that begin with
/// `--series`.
pub async fn run(arguments: &Arguments) -> Outcome {
    let (clients, seconds): (usize, f64) = (arguments.number("clients")?, arguments.number("seconds")?);
    let authorization = format!("Bearer {}", arguments.text("token")?);
    let mut channels = Vec::new();
    for _ in 0..clients.min(CONNECTIONS) {
        channels.push(Endpoint::from_shared(arguments.text("to")?.to_owned())?.tcp_nodelay(true).connect().await?);
    }
    let begin = Instant::now();
    let end = begin + Duration::from_secs_f64(seconds);
    let mut tasks = Vec::new();
    for client in 0..clients {
        let channel = channels[client % channels.len()].clone();
        let series = arguments.text("series")?.to_owned();
        tasks.push(tokio::spawn(write(channel, authorization.clone(), series, client, end)));
    }
    let mut tally = Tally::default();
    for task in tasks {
        tally.add(task.await??);
    }
    tally.print(begin.elapsed());
    Ok(())
}

async fn write(channel: Channel, authorization: String, series: String, who: usize, end: Instant) -> Outcome<Tally> {
    let mut client = ThemeServiceClient::new(channel);
    let authorization: tonic::metadata::MetadataValue<_> = authorization.parse()?;
    let mut tally = Tally::default();
    let mut number = 0;
    while Instant::now() < end {
        let id = format!("{series}-{number:07}-{who:03}");
        number += 1;
        let mut request = tonic::Request::new(CreateThemeRequest { theme: Some(theme()), theme_id: id.clone() });
        request.metadata_mut().insert("authorization", authorization.clone());
        request.metadata_mut().insert("idempotency-key", id.parse()?);
        let begin = Instant::now();
        let outcome = client.create_theme(request).await;
        tally.note(begin.elapsed(), outcome.map(drop).map_err(|status| status.to_string()));
    }
    Ok(tally)
}

/// About 0.9 KB.
fn theme() -> Theme {
    let description = "Thúc đẩy chuyển đổi xanh trong quan hệ kinh tế với các đối tác: năng lượng tái tạo, kinh tế tuần hoàn, tín chỉ \
        các-bon, tiêu chuẩn xanh của hàng xuất khẩu. "
        .repeat(3);
    Theme {
        display_name: "Chuyển đổi xanh trong ngoại giao kinh tế".to_owned(),
        english_name: "Green transition in economic diplomacy".to_owned(),
        description,
        source: Some(Source { citation: "Chỉ thị về ngoại giao kinh tế".to_owned(), ..Source::default() }),
        ..Theme::default()
    }
}
