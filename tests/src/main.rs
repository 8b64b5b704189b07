//! The platform's binary, built beside the suite so that it can start each role as a process of its own.

fn main() -> std::process::ExitCode {
    ngkt::main()
}
