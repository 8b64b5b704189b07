//! The rules of the house for protos. Each broken one is told as `proto/file:line: what is wrong and what to do`.

mod comment;
mod failure;
mod field;
mod method;
mod resource;
#[cfg(test)]
mod tests;

use prost_reflect::{DescriptorPool, FileDescriptor};

/// What was found.
#[derive(Default)]
pub struct Report {
    errors: Vec<(String, i32, String)>,
}

impl Report {
    /// Notes an error at the place that `path` stands for in the file.
    fn at(&mut self, file: &FileDescriptor, path: &[i32], what: impl Into<String>) {
        let info = file.file_descriptor_proto().source_code_info.as_ref();
        let place = info.and_then(|info| info.location.iter().find(|place| place.path == path));
        let line = place.and_then(|place| place.span.first()).map_or(1, |line| line + 1);
        self.errors.push((file.name().to_owned(), line, what.into()));
    }
}

/// Checks all files of ours.
pub fn all(pool: &DescriptorPool) -> Vec<String> {
    let mut report = Report::default();
    let files: Vec<FileDescriptor> = pool.files().filter(|file| file.name().starts_with("ngkt/")).collect();
    for file in &files {
        package(file, &mut report);
        comment::file(file, &mut report);
        resource::file(file, &mut report);
        field::file(file, &mut report);
        failure::file(file, &mut report);
        method::file(file, &mut report);
    }
    resource::twice(&files, &mut report);
    failure::twice(&files, &mut report);
    method::twice(&files, &mut report);
    let mut errors = report.errors;
    errors.sort();
    errors.dedup();
    errors.into_iter().map(|(file, line, what)| format!("proto/{file}:{line}: {what}")).collect()
}

/// The package is the folder: whoever knows a name knows the file's place.
fn package(file: &FileDescriptor, report: &mut Report) {
    const PACKAGE: [i32; 1] = [2];
    let folder = file.name().rsplit_once('/').map_or("", |(folder, _)| folder).replace('/', ".");
    if file.package_name() != folder {
        report.at(file, &PACKAGE, format!("the package of this folder is {folder}, not {}", file.package_name()));
    }
}
