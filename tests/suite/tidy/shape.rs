//! Sizes and names: files and functions that fit on a screen or a few, modules that say what is in them.

use super::source::{Source, none, sources};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
/// A module so called holds what nobody has named yet.
const BANNED_MODULES: &[&str] = &["utils", "util", "common", "helpers", "helper", "misc", "types"];

#[test]
fn no_file_is_longer_than_500_lines() {
    let complaints: Vec<String> = sources(&[".rs", ".proto"])
        .iter()
        .map(|source| (source, source.text.lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .map(|(source, lines)| format!("{}: {lines} lines, at most {FILE_LINES_MAX}", source.path))
        .collect();
    none(&complaints);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let complaints: Vec<String> = sources(&[".rs"])
        .iter()
        .flat_map(|source| {
            functions(source)
                .into_iter()
                .filter(|function| function.lines > FUNCTION_LINES_MAX)
                .map(|f| format!("{}:{}: {} lines, at most {FUNCTION_LINES_MAX}", source.path, f.line, f.lines))
        })
        .collect();
    none(&complaints);
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    let mut complaints = Vec::new();
    for source in sources(&[".rs"]) {
        for part in source.path.trim_end_matches(".rs").split('/') {
            if BANNED_MODULES.contains(&part) {
                complaints.push(format!("{}: a module called {part} has not been named yet", source.path));
            }
        }
        for line in source.text.lines() {
            let words: Vec<&str> = line.split_whitespace().skip_while(|word| word.starts_with("pub")).collect();
            if let ["mod", name, ..] = words[..]
                && BANNED_MODULES.contains(&name.trim_end_matches([';', '{']))
            {
                complaints.push(format!("{}: {line}", source.path));
            }
        }
    }
    none(&complaints);
}

#[test]
fn nothing_is_left_to_do() {
    let marks =
        [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["todo", "!("].concat(), ["unimplemented", "!("].concat()];
    let mut complaints = Vec::new();
    for source in sources(&[".rs", ".proto", ".toml", ".md", ".yaml", ".yml", ".sh", ".html", ".js"]) {
        for (index, line) in source.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                complaints.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
            }
        }
    }
    none(&complaints);
}

struct Function {
    /// The line on which it begins, from 1.
    line: usize,
    /// Lines from its signature to its closing brace.
    lines: usize,
}

/// The functions of a formatted source: one ends at the first closing brace in the column where it began.
fn functions(source: &Source) -> Vec<Function> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let one_line = line.ends_with('}') || line.ends_with(';');
        // A template of generated code, not code.
        let quoted = line.contains("{{");
        if !is_signature(line.trim_start()) || one_line || quoted {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let body = lines[index + 1..].iter().position(|l| l.starts_with(&closing) || declaration_ends(l, indent));
        found.push(Function { line: index + 1, lines: body.map_or(lines.len() - index, |at| at + 2) });
    }
    found
}

fn is_signature(line: &str) -> bool {
    let words = line.split([' ', '(']).filter(|word| !word.is_empty());
    let mut rest = words.skip_while(|word| {
        ["pub", "async", "const", "unsafe", "extern", "crate)", "super)", "default"].contains(word)
            || word.starts_with('"')
    });
    rest.next() == Some("fn")
}

/// A function of a trait without a body, whose signature takes several lines.
fn declaration_ends(line: &str, indent: usize) -> bool {
    line.ends_with(';') && line.len() - line.trim_start().len() == indent && line.trim_start().starts_with(')')
}

#[test]
fn functions_are_measured_from_signature_to_brace() {
    let text =
        "impl A {\n    pub(crate) async fn one(\n        a: u8,\n    ) -> u8 {\n        a\n    }\n    fn two() {}\n}\n";
    let found = functions(&Source { path: String::new(), text: text.to_owned() });
    assert_eq!(found.iter().map(|f| (f.line, f.lines)).collect::<Vec<_>>(), [(2, 5)]);
}
