//! The one binary: see `ngkt --help`.

fn main() -> std::process::ExitCode {
    ngkt::main()
}
