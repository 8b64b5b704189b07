//! Codes of the Harmonized System, as people write them and as they are kept.

/// The code without dots and spaces: "0810.90.10" is "08109010". The error says why it is none.
pub fn digits(written: &str) -> Result<String, String> {
    let digits: String = written.chars().filter(|letter| !matches!(letter, '.' | ' ')).collect();
    if misplaced(written) || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{written:?} is no code of the Harmonized System: it has digits, with or without dots"));
    }
    if !matches!(digits.len(), 2 | 4 | 6 | 8..=10) {
        let why = "a code has 2, 4 or 6 digits, a tariff line 8 to 10";
        return Err(format!("{written:?} has {} digits: {why}", digits.len()));
    }
    match &digits[..2] {
        "00" => Err(format!("{written:?} is of no chapter: they begin with 01")),
        "77" => Err(format!("{written:?} is of chapter 77, which is kept free: no good has a code in it")),
        _ => Ok(digits),
    }
}

/// Whether a dot or space stands elsewhere than between pairs of digits: "8.1" is no "81".
fn misplaced(written: &str) -> bool {
    let mut digits = 0;
    let mut parted = true;
    for letter in written.chars() {
        match letter {
            '.' | ' ' if parted || digits % 2 == 1 => return true,
            '.' | ' ' => parted = true,
            _ => (digits, parted) = (digits + 1, false),
        }
    }
    parted
}

/// The code and the codes above it, which include it: of "081090" also "0810" and "08".
pub fn upwards(code: &str) -> Vec<&str> {
    let lengths = [2, 4, 6, 8, 9, 10];
    lengths.into_iter().filter(|length| *length <= code.len()).map(|length| &code[..length]).collect()
}

/// The last code that can stand below this one, when codes are compared as texts.
pub fn last_below(code: &str) -> String {
    format!("{code:9<16}")
}

/// By what codes are sorted so that the most specific come first: the longest, then by number.
pub fn rank(code: &str) -> String {
    format!("{:02}{code}", 99 - code.len().min(99))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_written() {
        for (written, kept) in [
            ("08", "08"),
            ("0810", "0810"),
            ("08.10", "0810"),
            ("0810.90", "081090"),
            ("0810.90.10", "08109010"),
            ("0810 90 10", "08109010"),
            ("081090101", "081090101"),
            ("0810901099", "0810901099"),
            ("98", "98"),
        ] {
            assert_eq!(digits(written).as_deref(), Ok(kept), "{written}");
        }
        for written in [
            "",
            ".",
            "8",
            "081",
            "08109",
            "0810901",
            "08109010991",
            "77",
            "7701",
            "0010",
            "08a0",
            "０８",
            "-8",
            "8.1",
            "08.",
            ".08",
            "08..10",
            "081.0",
            " 08",
        ] {
            assert!(digits(written).is_err(), "{written}");
        }
    }

    #[test]
    fn a_code_lies_within_those_above_it_and_over_those_below_it() {
        assert_eq!(upwards("08109010"), ["08", "0810", "081090", "08109010"]);
        assert_eq!(upwards("08"), ["08"]);
        let within = |code: &str, below: &str| code <= below && below <= last_below(code).as_str();
        assert!(within("0810", "0810") && within("0810", "0810901099") && within("08", "0899"));
        assert!(!within("0810", "0811") && !within("0810", "0809999999") && !within("0810", "08"));
    }

    #[test]
    fn the_longest_codes_come_first() {
        let mut codes = ["08", "0810", "08109010", "0709", "081090"];
        codes.sort_by_key(|code| rank(code));
        assert_eq!(codes, ["08109010", "081090", "0709", "0810", "08"]);
    }
}
