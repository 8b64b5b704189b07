//! Compiles every proto under proto/ngkt, and what a client needs to read error details.

use std::path::{Path, PathBuf};

use prost_reflect::DescriptorPool;

/// Files that no proto of ours imports, but that must be known at run time: details travel as `Any`.
const DETAILS: [&str; 2] = ["google/rpc/status.proto", "google/rpc/error_details.proto"];

/// All protos below the roots, checked by the compiler alone. Errors read `file:line:column: what`.
pub fn pool(roots: &[&Path]) -> Result<DescriptorPool, Vec<String>> {
    let mut files: Vec<PathBuf> = DETAILS.map(PathBuf::from).into();
    for root in roots {
        find(root, &root.join("ngkt"), &mut files).map_err(|error| vec![format!("{}: {error}", root.display())])?;
    }
    files.sort();
    let mut compiler = protox::Compiler::new(roots).map_err(|error| vec![told(&error)])?;
    compiler.include_imports(true).include_source_info(true);
    let mut errors = Vec::new();
    for file in &files {
        if let Err(error) = compiler.open_file(file) {
            errors.push(told(&error));
        }
    }
    errors.dedup();
    if errors.is_empty() { Ok(compiler.descriptor_pool()) } else { Err(errors) }
}

/// File, line and column are in the error's debug form only.
fn told(error: &protox::Error) -> String {
    format!("proto/{}", format!("{error:?}").lines().collect::<Vec<_>>().join(" "))
}

/// Collects the names of all protos in a folder, relative to the root, as imports write them.
fn find(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path.strip_prefix(root).expect("invariant: found below it").to_owned());
        }
    }
    Ok(())
}
