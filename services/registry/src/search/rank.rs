//! How well a name fits what is looked for.

use api::registry::v1::search_hit::Fit;
use store::sea_orm::Value;
use store::words::{one_word, words, written};

/// What is looked for, prepared to be compared with names.
pub struct Query {
    /// Folded, in order.
    words: Vec<String>,
    whole: String,
    together: String,
    /// The words that are written with diacritics, as they are.
    marked: Vec<String>,
}

impl Query {
    /// Of `q`, whose folded words these are.
    pub fn new(q: &str, words: &[String]) -> Query {
        let written = written(q);
        let alike = written.len() == words.len();
        let marked = written.into_iter().zip(words).filter(|(written, word)| alike && written != *word);
        Query {
            whole: words.join(" "),
            together: words.concat(),
            marked: marked.map(|(written, _)| written).collect(),
            words: words.to_vec(),
        }
    }

    /// Of a record's names the one that fits best, and how: its words, then whether its diacritics are others.
    pub fn best<'a>(&self, names: &[&'a str]) -> Best<'a> {
        let fitting = names.iter().filter_map(|name| self.fit(name));
        let spread = || Best { fit: Fit::Spread, ..Best::default() };
        fitting.min_by(|one, other| one.order().cmp(&other.order())).unwrap_or_else(spread)
    }

    fn fit<'a>(&self, name: &'a str) -> Option<Best<'a>> {
        let words = words(name);
        let plain = words.join(" ");
        let fit = if plain == self.whole || words.concat() == self.together {
            Fit::Whole
        } else if plain.starts_with(&self.whole) {
            Fit::Beginning
        } else if self.in_order(&words) {
            Fit::Ordered
        } else if self.in_any_order(name, &words) {
            Fit::Unordered
        } else {
            return None;
        };
        let further = fit != Fit::Whole && words.len() > self.words.len();
        Some(Best { fit, further, unmarked: !self.marked_so(name), name, plain })
    }

    /// Whether the words come in this order, the last one perhaps only begun.
    fn in_order(&self, words: &[String]) -> bool {
        let Some((last, before)) = self.words.split_last() else { return false };
        let mut rest = words.iter();
        before.iter().all(|word| rest.any(|other| other == word)) && rest.any(|other| other.starts_with(last.as_str()))
    }

    fn in_any_order(&self, name: &str, words: &[String]) -> bool {
        let Some((last, before)) = self.words.split_last() else { return false };
        let joined = one_word(name);
        let all = || words.iter().chain(&joined);
        before.iter().all(|word| all().any(|other| other == word))
            && all().any(|other| other.starts_with(last.as_str()))
    }

    /// Whether the name has the words that are written with diacritics with the very same ones.
    fn marked_so(&self, name: &str) -> bool {
        if self.marked.is_empty() {
            return true;
        }
        let written = written(name);
        self.marked.iter().all(|word| written.iter().any(|other| other.starts_with(word.as_str())))
    }
}

/// The name that fits best.
#[derive(Debug, Default)]
pub struct Best<'a> {
    pub fit: Fit,
    /// It has more words than what is looked for.
    pub further: bool,
    /// It is written with other diacritics than what is looked for.
    pub unmarked: bool,
    /// As it is written; empty if only several names together fit.
    pub name: &'a str,
    plain: String,
}

impl Best<'_> {
    fn order(&self) -> (i32, bool, bool, usize, &str) {
        (self.fit as i32, self.further, self.unmarked, self.plain.len(), &self.plain)
    }
}

/// Where a hit stands among others: the least first.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    fit: i32,
    further: i32,
    unmarked: i32,
    past: i32,
    /// The better known, the less.
    fame: i32,
    length: i32,
    plain: String,
    name: String,
}

impl Rank {
    /// Of the record of this name, by the name of its that fits best.
    pub fn new(best: &Best<'_>, past: bool, fame: i32, name: &str) -> Rank {
        Rank {
            fit: best.fit as i32,
            further: best.further.into(),
            unmarked: best.unmarked.into(),
            past: past.into(),
            fame,
            length: best.plain.chars().count().try_into().unwrap_or(i32::MAX),
            plain: best.plain.clone(),
            name: name.to_owned(),
        }
    }

    /// As page tokens hold it.
    pub fn key(&self) -> Vec<Value> {
        let Rank { fit, further, unmarked, past, fame, length, plain, name } = self;
        let numbers = [fit, further, unmarked, past, fame, length].map(|number| Value::from(*number));
        numbers.into_iter().chain([plain, name].map(|text| Value::from(text.as_str()))).collect()
    }

    /// What a page token holds; the kinds of the values are as [`key`](Rank::key) gives them.
    pub fn from_key(key: Vec<Value>) -> Rank {
        let number = |at: usize| match key.get(at) {
            Some(Value::Int(Some(number))) => *number,
            _ => 0,
        };
        let text = |at: usize| match key.get(at) {
            Some(Value::String(Some(text))) => text.to_string(),
            _ => String::new(),
        };
        Rank {
            fit: number(0),
            further: number(1),
            unmarked: number(2),
            past: number(3),
            fame: number(4),
            length: number(5),
            plain: text(6),
            name: text(7),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(q: &str, names: &[&'static str]) -> (Fit, &'static str, bool) {
        let best = Query::new(q, &words(q)).best(names);
        (best.fit, best.name, !best.unmarked)
    }

    #[test]
    fn a_name_fits_as_people_mean_it() {
        for (q, names, expected) in [
            ("bac giang", &["Bac Giang", "Bắc Giang"][..], (Fit::Whole, "Bac Giang", true)),
            ("Bắc Giang", &["Bac Giang", "Bắc Giang"], (Fit::Whole, "Bắc Giang", true)),
            ("bắc giang", &["Bạc Giang"], (Fit::Whole, "Bạc Giang", false)),
            ("đà nang", &["Đà Nẵng"], (Fit::Whole, "Đà Nẵng", true)),
            ("giang bac", &["Bắc Giang"], (Fit::Unordered, "Bắc Giang", true)),
            ("bac gia", &["Bắc Giang"], (Fit::Beginning, "Bắc Giang", true)),
            ("tphcm", &["TP. Hồ Chí Minh", "TP.HCM"], (Fit::Whole, "TP.HCM", true)),
            ("saigon", &["Sài Gòn"], (Fit::Whole, "Sài Gòn", true)),
            ("nghi quyet 21", &["Nghị quyết số 21/NQ-CP"], (Fit::Ordered, "Nghị quyết số 21/NQ-CP", true)),
            ("21/NQ-CP", &["Nghị quyết số 21/NQ-CP"], (Fit::Ordered, "Nghị quyết số 21/NQ-CP", true)),
            ("21nqcp", &["Nghị quyết số 21/NQ-CP"], (Fit::Unordered, "Nghị quyết số 21/NQ-CP", true)),
            ("tinh bac giang", &["tỉnh", "Bắc Giang"], (Fit::Spread, "", true)),
        ] {
            assert_eq!(best(q, names), expected, "{q}");
        }
    }

    #[test]
    fn a_rank_survives_its_token() {
        let best = Query::new("hue", &words("hue")).best(&["Huế"]);
        let rank = Rank::new(&best, true, 3, "localities/hue-2025");
        assert_eq!(Rank::from_key(rank.key()), rank);
        assert!(Rank::new(&best, false, 9, "localities/hue") < rank);
    }
}
