//! Encryption of a file as it is written: XChaCha20-Poly1305 in pieces, each bound to its place and to whether it is the
//! last (the construction STREAM), so that a piece that was changed, moved, repeated or cut off does not open.
//!
//! The file begins with `ngkt-backup-v1\n` and, in bytes: 1 for how the key is made (1 from a passphrase by Argon2id, 2
//! from a file of keys), 4 for Argon2id's memory in KiB and 4 for its rounds (big-endian), 32 of salt, 19 of nonce, and
//! 32 of HMAC-SHA256 over all of these under a key that follows from the secret: it tells a wrong secret from a broken
//! file. Pieces of 64 KiB, each with its tag of 16 bytes, follow; the last is shorter, or empty.

use std::io::{self, Read, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hmac::{Hmac, Mac};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sha2::Sha256;

use super::secret::Secret;
use crate::complaint::Complaint;

const MAGIC: &[u8; 15] = b"ngkt-backup-v1\n";
const SALT: usize = 32;
const NONCE: usize = 19;
const HEAD: usize = MAGIC.len() + 1 + 4 + 4 + SALT + NONCE;
const MAC: usize = 32;
const PIECE: usize = 64 << 10;
const TAG: usize = 16;

/// Argon2id as RFC 9106 recommends it where memory is short: 64 MiB, three rounds.
const MEMORY_KIB: u32 = 64 << 10;
const ROUNDS: u32 = 3;
/// More than that is no file of ours, and would be a way to exhaust whoever opens it.
const MEMORY_KIB_MAX: u32 = 1 << 20;
const ROUNDS_MAX: u32 = 16;

/// What the key of the head, and that of the pieces, is for.
const OF_HEAD: &[u8] = b"ngkt.backup.head.v1";
const OF_PIECES: &[u8] = b"ngkt.backup.pieces.v1";

/// Writes encrypted. [`Encrypting::finish`] writes the last piece; a file without it does not open.
pub struct Encrypting<W: Write> {
    out: W,
    stream: Option<EncryptorBE32<XChaCha20Poly1305>>,
    piece: Vec<u8>,
}

impl<W: Write> Encrypting<W> {
    /// Begins a file.
    pub fn begin(mut out: W, secret: &Secret) -> Result<Encrypting<W>, Complaint> {
        let mut random = [0; SALT + NONCE];
        OsRng.try_fill_bytes(&mut random)?;
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(MAGIC);
        head.push(secret.form());
        head.extend_from_slice(&MEMORY_KIB.to_be_bytes());
        head.extend_from_slice(&ROUNDS.to_be_bytes());
        head.extend_from_slice(&random);
        let keys = Keys::of(secret, &head)?;
        out.write_all(&head)?;
        out.write_all(&keys.mac(&head))?;
        let nonce = &head[HEAD - NONCE..];
        let stream = EncryptorBE32::from_aead(XChaCha20Poly1305::new(&keys.pieces.into()), nonce.into());
        Ok(Encrypting { out, stream: Some(stream), piece: Vec::with_capacity(PIECE) })
    }

    /// Writes the last piece, and gives back what was written into.
    pub fn finish(mut self) -> io::Result<W> {
        let stream = self.stream.take().ok_or_else(failed)?;
        let sealed = stream.encrypt_last(self.piece.as_slice()).map_err(|_| failed())?;
        self.out.write_all(&sealed)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Encrypting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE {
            let stream = self.stream.as_mut().ok_or_else(failed)?;
            let sealed = stream.encrypt_next(self.piece.as_slice()).map_err(|_| failed())?;
            self.out.write_all(&sealed)?;
            self.piece.clear();
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads what [`Encrypting`] wrote, and fails at the first piece that is not as it was written.
pub struct Decrypting<R: Read> {
    input: R,
    stream: Option<DecryptorBE32<XChaCha20Poly1305>>,
    /// The next piece, still sealed: whether it is the last is known when there is nothing behind it.
    ahead: Vec<u8>,
    plain: Vec<u8>,
    at: usize,
    pieces: u64,
}

impl<R: Read> Decrypting<R> {
    /// Opens a file. Tells a file that is none of ours from a secret that is not the one.
    pub fn begin(mut input: R, secret: &Secret) -> Result<Decrypting<R>, Complaint> {
        let mut head = Vec::with_capacity(HEAD + MAC);
        (&mut input).take((HEAD + MAC) as u64).read_to_end(&mut head)?;
        if !head.starts_with(MAGIC) {
            return Err(Complaint::new("it is not a backup of ngkt, or one of a form that this version does not know"));
        }
        let (head, mac) = head
            .split_at_checked(HEAD)
            .filter(|(_, mac)| mac.len() == MAC)
            .ok_or_else(|| Complaint::new("it is cut off in its head"))?;
        if head[MAGIC.len()] != secret.form() {
            return Err(Complaint::new(format!("it was not encrypted with a {}", secret.kind())));
        }
        let keys = Keys::of(secret, head)?;
        if keys.mac(head) != mac {
            return Err(Complaint::new(format!("the {} is not the one that it was encrypted with", secret.kind())));
        }
        let nonce = &head[HEAD - NONCE..];
        let stream = DecryptorBE32::from_aead(XChaCha20Poly1305::new(&keys.pieces.into()), nonce.into());
        let mut opened =
            Decrypting { input, stream: Some(stream), ahead: Vec::new(), plain: Vec::new(), at: 0, pieces: 0 };
        opened.ahead = opened.sealed()?;
        Ok(opened)
    }

    fn sealed(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::with_capacity(PIECE + TAG);
        (&mut self.input).take((PIECE + TAG) as u64).read_to_end(&mut piece)?;
        Ok(piece)
    }

    fn open(&mut self) -> io::Result<()> {
        let next = self.sealed()?;
        let sealed = std::mem::replace(&mut self.ahead, next);
        let begins = (HEAD + MAC) as u64 + self.pieces * (PIECE + TAG) as u64;
        let broken = |_| {
            let text = format!("it was changed, or cut off, at or behind the byte {begins}");
            io::Error::new(io::ErrorKind::InvalidData, text)
        };
        self.plain = match self.ahead.is_empty() {
            true => self.stream.take().ok_or_else(failed)?.decrypt_last(sealed.as_slice()).map_err(broken)?,
            false => self.stream.as_mut().ok_or_else(failed)?.decrypt_next(sealed.as_slice()).map_err(broken)?,
        };
        (self.at, self.pieces) = (0, self.pieces + 1);
        Ok(())
    }
}

impl<R: Read> Read for Decrypting<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() {
            if self.stream.is_none() {
                return Ok(0);
            }
            self.open()?;
        }
        let given = into.len().min(self.plain.len() - self.at);
        into[..given].copy_from_slice(&self.plain[self.at..self.at + given]);
        self.at += given;
        Ok(given)
    }
}

/// The keys of one file.
struct Keys {
    head: [u8; 32],
    pieces: [u8; 32],
}

impl Keys {
    fn of(secret: &Secret, head: &[u8]) -> Result<Keys, Complaint> {
        let numbers = &head[MAGIC.len() + 1..];
        let number = |at: usize| u32::from_be_bytes(*numbers[at..].first_chunk().expect("invariant: a head is longer"));
        let (memory, rounds, salt) = (number(0), number(4), &numbers[8..8 + SALT]);
        let master = match secret {
            Secret::Key(key) => derived(key, salt),
            Secret::Passphrase(words) => {
                if memory > MEMORY_KIB_MAX || rounds > ROUNDS_MAX {
                    return Err(Complaint::new("its head asks for more memory or time than any backup of ours"));
                }
                let params =
                    Params::new(memory, rounds, 1, Some(32)).map_err(|error| Complaint::new(error.to_string()))?;
                let mut key = [0; 32];
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                    .hash_password_into(words.as_bytes(), salt, &mut key)
                    .map_err(|error| Complaint::new(error.to_string()))?;
                key
            }
        };
        Ok(Keys { head: derived(&master, OF_HEAD), pieces: derived(&master, OF_PIECES) })
    }

    fn mac(&self, head: &[u8]) -> [u8; 32] {
        derived(&self.head, head)
    }
}

fn derived(key: &[u8; 32], of: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("invariant: any length is a key");
    mac.update(of);
    mac.finalize().into_bytes().into()
}

fn failed() -> io::Error {
    io::Error::other("the encryption has ended, or failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(plain: &[u8], secret: &Secret) -> Vec<u8> {
        let mut file = Encrypting::begin(Vec::new(), secret).unwrap();
        file.write_all(plain).unwrap();
        file.finish().unwrap()
    }

    fn opened(file: &[u8], secret: &Secret) -> Result<Vec<u8>, Complaint> {
        let mut plain = Vec::new();
        Decrypting::begin(file, secret)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn what_was_written_is_read_whatever_its_length() {
        let secret = Secret::Key([3; 32]);
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let plain: Vec<u8> = (0..length).map(|at| at as u8).collect();
            assert!(opened(&sealed(&plain, &secret), &secret).unwrap() == plain, "{length}");
        }
        let words = Secret::Passphrase("một câu dài".to_owned());
        assert_eq!(opened(&sealed(b"x", &words), &words).unwrap(), b"x");
    }

    #[test]
    fn a_wrong_secret_a_changed_byte_and_a_cut_are_told_apart() {
        let secret = Secret::Key([3; 32]);
        let file = sealed(&[7; 3 * PIECE], &secret);
        let told = |file: &[u8], secret: &Secret| opened(file, secret).unwrap_err().to_string();
        assert!(told(&file, &Secret::Key([4; 32])).contains("is not the one"));
        assert!(told(&file, &Secret::Passphrase(String::new())).contains("not encrypted with a passphrase"));
        assert!(told(b"PK", &secret).contains("not a backup"));
        assert!(told(&file[..HEAD], &secret).contains("cut off in its head"));
        for length in [HEAD + MAC, HEAD + MAC + 5, HEAD + MAC + PIECE + TAG, file.len() - 1, file.len() - TAG] {
            assert!(told(&file[..length], &secret).contains("cut off, at or behind"), "{length}");
        }
        for place in [HEAD + MAC, HEAD + MAC + 2 * PIECE, file.len() - 1] {
            let mut changed = file.clone();
            changed[place] ^= 1;
            assert!(told(&changed, &secret).contains("it was changed"), "{place}");
        }
        let mut swapped = file.clone();
        let (one, other) = (HEAD + MAC, HEAD + MAC + PIECE + TAG);
        swapped.copy_within(other..other + PIECE + TAG, one);
        assert!(told(&swapped, &secret).contains("it was changed"));
        let longer = [file.as_slice(), b"more"].concat();
        assert!(told(&longer, &secret).contains("it was changed"));
    }
}
