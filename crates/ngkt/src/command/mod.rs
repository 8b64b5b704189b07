//! The operator's commands, one a module: its arguments, and what it does.

pub mod audit;
pub mod backup;
pub mod export;
pub mod import;
pub mod migrate;
pub mod restore;
pub mod serve;
pub mod token;
pub mod transfer;
pub mod up;

mod remote;
mod settings;
mod table;
