//! The one binary, as a library: the whole platform in one process, one role of it, and the operator's commands.
//!
//! [`Platform::start`] is what `ngkt up` and `ngkt serve` run and what the tests start; [`main`] is the command line.

mod backup;
mod build;
mod cli;
mod command;
mod complaint;
mod door;
mod platform;

pub use chassis::config::Config;
pub use chassis::telemetry::{catalogue, metric};
pub use command::token::{TokenRequest, token};
pub use complaint::Complaint;
pub use platform::{Platform, ROLES, Roles};

/// Runs the command line of this process and gives its exit code: 0, 1 for a failure (told in one line on the standard
/// error output), 2 for arguments that make no sense.
pub fn main() -> std::process::ExitCode {
    cli::main()
}
