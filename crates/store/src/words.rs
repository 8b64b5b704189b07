//! The words by which records are found: those of a record's names, and those that are asked for.
//!
//! A record's row keeps all of them as one text, from which its entries in the index follow: each name as
//! `| its words in order ~ words joined `, and a bar at the end. A word stands between spaces, a name between bars, so
//! that a pattern finds the one or the other.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use crate::fold::fold;

/// The longest word and the longest name in the index, in letters: of longer ones the beginning is there.
const WORD_MAX: usize = 60;
const NAME_MAX: usize = 120;

/// Names of so many words at most are looked for as one word, too: `hanoi`, `bariavungtau`, `5700998877`.
const JOINED_MAX: usize = 4;

/// What stands before a whole name in the index; no word holds it.
pub(crate) const WHOLE: char = '=';

/// The words of a text in order: folded, and split at everything that is neither a letter nor a digit.
pub fn words(text: &str) -> Vec<String> {
    split(&fold(text)).map(str::to_owned).collect()
}

/// The words of a text as they are written: in lower case, with their diacritics.
pub fn written(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().nfc().collect::<String>();
    split(&lower).map(str::to_owned).collect()
}

/// What people write as one word besides the words of a name themselves.
pub fn one_word(name: &str) -> BTreeSet<String> {
    let folded = fold(name);
    let words: Vec<&str> = split(&folded).collect();
    joined(&folded, &words)
}

/// The text that is kept of these names; empty if there is no word in them.
pub fn text<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut known = BTreeSet::new();
    for name in names {
        let folded = fold(name);
        let words: Vec<&str> = split(&folded).collect();
        if words.is_empty() || !known.insert(words.join(" ")) {
            continue;
        }
        text.push('|');
        words.iter().for_each(|word| put(&mut text, word));
        let joined = joined(&folded, &words);
        if !joined.is_empty() {
            text.push_str(" ~");
            joined.iter().for_each(|word| put(&mut text, word));
        }
        text.push(' ');
    }
    if !text.is_empty() {
        text.push('|');
    }
    text
}

/// The entries in the index that follow from a kept text: its words, and its names after an equals sign.
pub(crate) fn entries(text: &str) -> BTreeSet<String> {
    let mut entries = BTreeSet::new();
    for name in text.split('|') {
        let (name, joined) = name.split_once('~').unwrap_or((name, ""));
        let words: Vec<&str> = name.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        entries.insert(whole(&words.join(" ")));
        entries.extend(words.into_iter().chain(joined.split_whitespace()).map(beginning));
    }
    entries
}

/// How a whole name, or the beginning of one, stands in the index. Its words are apart by single spaces.
pub(crate) fn whole(name: &str) -> String {
    let mut whole = String::from(WHOLE);
    whole.extend(name.chars().take(NAME_MAX));
    whole
}

/// How a word stands in the index.
pub(crate) fn beginning(word: &str) -> String {
    word.chars().take(WORD_MAX).collect()
}

/// A word that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Folded.
    pub word: String,
    /// Whether it is a whole word; else it may be the beginning of one.
    pub whole: bool,
}

impl Wanted {
    /// The words of `q`, each of which may be the beginning of a word. One that is the beginning of another is not asked
    /// for twice.
    pub fn beginnings(q: &str) -> Vec<Wanted> {
        let words: BTreeSet<String> = words(q).into_iter().collect();
        let longer = |word: &String| words.iter().any(|other| other.len() > word.len() && other.starts_with(word));
        words.iter().filter(|word| !longer(word)).map(|word| Wanted { word: word.clone(), whole: false }).collect()
    }

    /// These words, of which only the last may be the beginning of one.
    pub fn while_typing(words: &[String]) -> Vec<Wanted> {
        let Some((last, before)) = words.split_last() else { return Vec::new() };
        let before: BTreeSet<&String> = before.iter().collect();
        let whole = before.iter().map(|word| Wanted { word: (*word).clone(), whole: true });
        let typed = Wanted { word: last.clone(), whole: false };
        let said = before.iter().any(|word| word.starts_with(last.as_str()));
        whole.chain((!said).then_some(typed)).collect()
    }

    /// The pattern of `LIKE` that finds it in a kept text. Words hold neither `%` nor `_`.
    pub fn pattern(&self) -> String {
        if self.whole { format!("% {} %", self.word) } else { format!("% {}%", self.word) }
    }
}

fn split(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// What people write as one word besides the words themselves: `21nqcp` for 21/NQ-CP, `tphcm` for TP.HCM, and short names
/// without their spaces.
fn joined(folded: &str, words: &[&str]) -> BTreeSet<String> {
    let chunks = folded.split(' ').map(|chunk| split(chunk).collect::<Vec<_>>());
    let mut joined: BTreeSet<String> = chunks.filter(|parts| parts.len() > 1).map(|parts| parts.concat()).collect();
    if (2..=JOINED_MAX).contains(&words.len()) {
        joined.insert(words.concat());
    }
    joined.retain(|word| word.chars().count() <= WORD_MAX && !words.contains(&word.as_str()));
    joined
}

fn put(text: &mut String, word: &str) {
    text.push(' ');
    text.push_str(word);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> String {
        entries(text).into_iter().collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn names_are_kept_as_people_look_for_them() {
        for (names, kept, found) in [
            (&["Bắc Giang"][..], "| bac giang ~ bacgiang |", "=bac giang, bac, bacgiang, giang"),
            (
                &["Nghị quyết 21/NQ-CP"],
                "| nghi quyet 21 nq cp ~ 21nqcp |",
                "21, 21nqcp, =nghi quyet 21 nq cp, cp, nghi, nq, quyet",
            ),
            (&["TP.HCM", "TP. HCM"], "| tp hcm ~ tphcm |", "=tp hcm, hcm, tp, tphcm"),
            (
                &["Ba Ria-Vung Tau"],
                "| ba ria vung tau ~ bariavungtau riavung |",
                "=ba ria vung tau, ba, bariavungtau, ria, riavung, tau, vung",
            ),
            (
                &["0100109106-001"],
                "| 0100109106 001 ~ 0100109106001 |",
                "001, 0100109106, 0100109106001, =0100109106 001",
            ),
            (&["5700 998 877"], "| 5700 998 877 ~ 5700998877 |", "5700, 5700998877, 877, 998, =5700 998 877"),
            (&["Đá", "", "–", "ĐÁ"], "| da |", "=da, da"),
            (&[], "", ""),
        ] {
            let text = text(names.iter().copied());
            assert_eq!(text, kept, "{names:?}");
            assert_eq!(listed(&text), found, "{names:?}");
        }
    }

    #[test]
    fn what_is_very_long_is_cut_in_the_index_alone() {
        let long = "x".repeat(100);
        let text = text([long.as_str()]);
        assert!(text.contains(&long));
        assert!(entries(&text).iter().all(|entry| entry.len() <= NAME_MAX + 1));
        assert!(entries(&text).contains(&"x".repeat(WORD_MAX)));
    }

    #[test]
    fn nothing_is_asked_for_twice() {
        let told = |wanted: Vec<Wanted>| wanted.iter().map(Wanted::pattern).collect::<Vec<_>>().join(",");
        assert_eq!(told(Wanted::beginnings("Việt  Nam viet v")), "% nam%,% viet%");
        assert_eq!(told(Wanted::beginnings("50%_a\\b '")), "% 50%,% a%,% b%");
        let typing = |q: &str| told(Wanted::while_typing(&words(q)));
        assert_eq!(typing("bắc gia"), "% bac %,% gia%");
        assert_eq!(typing("công ty công"), "% cong %,% ty %");
        assert_eq!(typing("/ –"), "");
    }
}
