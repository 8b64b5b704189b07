//! The gateway before a small registry, as clients see it: over sockets.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)] // a failed step fails the test; clients are outside

mod flood;
mod grpc;
mod limit;
mod page;
mod registry;
mod rest;
mod stream;
mod untaken;
mod world;
