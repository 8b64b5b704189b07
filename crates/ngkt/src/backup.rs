//! Backups: one encrypted file with all databases of one instant and, if wanted, the keys; and what is done with it.

pub mod crypt;
pub mod file;
pub mod keys;
pub mod make;
pub mod restore;
pub mod secret;
pub mod transfer;
