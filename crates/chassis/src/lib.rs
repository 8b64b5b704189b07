//! What every process of the platform is, whatever it serves: settings, telemetry, errors, callers and what they may do,
//! the server's stack and the channels to peers, health, the clock, and an orderly end.

pub mod build;
pub mod caller;
pub mod channel;
pub mod clock;
pub mod config;
pub mod context;
pub mod egress;
pub mod error;
pub mod health;
pub mod host;
pub mod identity;
pub mod server;
pub mod shutdown;
pub mod telemetry;
pub mod tls;

mod target;

pub use caller::{Caller, Role};
pub use channel::{Peer, Peers};
pub use clock::Clock;
pub use config::Config;
pub use context::Context;
pub use error::{Error, Result};
pub use host::Host;
