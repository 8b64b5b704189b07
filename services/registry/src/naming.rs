//! Names of places and bodies, brought to the form in which they are compared.

use store::fold::fold;

/// Words for the type of a unit that people put before its name. Longest first: one of them goes, not several.
const BEFORE: [&str; 8] = ["thanh pho", "city of", "province of", "tinh", "tp", "t p", "province", "city"];
/// Words for the type of a unit that people put after its name.
const AFTER: [&str; 2] = ["province", "city"];

/// Lower case without diacritics, hyphens and dots: "Bà Rịa - Vũng Tàu" is "ba ria vung tau".
pub fn plain(text: &str) -> String {
    let folded = fold(text);
    let words = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// The text in ASCII letters as far as it can be, case kept: "Bà Rịa - Vũng Tàu" is "Ba Ria - Vung Tau".
pub fn ascii(text: &str) -> String {
    let letter = |letter: char| match fold(letter.encode_utf8(&mut [0; 4])) {
        _ if letter.is_whitespace() => " ".to_owned(),
        plain if letter.is_uppercase() => plain.to_uppercase(),
        plain => plain,
    };
    text.trim().chars().map(letter).collect()
}

/// Words and numbers by themselves, whatever stands between them: "15-CT/TW", "15CT TW" and "15 ct/tw" are "15 ct tw".
pub fn apart(text: &str) -> String {
    let mut apart = String::with_capacity(text.len());
    let mut last = ' ';
    for letter in plain(text).chars() {
        if letter != ' ' && last != ' ' && letter.is_ascii_digit() != last.is_ascii_digit() {
            apart.push(' ');
        }
        apart.push(letter);
        last = letter;
    }
    apart
}

/// The plain name of a place, without words for its type: "TP. Hồ Chí Minh" is "ho chi minh". What is only such a word stays.
pub fn place(text: &str) -> String {
    let mut name = plain(text);
    if let Some(rest) = BEFORE.iter().find_map(|word| name.strip_prefix(word)?.strip_prefix(' ')) {
        name = rest.to_owned();
    } else if let Some(rest) = AFTER.iter().find_map(|word| name.strip_suffix(word)?.strip_suffix(' ')) {
        name = rest.to_owned();
    }
    name
}

/// An agency code in its short form: "000.00.00.g08" and "g08" are "G08", "000.00.18.G12" is "G12.18".
pub fn agency_code(text: &str) -> String {
    let code = text.trim().to_uppercase();
    let parts: Vec<&str> = code.split('.').collect();
    let [below @ .., top] = parts.as_slice() else { return code };
    let lettered = top.starts_with(|first: char| first.is_ascii_alphabetic());
    if below.len() != 3 || !lettered {
        return code;
    }
    // The older form counts its levels from the right, and fills with zeros.
    let levels = below.iter().rev().filter(|level| level.contains(|digit| digit != '0'));
    levels.fold((*top).to_owned(), |code, level| format!("{code}.{level}"))
}

/// The resource name of a country, region or other record of reference, from its name or its bare code.
pub fn named(collection: &str, given: &str) -> String {
    match given.split_once('/') {
        Some(_) => given.to_owned(),
        None if collection == "countries" => format!("{collection}/{}", given.trim().to_uppercase()),
        None => format!("{collection}/{}", given.trim().to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_however_it_is_written() {
        for (written, meant) in [
            ("Bắc Giang", "bac giang"),
            ("BẮC GIANG", "bac giang"),
            ("Ba\u{306}\u{301}c Giang", "bac giang"),
            ("tỉnh Bắc Giang", "bac giang"),
            ("Bac Giang province", "bac giang"),
            ("Đắk Nông", "dak nong"),
            ("Đăk Nông", "dak nong"),
            ("TP. Hồ Chí Minh", "ho chi minh"),
            ("TP.HCM", "hcm"),
            ("Thành phố Huế", "hue"),
            ("Ho Chi Minh City", "ho chi minh"),
            ("Bà Rịa - Vũng Tàu", "ba ria vung tau"),
            ("ba-ria-vung-tau", "ba ria vung tau"),
            ("Hà Tĩnh", "ha tinh"),
            ("Tỉnh Hà Tĩnh", "ha tinh"),
            ("tỉnh", "tinh"),
            ("  ", ""),
        ] {
            assert_eq!(place(written), meant, "{written}");
        }
    }

    #[test]
    fn a_name_in_ascii_letters_keeps_its_case() {
        for (written, ascii_letters) in [
            ("Bà Rịa - Vũng Tàu", "Ba Ria - Vung Tau"),
            ("Đắk Nông", "Dak Nong"),
            ("Ba\u{306}\u{301}c Giang", "Bac Giang"),
            (" Huế ", "Hue"),
        ] {
            assert_eq!(ascii(written), ascii_letters, "{written}");
        }
    }

    #[test]
    fn numbers_of_documents_are_one_however_they_are_written() {
        for written in ["15-CT/TW", "15CT TW", " 15 ct/tw", "15_CT.TW"] {
            assert_eq!(apart(written), "15 ct tw", "{written}");
        }
        assert_eq!(apart("Quyết định 19/2025/QĐ-TTg"), "quyet dinh 19 2025 qd ttg");
    }

    #[test]
    fn both_forms_of_an_agency_code_are_one() {
        for (written, short) in [
            ("G08", "G08"),
            ("g08", "G08"),
            ("000.00.00.G08", "G08"),
            ("000.00.00.h41", "H41"),
            ("000.00.18.G12", "G12.18"),
            ("G12.18", "G12.18"),
            ("", ""),
        ] {
            assert_eq!(agency_code(written), short, "{written}");
        }
    }

    #[test]
    fn a_bare_code_stands_for_its_record() {
        for (collection, given, name) in [
            ("countries", "jp", "countries/JP"),
            ("countries", "countries/JP", "countries/JP"),
            ("regions", "DBSH", "regions/dbsh"),
        ] {
            assert_eq!(named(collection, given), name);
        }
    }
}
