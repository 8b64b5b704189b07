//! The other side of the benchmarks: what ours is compared with (a bare tonic server), where ours sends its metrics, and
//! clients for what common load generators cannot say (a new record in each request, a fixed rate). `tests/bench/run`
//! builds and starts it.

// It stands outside the platform: it has no host, no clock and no settings of its own.
#![allow(clippy::disallowed_methods, missing_docs)]

mod fetch;
mod paced;
mod serve;
mod tally;
mod write;

use std::collections::HashMap;

/// What a failure is told as.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// `--name value` pairs of the command line.
pub struct Arguments(HashMap<String, String>);

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Outcome<Arguments> {
        let mut pairs = HashMap::new();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").ok_or_else(|| format!("{word}: expected a name such as --to"))?;
            pairs.insert(name.to_owned(), words.next().ok_or_else(|| format!("{word} needs a value"))?);
        }
        Ok(Arguments(pairs))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub fn text(&self, name: &str) -> Outcome<&str> {
        self.get(name).ok_or_else(|| format!("--{name} is missing").into())
    }

    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Outcome<T> {
        self.text(name)?.parse().map_err(|_| format!("--{name} must be a number").into())
    }
}

fn main() -> Outcome {
    // `cargo bench` adds a word of its own.
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let command = words.next().unwrap_or_default();
    let arguments = Arguments::read(words)?;
    // The server has what every server here has; a client takes one core, so that it is not what is measured.
    let mut runtime = match command.as_str() {
        "serve" => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(async {
        match command.as_str() {
            "descriptors" => Ok(std::fs::write(arguments.text("file")?, api::FILE_DESCRIPTOR_SET)?),
            "fetch" => fetch::run(&arguments).await,
            "paced" => paced::run(&arguments).await,
            "serve" => serve::run(&arguments).await,
            "write" => write::run(&arguments).await,
            other => Err(format!("{other}: not one of descriptors, fetch, paced, serve, write").into()),
        }
    })
}
