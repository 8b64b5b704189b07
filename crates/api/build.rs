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
#[allow(dead_code, missing_docs)]
#[path = "src/shape.rs"]
mod shape;
#[allow(dead_code, missing_docs)]
#[path = "src/template.rs"]
mod template;

use std::path::PathBuf;

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../proto");
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-changed=../../proto");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/shape.rs");
    println!("cargo::rerun-if-changed=src/template.rs");
    if let Err(errors) = build(&root, &out) {
        for error in &errors {
            // The short form reaches the reader even where cargo hides the script's output.
            println!("cargo::error={error}");
        }
        std::process::exit(1);
    }
}

fn build(root: &std::path::Path, out: &std::path::Path) -> Result<(), Vec<String>> {
    let pool = compile::pool(root)?;
    let broken = check::all(&pool);
    if !broken.is_empty() {
        return Err(broken);
    }
    generate::write(&pool, out).map_err(|error| vec![error])
}
