//! Documents that are true: links that lead somewhere, commands that CI runs.

use super::source::{none, root, sources, text};

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    let mut complaints = Vec::new();
    for document in sources(&[".md"]) {
        let folder = root().join(&document.path).parent().expect("invariant: a file lies in a folder").to_path_buf();
        for link in links(&document.text) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { root().join(&document.path) } else { folder.join(path) };
            if !target.exists() {
                complaints.push(format!("{}: {link} does not exist", document.path));
            } else if !anchor.is_empty()
                && !anchors(&std::fs::read_to_string(&target).unwrap_or_default()).contains(&anchor.to_owned())
            {
                complaints.push(format!("{}: {link} names no heading", document.path));
            }
        }
    }
    none(&complaints);
}

/// The targets of the inline links that stay inside the repository.
fn links(text: &str) -> Vec<String> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split_whitespace().next().unwrap_or_default().to_owned())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
        .collect()
}

/// The headings, in the form that links use.
fn anchors(text: &str) -> Vec<String> {
    let slug = |heading: &str| {
        let kept = heading.trim().to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
    };
    text.lines().filter(|line| line.starts_with('#')).map(|line| slug(line.trim_start_matches('#'))).collect()
}

#[test]
fn the_readmes_commands_are_the_ones_that_ci_runs() {
    let (readme, ci) = (text("README.md"), text(".ci/run"));
    for command in ["cargo run --release", "cargo test --workspace"] {
        assert!(
            readme.lines().any(|line| line.trim_start_matches("$ ").starts_with(command)),
            "README.md lacks {command}"
        );
        let runs = |line: &str| !line.trim_start().starts_with('#') && line.contains(command);
        assert!(ci.lines().any(runs), ".ci/run does not run {command}");
    }
}
