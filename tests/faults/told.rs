//! What the run was told to do.

use std::path::PathBuf;
use std::time::Duration;

use crate::fault::FAULTS;
use crate::platform::Peers;
use crate::stage::Options;

pub struct Told {
    pub options: Options,
    pub folder: PathBuf,
    pub peers: Peers,
    /// The platform's program, if it is not the one that was built with this.
    pub binary: String,
    names: Vec<String>,
    /// No fault begins later than this.
    time: Option<Duration>,
}

impl Told {
    pub fn read() -> Result<Told, String> {
        let options =
            Options { rounds: 1, clients: 64, think: Duration::from_millis(80), watchers: 1_000, hostile: 3_000 };
        let mut told = Told {
            options,
            folder: PathBuf::new(),
            peers: Peers::Balancer,
            binary: env!("CARGO_BIN_EXE_platform").to_owned(),
            names: Vec::new(),
            time: None,
        };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix("--") else {
                told.name(word)?;
                continue;
            };
            if option == "help" {
                return Err(crate::usage());
            }
            let value = words.next().ok_or_else(|| format!("--{option} needs a value"))?;
            told.set(option, &value)?;
        }
        if told.folder.as_os_str().is_empty() {
            told.folder = crate::some_folder();
        }
        Ok(told)
    }

    fn name(&mut self, name: String) -> Result<(), String> {
        if FAULTS.iter().all(|fault| fault.name != name) {
            return Err(format!("{name} is no fault\n\n{}", crate::usage()));
        }
        self.names.push(name);
        Ok(())
    }

    fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        let number = || value.parse::<usize>().map_err(|_| format!("--{option} takes a number, not {value}"));
        match option {
            "rounds" => self.options.rounds = number()?,
            "clients" => self.options.clients = number()?.max(8),
            "think" => self.options.think = Duration::from_millis(number()? as u64),
            "watchers" => self.options.watchers = number()?,
            "hostile" => self.options.hostile = number()?,
            "minutes" => self.time = Some(Duration::from_secs(number()? as u64 * 60)),
            "binary" => value.clone_into(&mut self.binary),
            "folder" => self.folder = value.into(),
            "peers" => {
                self.peers = match value {
                    "balancer" => Peers::Balancer,
                    "list" => Peers::List,
                    _ => return Err(format!("--peers is balancer or list, not {value}")),
                }
            }
            _ => return Err(format!("--{option} is no option\n\n{}", crate::usage())),
        }
        Ok(())
    }

    pub fn wants(&self, fault: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name == fault)
    }

    pub fn is_late(&self, now: Duration) -> bool {
        self.time.is_some_and(|time| now > time)
    }
}
