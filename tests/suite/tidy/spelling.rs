//! Text as everybody else writes it: Vietnamese in composed form, lines without trailing blanks.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::source::{none, sources};

#[test]
fn vietnamese_text_is_in_composed_form() {
    let mut complaints = Vec::new();
    for source in sources(&[".rs", ".proto", ".md", ".toml", ".csv", ".html", ".js", ".css", ".yaml", ".yml"]) {
        for (index, line) in source.text.lines().enumerate().filter(|(_, line)| !is_nfc(line)) {
            complaints.push(format!("{}:{}: write {}", source.path, index + 1, line.nfc().collect::<String>().trim()));
        }
    }
    none(&complaints);
}

#[test]
fn files_end_with_a_line_break_and_lines_without_blanks() {
    let mut complaints = Vec::new();
    for source in sources(&[".rs", ".proto", ".md", ".toml", ".yaml", ".yml", ".sh"]) {
        if !source.text.is_empty() && !source.text.ends_with('\n') {
            complaints.push(format!("{}: ends without a line break", source.path));
        }
        for (index, _) in source.text.lines().enumerate().filter(|(_, line)| line.ends_with([' ', '\t'])) {
            complaints.push(format!("{}:{}: blanks at the end of the line", source.path, index + 1));
        }
    }
    none(&complaints);
}
