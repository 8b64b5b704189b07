//! Names of organizations in the form in which they are compared: without diacritics, punctuation and words for the legal
//! form; abbreviations and words of business said in one way; numerals as digits.

use store::fold::fold;

use super::words::{Form, Meaning, Weight, meaning};

/// A word of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Folded.
    pub text: String,
    /// How much it tells.
    pub weight: Weight,
}

/// A name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name {
    /// What remains of it, in its order.
    pub words: Vec<Word>,
    /// The legal forms that it names, sorted.
    pub forms: Vec<Form>,
    /// The first letters of what remains, as it was written.
    pub initials: String,
    /// What remains of it and words for a group, a corporation or a bank, as one word: "Vin Group" is "vingroup".
    pub spelled: String,
}

impl Name {
    /// Takes a name apart. A name of nothing but form words is what remains of it.
    pub fn of(text: &str) -> Name {
        let words = split(text);
        let name = taken_apart(&words);
        if !name.words.is_empty() || words.is_empty() {
            return name;
        }
        let words = words.into_iter().map(|text| Word { text, weight: Weight::Common }).collect();
        Name { words, ..name }
    }

    /// The words as one, in their order.
    pub fn joined(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect()
    }

    /// The words in alphabetical order.
    pub fn sorted(&self) -> Vec<&str> {
        let mut words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        words.sort_unstable();
        words
    }

    /// The numbers in it, in their order.
    pub fn numbers(&self) -> Vec<&str> {
        self.of_weight(Weight::Number)
    }

    /// The words that are its own.
    pub fn own(&self) -> Vec<&str> {
        self.of_weight(Weight::Own)
    }

    fn of_weight(&self, weight: Weight) -> Vec<&str> {
        self.words.iter().filter(|word| word.weight == weight).map(|word| word.text.as_str()).collect()
    }
}

/// The folded words. Letters parted by dots or spaces are one word: "A.B.C" and "A B C" are "abc".
fn split(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut words: Vec<String> = Vec::new();
    let mut spelled = false;
    for word in folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        match words.last_mut() {
            Some(last) if letter && spelled => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
        spelled = letter;
    }
    words
}

fn taken_apart(words: &[String]) -> Name {
    let mut name = Name::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let rest = &words[at..];
        let (length, found) = meaning(rest).unwrap_or((1, Meaning::Words("", Weight::Own)));
        match found {
            Meaning::Form(form) | Meaning::FormAtEnd(form) => {
                name.forms.push(form);
                if matches!(form, Form::Group | Form::Corporation | Form::Bank) {
                    name.spelled.extend(rest[..length].iter().map(String::as_str));
                }
            }
            Meaning::Nothing | Meaning::NothingAtEnd => {}
            Meaning::Words("", _) => name.push_own(word, rest.get(1)),
            Meaning::Words(ours, weight) => {
                name.initials.extend(rest[..length].iter().filter_map(|word| word.chars().next()));
                name.spelled.extend(ours.split(' '));
                name.words.extend(ours.split(' ').map(|text| Word { text: text.to_owned(), weight }));
            }
        }
        at += length;
    }
    name.forms.sort_unstable();
    name.forms.dedup();
    name
}

impl Name {
    fn push_own(&mut self, word: &str, next: Option<&String>) {
        let numbered = next.is_some_and(|next| number(next).is_some());
        if matches!(word, "so" | "no") && numbered {
            return;
        }
        if let Some(number) = number(word) {
            self.spelled.push_str(&number);
            return self.words.push(Word { text: number, weight: Weight::Number });
        }
        self.initials.extend(word.chars().next());
        self.spelled.push_str(word);
        self.words.push(Word { text: word.to_owned(), weight: Weight::Own });
    }
}

/// A number in digits, without zeros before it; also a Roman one of two letters or more.
fn number(word: &str) -> Option<String> {
    const ROMAN: [&str; 9] = ["ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii"];
    const VALUES: [u8; 9] = [2, 3, 4, 6, 7, 8, 9, 11, 12];
    if let Some(at) = ROMAN.iter().position(|roman| *roman == word) {
        return Some(VALUES[at].to_string());
    }
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| match word.trim_start_matches('0') {
        "" => "0".to_owned(),
        trimmed => trimmed.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(text: &str) -> String {
        Name::of(text).words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_remains_of_a_name_is_the_same_however_it_is_written() {
        for (written, remains) in [
            ("Công ty TNHH Một thành viên ABC Việt Nam", "abc vietnam"),
            ("CTY TNHH MTV ABC VN", "abc vietnam"),
            ("ABC Vietnam Co., Ltd", "abc vietnam"),
            ("A.B.C. Vietnam Company Limited", "abc vietnam"),
            ("Công ty Cổ phần Sữa Đông Á", "sua dong a"),
            ("CTCP Sữa Đông Á", "sua dong a"),
            ("Sua Dong A JSC", "sua dong a"),
            ("Cty CP Cơ khí Đông Anh", "mechanical dong anh"),
            ("Dong Anh Mechanical Joint Stock Company", "dong anh mechanical"),
            ("Tập đoàn Vingroup - CTCP", "vingroup"),
            ("Tổng công ty May 10 - CTCP", "may 10"),
            ("Tổng Công ty May X", "may x"),
            ("Công ty số 01 Thương mại & Dịch vụ", "1 trading service"),
            ("Công ty Thương mại và Dịch vụ số 1", "trading service 1"),
            ("Ngân hàng TMCP Á Châu", "a chau"),
            ("Sa Pa Tourism S.A.", "sa pa tourism"),
            ("Công ty TNHH", "cong ty tnhh"),
            ("   ", ""),
        ] {
            assert_eq!(core(written), remains, "{written}");
        }
    }

    #[test]
    fn legal_forms_are_told_in_vietnamese_english_and_abbreviation() {
        for (written, forms) in [
            ("Công ty Cổ phần Hòa Phát", &[Form::JointStock][..]),
            ("CTCP Hòa Phát", &[Form::JointStock]),
            ("Hoa Phat JSC", &[Form::JointStock]),
            ("Hoa Phat Joint Stock Company", &[Form::JointStock]),
            ("Tập đoàn Hòa Phát", &[Form::Group]),
            ("Hoa Phat Group", &[Form::Group]),
            ("Tổng công ty cổ phần Sông Đà", &[Form::JointStock, Form::Corporation]),
            ("Song Da Corporation", &[Form::Corporation]),
            ("CTY TNHH MTV ABC", &[Form::Limited]),
            ("Chi nhánh Công ty TNHH ABC", &[Form::Limited, Form::Branch]),
            ("ABC", &[]),
        ] {
            assert_eq!(Name::of(written).forms, forms, "{written}");
        }
    }
}
