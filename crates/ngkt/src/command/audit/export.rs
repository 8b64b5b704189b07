//! `ngkt audit export`: the change logs with their chains, for whoever checks them without us. deploy/audit.md says how.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde_json::{Value, json};
use store::audit::{self, Link, Told};

use super::Of;
use crate::command::settings::Settings;
use crate::complaint::{Complaint, While};

/// Writes the change logs with their seals and checkpoints as lines of JSON, which can be checked without ngkt
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    of: Of,
    /// File to write instead of the standard output
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Writes them.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let config = arguments.settings.load(&[])?;
    let mut out: Box<dyn Write> = match &arguments.to {
        None => Box::new(BufWriter::new(std::io::stdout().lock())),
        Some(file) => {
            let made = File::create_new(file).while_doing(|| format!("making {}", file.display()))?;
            Box::new(BufWriter::new(made))
        }
    };
    for name in arguments.of.services() {
        let each = |link: Link| writeln!(out, "{}", line(name, link)?).map_err(chassis::Error::internal);
        audit::chain(&config, name, each).await.while_doing(|| format!("exporting the log of {name}"))?;
    }
    Ok(out.flush()?)
}

fn line(service: &str, link: Link) -> chassis::error::Result<Value> {
    Ok(match link {
        Link::Entry(entry) => {
            let mut line = readable(service, &entry)?;
            line["entry"] = STANDARD.encode(&entry.bytes).into();
            line
        }
        Link::Seal { number, members, previous_hash, hash } => json!({
            "service": service,
            "seal": number,
            "members": members,
            "previousHash": hex::encode(previous_hash),
            "hash": hex::encode(hash),
        }),
        Link::Checkpoint(checkpoint) => {
            json!({"service": service, "checkpoint": serde_json::to_value(checkpoint).map_err(chassis::Error::internal)?})
        }
    })
}

/// An entry for people: its number and hash, and what it says. What is sealed in it is left out.
pub fn readable(service: &str, entry: &Told) -> chassis::error::Result<Value> {
    let form = api::pool().get_message_by_name("ngkt.type.v1.Change");
    let form = form.ok_or_else(|| chassis::Error::internal("the contract has no Change"))?;
    let change = DynamicMessage::decode(form, entry.bytes.as_slice()).map_err(chassis::Error::internal)?;
    let options = SerializeOptions::new().stringify_64_bit_integers(false);
    let change = change.serialize_with_options(serde_json::value::Serializer, &options);
    Ok(json!({
        "service": service,
        "sequence": entry.sequence,
        "hash": hex::encode(&entry.hash),
        "change": change.map_err(chassis::Error::internal)?,
    }))
}
