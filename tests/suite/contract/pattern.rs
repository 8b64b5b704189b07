//! A text that a regular expression matches: the shortest choice at every fork, one of each that may be absent.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A text that matches.
pub fn matching(pattern: &str) -> String {
    let mut text = String::new();
    write(&regex_syntax::parse(pattern).expect("the contract's patterns are regular expressions"), &mut text);
    text
}

fn write(hir: &Hir, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => text.push(class.ranges().last().expect("a class is not empty").end()),
        HirKind::Class(Class::Bytes(class)) => text.push(class.ranges()[0].start().into()),
        HirKind::Repetition(repetition) => (0..repetition.min.max(1)).for_each(|_| write(&repetition.sub, text)),
        HirKind::Capture(capture) => write(&capture.sub, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, text)),
        HirKind::Alternation(parts) => write(&parts[0], text),
    }
}

#[test]
fn texts_match_their_patterns() {
    for (pattern, text) in
        [("^VSIC(2018|2025)/[A-V]$", "VSIC2018/V"), ("^[A-Z]{3}$", "ZZZ"), ("^[a-z][a-z0-9_]*$", "zz")]
    {
        assert_eq!(matching(pattern), text);
    }
}
