//! The operator's commands, one a module: its arguments, and what it does.

pub mod audit;
pub mod backup;
pub mod certificates;
pub mod doctor;
pub mod export;
pub mod health;
pub mod import;
pub mod migrate;
pub mod restore;
pub mod serve;
pub mod token;
pub mod transfer;
pub mod up;

mod authority;
mod pem;
mod remote;
mod settings;
mod table;
