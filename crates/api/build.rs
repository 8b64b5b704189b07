//! Reads the protos and writes the Rust of the contract; a proto that breaks a rule of the house breaks the build.

#[path = "build/check/mod.rs"]
mod check;
#[path = "build/compile.rs"]
mod compile;
#[path = "build/generate.rs"]
mod generate;
#[path = "build/naming.rs"]
mod naming;
#[path = "build/resources.rs"]
mod resources;
#[path = "build/rules.rs"]
mod rules;
#[path = "build/said.rs"]
mod said;
#[allow(dead_code)]
#[path = "src/shape.rs"]
mod shape;
#[allow(dead_code)]
#[path = "src/template.rs"]
mod template;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    for path in ["../../proto", "fixture", "build", "build.rs", "src/shape.rs", "src/template.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    // Cargo runs this in the folder of the crate.
    let roots = [Path::new("../../proto"), Path::new("fixture")];
    #[expect(clippy::disallowed_methods, reason = "a build script has its settings from cargo")]
    let out = std::env::var_os("OUT_DIR").expect("invariant: cargo sets it");
    match build(&roots, Path::new(&out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(errors) => {
            errors.iter().for_each(|error| println!("cargo::error={error}"));
            ExitCode::FAILURE
        }
    }
}

fn build(roots: &[&Path], out: &Path) -> Result<(), Vec<String>> {
    let pool = compile::pool(roots)?;
    let broken = check::all(&pool);
    if !broken.is_empty() {
        return Err(broken);
    }
    generate::write(&pool, out).map_err(|error| vec![error])
}
