//! What people do with the platform, and the facts that they find there.

mod audit;
mod bad_input;
mod command;
mod figures;
mod foreign;
mod import;
mod localities;
mod missions;
mod promise;
mod readme;
mod restart;
