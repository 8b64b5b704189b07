//! The file of a backup: frames, compressed (gzip), encrypted ([`super::crypt`]). A frame is a letter for what it is, its
//! length in 4 bytes (big-endian), and its content:
//!
//! - `H`, once, at the beginning: [`Head`] in JSON.
//! - `K` a key: its name, a zero byte, and what stands in its file.
//! - `T` a table begins: [`Begin`] in JSON. `R` some of its rows. `E` it ends: [`End`] in JSON.
//! - `Z`, once, at the end: [`Last`] in JSON.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use store::archive::{Described, Sum, Table};

use super::crypt::{Decrypting, Encrypting};
use super::secret::Secret;
use crate::complaint::{Complaint, While};

/// The largest frame: rows come in batches, of which one holds a row that is as large as a request may be, or some more.
const FRAME_MAX: u32 = 256 << 20;

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version that wrote it.
    pub version: String,
    /// When, in microseconds since 1970.
    pub time: i64,
    /// The databases, in the order in which they were read.
    pub databases: Vec<Described>,
}

/// A table begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The service whose database it is in.
    pub service: String,
    /// Its form.
    pub table: Table,
}

/// A table ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How many rows it has.
    pub rows: u64,
    /// Its sum ([`Sum`]).
    pub sum: String,
}

/// The file ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// Tables in all.
    pub tables: u64,
    /// Rows in all.
    pub rows: u64,
    /// Keys in all.
    pub keys: u64,
}

/// A piece of a backup.
pub enum Frame {
    /// What the file holds.
    Head(Head),
    /// A key: its name and its file's content.
    Key(String, Vec<u8>),
    /// A table begins.
    Begin(Begin),
    /// Rows of it.
    Rows(Vec<u8>),
    /// It ends.
    End(End),
    /// The file ends.
    Last(Last),
}

impl Frame {
    fn parts(&self) -> Result<(u8, Vec<u8>), Complaint> {
        Ok(match self {
            Frame::Head(head) => (b'H', serde_json::to_vec(head)?),
            Frame::Key(name, content) => (b'K', [name.as_bytes(), &[0], content].concat()),
            Frame::Begin(begin) => (b'T', serde_json::to_vec(begin)?),
            Frame::Rows(rows) => (b'R', rows.clone()),
            Frame::End(end) => (b'E', serde_json::to_vec(end)?),
            Frame::Last(last) => (b'Z', serde_json::to_vec(last)?),
        })
    }

    fn of(letter: u8, content: Vec<u8>) -> Result<Frame, Complaint> {
        Ok(match letter {
            b'H' => Frame::Head(serde_json::from_slice(&content)?),
            b'K' => {
                let end = content.iter().position(|byte| *byte == 0);
                let (name, file) = end.map(|end| (&content[..end], &content[end + 1..])).unwrap_or_default();
                Frame::Key(String::from_utf8_lossy(name).into_owned(), file.to_vec())
            }
            b'T' => Frame::Begin(serde_json::from_slice(&content)?),
            b'R' => Frame::Rows(content),
            b'E' => Frame::End(serde_json::from_slice(&content)?),
            b'Z' => Frame::Last(serde_json::from_slice(&content)?),
            _ => return Err(Complaint::new("it holds something that this version does not know")),
        })
    }
}

/// A new file that only its owner reads; fails if there is one.
pub fn private(path: &Path) -> Result<File, Complaint> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(path).while_doing(|| format!("making {}", path.display()))
}

/// Writes a backup: under a name of its own beside the one that it is to have, which it gets when it is whole.
pub struct Writer {
    out: GzEncoder<Encrypting<BufWriter<File>>>,
    draft: Draft,
    path: PathBuf,
}

/// A file that goes away unless it is finished.
struct Draft(Option<PathBuf>);

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Writer {
    /// Begins the file; there must be none of this name.
    pub fn begin(path: &Path, secret: &Secret) -> Result<Writer, Complaint> {
        if path.exists() {
            return Err(Complaint::new(format!("{} is there already", path.display())));
        }
        let mut draft = path.as_os_str().to_owned();
        draft.push(".part");
        let draft = PathBuf::from(draft);
        let file = private(&draft)?;
        let draft = Draft(Some(draft));
        let out = Encrypting::begin(BufWriter::with_capacity(1 << 20, file), secret)?;
        Ok(Writer { out: GzEncoder::new(out, Compression::fast()), draft, path: path.to_owned() })
    }

    /// Writes a frame.
    pub fn write(&mut self, frame: &Frame) -> Result<(), Complaint> {
        let (letter, content) = frame.parts()?;
        let length = u32::try_from(content.len()).ok().filter(|length| *length <= FRAME_MAX);
        let length = length.ok_or_else(|| Complaint::new("a row is too large for a backup"))?;
        let told = || format!("writing {}", self.path.display());
        self.out.write_all(&[letter]).while_doing(told)?;
        self.out.write_all(&length.to_be_bytes()).while_doing(told)?;
        self.out.write_all(&content).while_doing(told)
    }

    /// Makes the file whole and gives it its name. On disk when this returns.
    pub fn finish(mut self) -> Result<u64, Complaint> {
        let told = || format!("writing {}", self.path.display());
        let file = self.out.finish().and_then(Encrypting::finish).while_doing(told)?;
        let file = file.into_inner().map_err(|error| Complaint::new(format!("{}: {}", told(), error.error())))?;
        file.sync_all().while_doing(told)?;
        let bytes = file.metadata().while_doing(told)?.len();
        let draft = self.draft.0.take().expect("invariant: finished once");
        // Fails if somebody made one of this name meanwhile.
        let linked = std::fs::hard_link(&draft, &self.path).while_doing(told);
        let _ = std::fs::remove_file(&draft);
        linked.map(|()| bytes)
    }
}

/// Reads a backup, and fails at the first thing that is not as it was written.
pub struct Reader {
    input: GzDecoder<Decrypting<BufReader<File>>>,
    path: PathBuf,
    table: Option<(Table, Sum)>,
    seen: Last,
    ended: bool,
}

impl Reader {
    /// Opens the file.
    pub fn open(path: &Path, secret: &Secret) -> Result<Reader, Complaint> {
        let file = File::open(path).while_doing(|| format!("reading {}", path.display()))?;
        let input = Decrypting::begin(BufReader::with_capacity(1 << 20, file), secret);
        let input = input.while_doing(|| path.display().to_string())?;
        let (table, seen, path) = (None, Last::default(), path.to_owned());
        Ok(Reader { input: GzDecoder::new(input), path, table, seen, ended: false })
    }

    /// The next frame; none after the last. Sums are checked on the way.
    pub fn frame(&mut self) -> Result<Option<Frame>, Complaint> {
        if self.ended {
            return Ok(None);
        }
        let path = self.path.display().to_string();
        self.read().while_doing(|| path)
    }

    fn read(&mut self) -> Result<Option<Frame>, Complaint> {
        let mut head = [0; 5];
        self.input.read_exact(&mut head)?;
        let [letter, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if length > FRAME_MAX {
            return Err(Complaint::new("a part of it is larger than any backup of ours has"));
        }
        let mut content = Vec::new();
        (&mut self.input).take(u64::from(length)).read_to_end(&mut content)?;
        if content.len() != length as usize {
            return Err(Complaint::new("it is cut off"));
        }
        let frame = Frame::of(letter, content)?;
        self.check(&frame)?;
        Ok(Some(frame))
    }

    fn check(&mut self, frame: &Frame) -> Result<(), Complaint> {
        match frame {
            Frame::Head(_) => {}
            Frame::Key(..) => self.seen.keys += 1,
            Frame::Begin(begin) => self.table = Some((begin.table.clone(), Sum::of(&begin.table))),
            Frame::Rows(rows) => {
                let (_, sum) = self.table.as_mut().ok_or_else(|| Complaint::new("it has rows of no table"))?;
                sum.add(rows);
            }
            Frame::End(end) => {
                let (table, sum) = self.table.take().ok_or_else(|| Complaint::new("no table ends here"))?;
                if sum.finish() != end.sum {
                    return Err(Complaint::new(format!("the sum of {} is another", table.name)));
                }
                (self.seen.tables, self.seen.rows) = (self.seen.tables + 1, self.seen.rows + end.rows);
            }
            Frame::Last(last) => {
                if *last != self.seen {
                    return Err(Complaint::new("it does not hold what it says at its end"));
                }
                // What is behind would have to be nothing; reading on also opens the last piece.
                if self.input.read(&mut [0])? != 0 {
                    return Err(Complaint::new("something stands behind its end"));
                }
                self.ended = true;
            }
        }
        Ok(())
    }
}
