//! The chassis around a small service, by every way that a request can take.

#![allow(clippy::unwrap_used)] // a failed step fails the test

mod access;
mod call;
mod egress;
mod error;
mod identity;
mod limit;
mod listen;
mod registry;
mod replica;
mod shutdown;
mod tls;
mod world;
