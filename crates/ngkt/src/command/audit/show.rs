//! `ngkt audit show`: entries of the change logs, one line of JSON each. Personal data in them stays sealed.

use chrono::{DateTime, Utc};
use clap::Args;
use store::audit::{self, Wanted};

use super::Of;
use super::export::readable;
use crate::command::settings::Settings;
use crate::complaint::{Complaint, While};

/// Prints entries of the change logs, one line of JSON each, in the order in which readers have them
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    of: Of,
    /// Only of this record, such as engagements/0198…
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
    /// Only by this person or system, or for this organization, such as missions/vn-in-emb
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,
    /// Not before this instant, such as 2026-11-20T00:00:00+07:00
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,
    /// Before this instant
    #[arg(long, value_name = "TIME")]
    until: Option<DateTime<Utc>>,
    /// So many of each service at most
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    limit: usize,
}

/// Prints them.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let config = arguments.settings.load(&[])?;
    let Arguments { resource, actor, from, until, limit, .. } = arguments;
    let wanted = Wanted { resource, actor, from, until };
    for name in arguments.of.services() {
        let mut shown = 0;
        let each = |entry: audit::Told| {
            if shown < limit {
                println!("{}", readable(name, &entry)?);
                shown += 1;
            }
            Ok(shown < limit)
        };
        audit::entries(&config, name, &wanted, each).await.while_doing(|| format!("reading the log of {name}"))?;
    }
    Ok(())
}
