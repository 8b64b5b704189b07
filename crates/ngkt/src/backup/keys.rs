//! The keys of a platform, in a backup or apart from it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::file::private;
use crate::complaint::{Complaint, While};

/// The key without which personal data stays sealed.
pub const PERSONAL: &str = "personal.key";

/// Which keys a backup takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Keys {
    /// All but personal.key, which belongs in a backup apart from the databases
    Signing,
    /// Nothing but personal.key
    Personal,
    /// All of them: whoever opens the backup reads personal data
    All,
    /// None
    None,
}

impl Keys {
    fn take(self, name: &str) -> bool {
        match self {
            Keys::Signing => name != PERSONAL,
            Keys::Personal => name == PERSONAL,
            Keys::All => true,
            Keys::None => false,
        }
    }

    /// Name and content of those in the folder.
    pub fn read(self, folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Complaint> {
        let told = || format!("reading {}", folder.display());
        let mut keys = Vec::new();
        if self == Keys::None {
            return Ok(keys);
        }
        for entry in std::fs::read_dir(folder).while_doing(told)? {
            let entry = entry.while_doing(told)?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if name.ends_with(".key") && self.take(&name) {
                keys.push((name, std::fs::read(entry.path()).while_doing(told)?));
            }
        }
        if self == Keys::Personal && keys.is_empty() {
            let folder = folder.display();
            let text =
                format!("{PERSONAL} is not in {folder}: it is made with the first record that holds personal data");
            return Err(Complaint::new(text));
        }
        keys.sort();
        Ok(keys)
    }
}

/// Keys on their way into a folder. Those that were written go away again unless they are kept.
pub struct Laid {
    written: Vec<PathBuf>,
}

/// Which of these keys the folder lacks. Fails if it has another of the same name: the databases would not go with it.
pub fn missing(folder: &Path, keys: &[(String, Vec<u8>)]) -> Result<Vec<(PathBuf, Vec<u8>)>, Complaint> {
    let mut missing = Vec::new();
    for (name, content) in keys {
        let plain = !name.contains(['/', '\\']) && name.ends_with(".key");
        if !plain {
            return Err(Complaint::new(format!("{name:?} is no name of a key")));
        }
        let path = folder.join(name);
        match std::fs::read(&path) {
            Ok(there) if there == *content => {}
            Ok(_) => {
                let path = path.display();
                let text =
                    format!("{path} is there already and is another key: name an empty folder in identity.key_dir");
                return Err(Complaint::new(text));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => missing.push((path, content.clone())),
            Err(error) => return Err(Complaint::new(format!("reading {}: {error}", path.display()))),
        }
    }
    Ok(missing)
}

/// Writes keys into their folder.
pub fn lay(folder: &Path, keys: Vec<(PathBuf, Vec<u8>)>) -> Result<Laid, Complaint> {
    let mut laid = Laid { written: Vec::new() };
    if keys.is_empty() {
        return Ok(laid);
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder).while_doing(|| format!("making {}", folder.display()))?;
    for (path, content) in keys {
        let mut file = private(&path)?;
        laid.written.push(path.clone());
        file.write_all(&content)
            .and_then(|()| file.sync_all())
            .while_doing(|| format!("writing {}", path.display()))?;
    }
    Ok(laid)
}

impl Laid {
    /// Keeps them, and tells how many were written.
    pub fn keep(mut self) -> usize {
        std::mem::take(&mut self.written).len()
    }
}

impl Drop for Laid {
    fn drop(&mut self) {
        for path in &self.written {
            let _ = std::fs::remove_file(path);
        }
    }
}
