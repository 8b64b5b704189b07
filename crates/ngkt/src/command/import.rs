//! `ngkt import`: files of published figures, through the API of a running platform.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::remote::Remote;
use crate::complaint::{Complaint, While};

/// Takes files of published figures into a running platform
#[derive(Subcommand)]
pub enum What {
    Fdi(Arguments),
}

/// Takes a CSV file of foreign direct investment, whole or not at all; taking it again changes nothing
#[derive(Args)]
pub struct Arguments {
    /// The file: UTF-8, its columns named in the first line, numbers as in Viet Nam (4.046,5) or English (4,046.5)
    file: PathBuf,
    /// Only check the file and tell what it would change
    #[arg(long)]
    dry_run: bool,
    /// How numbers are written, if the file leaves it open
    #[arg(long, value_enum, value_name = "STYLE")]
    numbers: Option<Numbers>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Clone, Copy, ValueEnum)]
enum Numbers {
    /// As in Viet Nam: 4.046,5
    DecimalComma,
    /// As in English: 4,046.5
    DecimalPoint,
}

/// Sends the file and tells what became of it.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let file = arguments.file.display();
    let bytes = std::fs::read(&arguments.file).while_doing(|| format!("reading {file}"))?;
    let content = String::from_utf8(bytes).while_doing(|| format!("{file} is not UTF-8"))?;
    let mut body = json!({"content": content, "dryRun": arguments.dry_run});
    match arguments.numbers {
        Some(Numbers::DecimalComma) => body["numberStyle"] = "DECIMAL_COMMA".into(),
        Some(Numbers::DecimalPoint) => body["numberStyle"] = "DECIMAL_POINT".into(),
        None => {}
    }
    let answer = arguments.remote.post("/v1/fdiFlows:import", body).await.while_doing(|| file.to_string())?;
    let answer: Value = serde_json::from_slice(&answer)?;
    println!("{}", summary(&answer));
    for warning in answer["warnings"].as_array().into_iter().flatten() {
        eprintln!("note: {}", warning.as_str().unwrap_or_default());
    }
    Ok(())
}

/// The counts in words.
fn summary(answer: &Value) -> String {
    let count = |key: &str| answer[key].as_i64().unwrap_or_default();
    let counts = format!(
        "{} rows: {} created, {} updated, {} unchanged",
        count("rows"),
        count("created"),
        count("updated"),
        count("unchanged")
    );
    if answer["dryRun"] == true { format!("{counts} (nothing was written)") } else { counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_are_zero_are_told_too() {
        assert_eq!(summary(&json!({"rows": 3, "unchanged": 3})), "3 rows: 0 created, 0 updated, 3 unchanged");
        let dry = summary(&json!({"rows": 1, "created": 1, "dryRun": true}));
        assert_eq!(dry, "1 rows: 1 created, 0 updated, 0 unchanged (nothing was written)");
    }
}
