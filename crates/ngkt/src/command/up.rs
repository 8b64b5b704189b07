//! `ngkt up`: the whole platform in one process.

use chassis::config::Config;
use clap::Args;

use super::settings::Settings;
use crate::complaint::Complaint;
use crate::platform::{Platform, Roles};

/// Runs the whole platform in this process (what `ngkt` does without a command)
#[derive(Args, Default)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Address and port to serve on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

/// Runs until the process is told to stop.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let listen = arguments.listen.map(|listen| ("gateway.listen", listen));
    let config = arguments.settings.load(listen.as_slice())?;
    let banner_of = config.clone();
    let platform = Platform::start(config, Roles::All).await?;
    eprintln!("{}", banner(&platform, &banner_of));
    platform.run_until_stopped().await
}

/// What a person wants to know first.
fn banner(platform: &Platform, config: &Config) -> String {
    let url = platform.gateway_address().map(|address| format!("http://{address}")).unwrap_or_default();
    let data = config.data_dir.display();
    format!(
        "\nNGKT {} is up.\n\
         \x20 address    {url}\n\
         \x20 reference  {url}/docs\n\
         \x20 data       {data}\n\
         \x20 try        curl '{url}/v1/localities?asOf=2026-09-20&type=CITY'\n\
         \x20 a token    ngkt token --data {data} --organization missions/vn-in-emb --role mission-officer\n\
         \x20 stop       Ctrl-C\n",
        env!("CARGO_PKG_VERSION")
    )
}
