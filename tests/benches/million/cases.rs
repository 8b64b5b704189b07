//! What is asked.

use crate::names::firm;

/// Calls that are measured together.
pub struct Case {
    pub name: &'static str,
    pub paths: fn() -> Vec<String>,
    /// The list in the answer.
    pub list: &'static str,
    /// Whether anything is found.
    pub finds: bool,
}

const RARE: fn() -> Vec<String> =
    || known(|name| name.rsplit(' ').next().filter(|word| word.ends_with('7')).map(str::to_owned));
const NUMBER: fn() -> Vec<String> = || (0..8).map(|at| firm(at * 1_000 + 7).tax_code).collect();
const WHOLE: fn() -> Vec<String> = || (0..8).map(|at| firm(at * 1_000 + 9).display_name).collect();
const COMMON: fn() -> Vec<String> = || texts(&["cong ty", "viet nam", "TNHH", "thương mại", "công", "xay dung"]);
const COMBINED: fn() -> Vec<String> = || {
    texts(&["minh phat viet nam", "xây dựng hoàng long", "nam viet co phan", "thuong mai bac giang", "long hung tnhh"])
};
const BEGUN: fn() -> Vec<String> = || texts(&["c", "vi", "minh ph", "thuong mai h", "công ty tn", "ho"]);
/// No name has two forms or two lines of business.
const APART: fn() -> Vec<String> = || texts(&["logistics kiem toan", "nhua logistics", "hop tac xa tap doan"]);
const NOWHERE: fn() -> Vec<String> = || texts(&["zzzz", "cong ty zzzz"]);

macro_rules! cases {
    ($($name:literal: $words:expr, $finds:literal;)*) => {
        /// All cases: each for search in all kinds and for the list of organizations; and what else is asked.
        pub const CASES: &[Case] = &[
            $(Case { name: concat!("registry:search, ", $name), paths: || searches($words()), list: "hits", finds: $finds },)*
            $(Case {
                name: concat!("organizations?q, ", $name), paths: || lists($words()), list: "organizations", finds: $finds,
            },)*
            Case {
                name: "organizations:duplicates",
                paths: || WHOLE().iter().map(|name| format!("/v1/organizations:duplicates?displayName={}", encoded(name))).collect(),
                list: "duplicates",
                finds: true,
            },
        ];
    };
}

cases! {
    "a rare word": RARE, true;
    "a tax code": NUMBER, true;
    "a whole name": WHOLE, true;
    "common words": COMMON, true;
    "words together": COMBINED, true;
    "a word begun": BEGUN, true;
    "words never together": APART, false;
    "a word nowhere": NOWHERE, false;
}

/// What the first organizations, which are there at every size, have such a word of.
fn known(word: impl Fn(&str) -> Option<String>) -> Vec<String> {
    (0..10_000)
        .filter_map(|number| word(&firm(number).display_name))
        .filter(|word| word.contains(|it: char| it.is_ascii_digit()))
        .take(8)
        .collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn searches(words: Vec<String>) -> Vec<String> {
    words.iter().map(|q| format!("/v1/registry:search?q={}", encoded(q))).collect()
}

fn lists(words: Vec<String>) -> Vec<String> {
    words.iter().map(|q| format!("/v1/organizations?q={}", encoded(q))).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
