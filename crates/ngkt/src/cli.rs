//! The command line: what there is, in words; each command's own arguments stand with the command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::build;
use crate::command::{
    audit, backup, certificates, doctor, export, health, import, migrate, restore, serve, token, transfer, up,
};
use crate::complaint::Complaint;

/// The platform of Viet Nam's economic diplomacy: missions, localities, investment, visits and what was promised there.
///
/// Without a command it runs everything in this process on http://127.0.0.1:8080 with its data in ./data.
#[derive(Parser)]
#[command(name = "ngkt", version, after_help = CONFIGURATION)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

const CONFIGURATION: &str = "\
Settings come from the defaults (deploy/ngkt.toml), then --config FILE, then the environment, where
NGKT__GATEWAY__LISTEN sets gateway.listen. An unknown setting is refused by its name.";

#[derive(Subcommand)]
enum Command {
    Up(up::Arguments),
    Serve(serve::Arguments),
    Migrate(migrate::Arguments),
    Certificates(certificates::Arguments),
    Health(health::Arguments),
    Token(token::Arguments),
    #[command(subcommand)]
    Import(import::What),
    Export(export::Arguments),
    #[command(subcommand)]
    Audit(audit::What),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    Transfer(transfer::Arguments),
    Doctor(doctor::Arguments),
    /// Prints the version and what it was built from
    Version,
}

/// Parses the arguments, runs the command to its end, and tells a failure in one line.
pub fn main() -> ExitCode {
    let line = CommandLine::parse();
    chassis::build::declare(build::BUILD);
    // The one TLS implementation of the process. An error means that somebody chose it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(run(line.command.unwrap_or_else(|| Command::Up(up::Arguments::default())))) {
        Ok(code) => code,
        Err(complaint) => fail(&complaint),
    }
}

async fn run(command: Command) -> Result<ExitCode, Complaint> {
    match command {
        Command::Up(arguments) => up::run(arguments).await?,
        Command::Serve(arguments) => serve::run(arguments).await?,
        Command::Migrate(arguments) => return migrate::run(arguments).await,
        Command::Token(arguments) => token::run(arguments)?,
        Command::Import(import::What::Fdi(arguments)) => import::run(arguments).await?,
        Command::Export(arguments) => export::run(arguments).await?,
        Command::Audit(what) => audit::run(what).await?,
        Command::Backup(arguments) => backup::run(arguments).await?,
        Command::Restore(arguments) => restore::run(arguments).await?,
        Command::Transfer(arguments) => transfer::run(arguments).await?,
        Command::Certificates(arguments) => certificates::run(arguments)?,
        Command::Health(arguments) => health::run(arguments).await?,
        Command::Doctor(arguments) => doctor::run(arguments).await?,
        Command::Version => println!("{}", build::told()),
    }
    Ok(ExitCode::SUCCESS)
}

fn fail(complaint: &Complaint) -> ExitCode {
    eprintln!("ngkt: {complaint}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_says_what_it_is() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no description", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&CommandLine::command());
    }
}
