//! What a string looks like: dates, references and the other formats that the protos know by name.

use std::sync::LazyLock;

use chrono::NaiveDate;
use regex::Regex;

/// A form that a string can be held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Any,
    /// The same, as the option's zero value is called.
    Unspecified,
    /// A day that exists, YYYY-MM-DD.
    Date,
    /// A year, a month or a day: YYYY, YYYY-MM or YYYY-MM-DD.
    PartialDate,
    /// Lower-case ASCII words joined by hyphens.
    Slug,
    /// Two capital letters of ISO 3166-1.
    CountryCode,
    /// A language tag of BCP 47.
    Language,
    /// An absolute http or https URL.
    Url,
    /// An e-mail address.
    Email,
    /// An absolute URI.
    Uri,
    /// A UUID.
    Uuid,
    /// The name of a record of this collection.
    Reference(&'static str),
    /// The name of a record of any collection.
    AnyReference,
    /// The name of a body that owns and reads records.
    Organization,
}

/// The collections whose records own and read records.
const ORGANIZATIONS: [&str; 4] = ["agencies", "missions", "localities", "organizations"];

/// Checks a string that is not empty; the error is a sentence without its subject.
pub fn check(value: &str, form: Form) -> Result<(), String> {
    let (fits, wanted) = match form {
        Form::Any | Form::Unspecified => return Ok(()),
        Form::Date => return date(value),
        Form::PartialDate => return partial_date(value),
        Form::Slug => (is_slug(value), "lower-case words of a-z and 0-9 joined by hyphens, such as quang-ninh"),
        Form::CountryCode => (is_country_code(value), "two capital letters of ISO 3166-1, such as LB"),
        Form::Language => (is_language(value), "a language tag such as vi or en-GB"),
        Form::Url => (is_url(value), "an absolute http or https URL without a password in it"),
        Form::Email => (is_email(value), "an e-mail address"),
        Form::Uri => (is_uri(value), "an absolute URI"),
        Form::Uuid => (is_uuid(value), "a UUID"),
        Form::Reference(collection) => return reference(value, &[collection]),
        Form::AnyReference => return reference(value, &[]),
        Form::Organization => return reference(value, &ORGANIZATIONS),
    };
    if fits { Ok(()) } else { Err(format!("must be {wanted}")) }
}

/// The day, if it is written YYYY-MM-DD and exists.
fn day(value: &str) -> Option<NaiveDate> {
    let bytes = value.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    let written =
        bytes.len() == 10 && digits(0..4) && bytes[4] == b'-' && digits(5..7) && bytes[7] == b'-' && digits(8..10);
    let number = |range: std::ops::Range<usize>| value[range].parse::<u32>().ok();
    if !written || value.starts_with("0000") {
        return None;
    }
    NaiveDate::from_ymd_opt(value[..4].parse().ok()?, number(5..7)?, number(8..10)?)
}

fn date(value: &str) -> Result<(), String> {
    match day(value) {
        Some(_) => Ok(()),
        None => Err("must be a day that exists, written YYYY-MM-DD".to_owned()),
    }
}

fn partial_date(value: &str) -> Result<(), String> {
    // A year or a month is what stands before the first month or day of it.
    let whole = match value.len() {
        4 => format!("{value}-01-01"),
        7 => format!("{value}-01"),
        _ => value.to_owned(),
    };
    match day(&whole) {
        Some(_) => Ok(()),
        None => Err("must be a year, a month or a day that exists, written YYYY, YYYY-MM or YYYY-MM-DD".to_owned()),
    }
}

fn reference(value: &str, collections: &[&str]) -> Result<(), String> {
    let fits = value.split_once('/').is_some_and(|(collection, id)| {
        let known = match collections {
            [] => is_collection(collection),
            some => some.contains(&collection),
        };
        known && is_id(id)
    });
    match (fits, collections) {
        (true, _) => Ok(()),
        (false, []) => Err("must be a resource name: a collection, a slash and an id".to_owned()),
        (false, some) => {
            let forms: Vec<String> = some.iter().map(|collection| format!("{collection}/{{id}}")).collect();
            Err(format!("must be a resource name of the form {}", forms.join(" or ")))
        }
    }
}

/// What stands after the slash of a resource name: 1 to 120 of `A-Z a-z 0-9 . _ ~ -`.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=120).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
}

fn is_collection(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_slug(text: &str) -> bool {
    text.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

fn is_country_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_language(text: &str) -> bool {
    static LANGUAGE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$").expect("invariant: it compiles"));
    LANGUAGE.is_match(text)
}

fn is_url(text: &str) -> bool {
    let Ok(url) = text.parse::<http::Uri>() else { return false };
    let web = matches!(url.scheme_str(), Some("http" | "https"));
    web && url.host().is_some_and(|host| !host.is_empty())
        && !url.authority().is_some_and(|host| host.as_str().contains('@'))
}

fn is_email(text: &str) -> bool {
    static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
        let label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
        Regex::new(&format!("^[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{label}(?:\\.{label})*$"))
            .expect("invariant: it compiles")
    });
    text.len() <= 254 && EMAIL.is_match(text)
}

fn is_uri(text: &str) -> bool {
    static URI: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\\[\\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$")
            .expect("invariant: it compiles")
    });
    URI.is_match(text)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::{Form, check};

    #[test]
    fn each_form_takes_what_it_should_and_nothing_else() {
        let long = "a".repeat(121);
        let cases: &[(Form, &[&str], &[&str])] = &[
            (Form::Any, &["anything", " "], &[]),
            (
                Form::Date,
                &["2025-07-01", "2024-02-29", "1945-09-02", "9999-12-31"],
                &[
                    "2025-02-30",
                    "2025-02-29",
                    "2025-7-1",
                    "2025-07-01T00:00:00Z",
                    "0000-01-01",
                    "+025-01-01",
                    "２025-01-01",
                ],
            ),
            (
                Form::PartialDate,
                &["1930", "1930-10", "1930-10-06"],
                &["30", "1930-13", "1930-00", "1930-10-32", "1930-1", "0000", "19é0", "1930-1é"],
            ),
            (Form::Slug, &["bac-ninh", "bac-ninh-2025", "g08"], &["Bac", "bac--ninh", "-bac", "bac-", "bắc"]),
            (Form::CountryCode, &["LB", "VN"], &["lb", "LBN", "L", "L1", "Đ"]),
            (Form::Language, &["vi", "en-GB", "zh-Hant-TW"], &["v", "vi_VN", "english", "vi-"]),
            (
                Form::Url,
                &["https://example.org/a?b=c", "http://example.org:8080"],
                &["example.org", "ftp://example.org", "https://", "https://a:b@example.org", "/a", "https://a b"],
            ),
            (Form::Email, &["a@b", "lanh.su+vn@mofa.gov.vn"], &["a", "a@", "@b", "a@b@c", "a b@c", "a@-b", "a@b..c"]),
            (Form::Uri, &["urn:isbn:1", "https://a/b", "mailto:a@b"], &["a", "//a/b", "a b:c", "x:%zz"]),
            (
                Form::Uuid,
                &["0190f5c8-7f3a-7cc4-9d2b-1f1a2b3c4d5e", "0190F5C8-7F3A-7CC4-9D2B-1F1A2B3C4D5E"],
                &["0190f5c87f3a7cc49d2b1f1a2b3c4d5e", "0190f5c8-7f3a-7cc4-9d2b-1f1a2b3c4d5g"],
            ),
            (
                Form::Reference("missions"),
                &["missions/vn-in-emb", "missions/A.b_c~d-1"],
                &["missions/", "missions", "mission/a", "missions/a/b", "missions/a b", "missions/à", "/missions/a"],
            ),
            (
                Form::AnyReference,
                &["a/b", "tradeAgreements/evfta"],
                &["a", "A/b", "a/", "/b", "a/b/c", "1a/b", "a-b/c"],
            ),
            (Form::Organization, &["agencies/g08", "localities/bac-ninh"], &["countries/VN", "agencies/", "agencies"]),
        ];
        for (form, good, bad) in cases {
            for value in *good {
                assert_eq!(check(value, *form), Ok(()), "{form:?} {value}");
            }
            for value in *bad {
                assert!(check(value, *form).is_err(), "{form:?} {value}");
            }
        }
        assert!(check(&format!("missions/{long}"), Form::AnyReference).is_err());
        assert!(check(&format!("missions/{}", &long[1..]), Form::AnyReference).is_ok());
    }
}
