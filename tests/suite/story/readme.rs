//! The README's examples: every curl line gives the answer that stands below it.

use crate::tidy::text;
use crate::world::{World, claims};

/// Stands for what is left out of an answer.
const LEFT_OUT: char = '…';

claims! {
    async fn the_readmes_curl_lines_give_the_answers_that_it_shows(world: &World) {
        let readme = text("README.md");
        let examples = examples(&readme);
        assert!(examples.len() >= 3, "the README has {} examples", examples.len());
        for (path, shown) in examples {
            let answer = world.nobody().get(&path).await;
            let given = without_layout(&String::from_utf8_lossy(&answer.body));
            assert!(fits(&given, &without_layout(&shown)), "{path} gives\n{given}\nand the README shows\n{shown}");
        }
    }
}

/// Path and shown answer of each `$ curl` line without a token.
fn examples(readme: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for block in readme.split("```console").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        for command in block.split("\n$ ").skip(1) {
            let (line, answer) = command.split_once('\n').unwrap_or((command, ""));
            let path = line.strip_prefix("curl ").and_then(|rest| rest.split("127.0.0.1:8080").nth(1));
            if let Some(path) = path.filter(|_| !answer.trim().is_empty() && !line.contains("TOKEN")) {
                found.push((path.trim_end_matches('\'').to_owned(), answer.trim().to_owned()));
            }
        }
    }
    found
}

/// Without line breaks and blanks between tokens, however it was laid out.
fn without_layout(text: &str) -> String {
    let mut in_string = false;
    let mut escaped = false;
    let mut kept = String::new();
    for letter in text.chars() {
        if in_string || !letter.is_whitespace() {
            kept.push(letter);
        }
        if letter == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && letter == '\\' && !escaped;
    }
    kept
}

/// Whether the parts of `shown` between what it leaves out stand in `given` in their order, from its start to its end.
fn fits(given: &str, shown: &str) -> bool {
    let parts: Vec<&str> = shown.split(LEFT_OUT).collect();
    let (first, rest) = parts.split_first().expect("invariant: a split has a first part");
    let Some(mut left) = given.strip_prefix(first) else { return false };
    let Some((last, middle)) = rest.split_last() else { return left.is_empty() };
    for part in middle {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[test]
fn an_answer_may_be_shown_in_part() {
    assert!(fits(r#"{"a":1,"b":2,"c":3}"#, r#"{"a":1,…"c":3}"#));
    assert!(!fits(r#"{"a":1,"b":2}"#, r#"{"a":1,…"c":3}"#));
    assert!(!fits(r#"{"a":1,"b":2}"#, r#"{"a":1}"#));
    assert_eq!(without_layout("{ \"a b\" :\n [1, 2] }"), r#"{"a b":[1,2]}"#);
}
