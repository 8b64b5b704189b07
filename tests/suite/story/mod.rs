//! What people do with the platform, and the facts that they find there.

mod alone;
mod audit;
mod bad_input;
mod command;
mod directive;
mod extension;
mod figures;
mod foreign;
mod import;
mod inbox;
mod lead;
mod localities;
mod merge;
mod missions;
mod opportunity;
mod organization;
mod personal_data;
mod promise;
mod readme;
mod register;
mod restart;
mod rollup;
mod subscription;
mod succession;
mod theme;
mod webhook;
