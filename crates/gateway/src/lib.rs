//! The face to other systems: REST/JSON, gRPC and gRPC-Web on one port, all of it worked out from the contract.
//! There is no code for any resource here.
//!
//! A request comes in through `accept` (one socket: `connection`; what goes on in it: `activity`), `face` finds out what it
//! speaks and who calls, and then either `rest` turns it into the one gRPC message that it means and the answer into JSON
//! (`json`), or `pass` hands its bytes on (`web`: in gRPC-Web's framing). Who calls is said by a token (`identity`), of the
//! platform itself or of an issuer outside (`issuer`). What clients have not taken yet has its bounds (`answers`). Whatever fails
//! over HTTP is told by `problem`, whatever happens is written down by `observe`. `openapi` and `pages` describe it all to
//! people and tools.

mod accept;
mod activity;
mod answers;
mod body;
mod connection;
mod cors;
mod face;
mod grpc;
mod identity;
pub mod issuer;
mod json;
mod observe;
mod openapi;
mod pages;
mod pass;
mod problem;
mod ready;
mod rest;
mod web;

use std::sync::Arc;

use chassis::{Host, Result};
use tokio::net::TcpListener;

/// Serves the contract on `listener` until `host.shutdown` is cancelled and what is at work has ended (or its time is up).
/// The services must be registered with `host.peers`, or configured there, before the first request comes.
pub async fn serve(host: Host, listener: TcpListener) -> Result<()> {
    let face = Arc::new(face::Face::new(&host)?);
    accept::serve(&host, listener, face).await
}
