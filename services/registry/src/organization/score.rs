//! How likely two bodies are one: their names, numbers of registers, seats and sites, weighed.

use api::registry::v1::organization_duplicate::{Ground, Reason, Verdict};
use api::registry::v1::{Organization, OrganizationIdentifier};
use strsim::normalized_damerau_levenshtein as likeness;

use super::name::{Name, Word};
use super::number::Number;
use super::words::{Form, Weight};

/// From here on a duplicate is likely.
const LIKELY: f64 = 0.85;
/// The most that names alone can say.
const NAMES_MAX: f64 = 0.99;

/// What is known of a body, ready to be compared.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Its names, as they are written and taken apart.
    pub names: Vec<(String, Name)>,
    /// The country of its seat, by resource name.
    pub country: String,
    /// The province or city of its seat, by resource name.
    pub locality: String,
    /// Its numbers.
    pub numbers: Vec<Number>,
    /// The host of its site.
    pub site: String,
}

impl Profile {
    /// Of a recorded body.
    pub fn of(body: &Organization) -> Profile {
        let names = [&body.display_name, &body.english_name, &body.short_name].into_iter().chain(&body.other_names);
        let numbers = body.identifiers.iter().map(|it: &OrganizationIdentifier| Number::of(it, &body.country));
        Profile {
            names: taken_apart(names),
            country: body.country.clone(),
            locality: body.locality.clone(),
            numbers: numbers.collect(),
            site: site(&body.website),
        }
    }
}

/// Names, taken apart; those that are empty are passed over.
pub fn taken_apart<'a>(names: impl Iterator<Item = &'a String>) -> Vec<(String, Name)> {
    let named = names.map(|name| (name.clone(), Name::of(name)));
    named.filter(|(_, name)| !name.words.is_empty()).collect()
}

/// The host of a site, without `www.`.
pub fn site(url: &str) -> String {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', '?', '#', ':']).next().unwrap_or_default().to_lowercase();
    host.strip_prefix("www.").map(str::to_owned).unwrap_or(host)
}

/// What came of comparing two bodies.
#[derive(Debug, Clone)]
pub struct Judged {
    /// From 0 to 1.
    pub score: f64,
    /// How sure that is.
    pub verdict: Verdict,
    /// What counted, the weightiest first.
    pub grounds: Vec<Ground>,
}

/// Compares two bodies.
pub fn judge(asked: &Profile, known: &Profile) -> Judged {
    if let Some(number) = asked.numbers.iter().find_map(|one| known.numbers.iter().find(|other| one.is_same(other))) {
        let ground = ground(Reason::SameIdentifier, &number.written);
        return Judged { score: 1.0, verdict: Verdict::Sure, grounds: vec![ground] };
    }
    let (mut score, mut grounds) = names(asked, known);
    if !asked.site.is_empty() && asked.site == known.site {
        score = f64::max(score + 0.1, 0.8);
        grounds.push(ground(Reason::SameWebsite, &asked.site));
    }
    let different = asked.numbers.iter().find_map(|one| Some((one, known.numbers.iter().find(|it| one.differs(it))?)));
    if let Some((one, other)) = different {
        score *= 0.5;
        grounds.push(ground(Reason::OtherIdentifier, &format!("{} ≠ {}", one.written, other.written)));
    }
    match (asked.country.is_empty() || known.country.is_empty(), asked.country == known.country) {
        (true, _) => {}
        (false, true) => {
            score += 0.01;
            grounds.push(ground(Reason::SameCountry, &known.country));
        }
        (false, false) => {
            score *= 0.75;
            grounds.push(ground(Reason::OtherCountry, &format!("{} ≠ {}", asked.country, known.country)));
        }
    }
    if !asked.locality.is_empty() && asked.locality == known.locality {
        score += 0.01;
        grounds.push(ground(Reason::SameLocality, &known.locality));
    }
    let score = score.clamp(0.0, NAMES_MAX);
    let verdict = if score >= LIKELY { Verdict::Likely } else { Verdict::Possible };
    Judged { score, verdict, grounds }
}

fn ground(reason: Reason, detail: &str) -> Ground {
    Ground { reason: reason as i32, detail: detail.to_owned() }
}

/// The likeness of the two names that are most alike, and what counted.
fn names(asked: &Profile, known: &Profile) -> (f64, Vec<Ground>) {
    let mut best: (f64, Vec<Ground>) = (0.0, Vec::new());
    for (written, name) in &asked.names {
        for (other_written, other) in &known.names {
            let (score, reason) = alike(name, other);
            if score == 0.0 {
                continue;
            }
            let mut grounds = vec![ground(reason, &format!("{written} ~ {other_written}"))];
            let mut score = score;
            if name.numbers() != other.numbers() && reason != Reason::SameWords {
                score *= 0.6;
                let numbers = format!("{} ≠ {}", name.numbers().join(" "), other.numbers().join(" "));
                grounds.push(ground(Reason::OtherNumeral, &numbers));
            }
            if forms_differ(&name.forms, &other.forms) {
                score *= 0.85;
                grounds.push(ground(Reason::OtherForm, &format!("{:?} ≠ {:?}", name.forms, other.forms)));
            }
            if score > best.0 {
                best = (score, grounds);
            }
        }
    }
    best
}

/// Whether the forms that two names tell cannot be one body's.
fn forms_differ(one: &[Form], other: &[Form]) -> bool {
    let part = |forms: &[Form], form: Form| forms.contains(&form);
    if [Form::Branch, Form::Office].into_iter().any(|form| part(one, form) != part(other, form)) {
        return true;
    }
    const LEGAL: [Form; 5] = [Form::Limited, Form::JointStock, Form::Private, Form::Cooperative, Form::Partnership];
    let legal = |forms: &[Form]| LEGAL.into_iter().filter(|form| part(forms, *form)).collect::<Vec<_>>();
    let (one, other) = (legal(one), legal(other));
    !one.is_empty() && !other.is_empty() && !one.iter().any(|form| other.contains(form))
}

/// How alike two names are, and in what way.
fn alike(one: &Name, other: &Name) -> (f64, Reason) {
    // Without a word of its own a name is many bodies'.
    let known = |name: &Name| name.words.iter().any(|word| matches!(word.weight, Weight::Own));
    let weight = if known(one) && known(other) { 1.0 } else { 0.8 };
    let (joined, other_joined) = (one.joined(), other.joined());
    if joined == other_joined || one.spelled == other.spelled {
        return (0.97 * weight, Reason::SameName);
    }
    if one.sorted() == other.sorted() {
        return (0.95 * weight, Reason::SameWords);
    }
    let mut best = (shared(one, other) * 0.95 * weight, Reason::SimilarName);
    let whole = likeness(&joined, &other_joined);
    if whole >= 0.9 && one.numbers() == other.numbers() && whole * 0.95 > best.0 {
        best = (whole * 0.95 * weight, Reason::SimilarName);
    }
    if (is_initials(one, other) || is_initials(other, one)) && best.0 < 0.7 {
        best = (0.7, Reason::SameInitials);
    }
    best
}

fn is_initials(short: &Name, long: &Name) -> bool {
    let [word] = short.words.as_slice() else { return false };
    word.weight == Weight::Own && word.text.len() >= 3 && long.words.len() >= 3 && word.text == long.initials
}

fn weight(word: &Word) -> f64 {
    match word.weight {
        Weight::Own => 1.0,
        Weight::Number => 0.8,
        Weight::Place => 0.7,
        Weight::Common => 0.4,
        Weight::Country => 0.25,
    }
}

/// The weight of the words that two names share, as a part of all their words' (Dice). Words of five letters or more may differ
/// in one of them.
fn shared(one: &Name, other: &Name) -> f64 {
    let mut free: Vec<&Word> = other.words.iter().collect();
    let (mut both, mut own) = (0.0, 0);
    for word in &one.words {
        let alike = |candidate: &&Word| match word.text == candidate.text {
            true => 1.0,
            false if word.text.len() >= 5 && candidate.text.len() >= 5 => likeness(&word.text, &candidate.text),
            false => 0.0,
        };
        let found = free.iter().map(alike).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((at, degree)) = found.filter(|(_, degree)| *degree >= 0.8) else { continue };
        let matched = free.swap_remove(at);
        both += degree * f64::min(weight(word), weight(matched));
        own += i32::from(word.weight == Weight::Own);
    }
    let all: f64 = one.words.iter().chain(&other.words).map(weight).sum();
    let wanted = !one.own().is_empty() && !other.own().is_empty();
    let part = if all > 0.0 { 2.0 * both / all } else { 0.0 };
    if wanted && own == 0 { part.min(0.5) } else { part }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::organization_identifier::Type;

    const VN: &str = "countries/VN";

    fn named(name: &str) -> Profile {
        Profile { names: taken_apart(std::iter::once(&name.to_owned())), ..Profile::default() }
    }

    fn with(name: &str, country: &str, tax: &str) -> Profile {
        let numbers = (!tax.is_empty()).then(|| Number::new(Type::TaxCode, tax, country, "")).into_iter().collect();
        Profile { country: country.into(), numbers, ..named(name) }
    }

    #[test]
    fn vietnamese_and_foreign_names_of_one_body_are_known_for_one() {
        for (one, other) in [
            ("Công ty TNHH Một thành viên ABC Việt Nam", "CTY TNHH MTV ABC VN"),
            ("Công ty TNHH Một thành viên ABC Việt Nam", "ABC Vietnam Co., Ltd"),
            ("CTY TNHH MTV ABC VN", "ABC Vietnam Co., Ltd."),
            ("Công ty Cổ phần Sữa Đông Á", "CTCP Sữa Đông Á"),
            ("Công ty Cổ phần Sữa Đông Á", "Sua Dong A JSC"),
            ("CTCP Sữa Đông Á", "Sua Dong A Joint Stock Company"),
            ("Tập đoàn Hòa Phát", "Hoa Phat Group"),
            ("Tổng công ty Sông Đà", "Song Da Corporation"),
            ("Ngân hàng TMCP Phương Đông", "Ngân hàng Thương mại Cổ phần Phương Đông"),
            ("Phuong Dong Joint Stock Commercial Bank", "Ngân hàng TMCP Phương Đông"),
            ("Công ty TNHH Thương mại và Dịch vụ Hoàng Minh", "Hoàng Minh Trading & Service Co Ltd"),
            ("Công ty CP XNK Thủy sản Cửu Long", "Cuu Long Seafood Import Export JSC"),
            ("Đạm Cà Mau", "ĐẠM CÀ MAU"),
            ("Vin Group", "Vingroup"),
            ("A.B.C. Việt Nam", "ABC Vietnam"),
            ("Nhà máy số 01 Đông Anh", "Nhà máy Đông Anh 1"),
        ] {
            let judged = judge(&named(one), &named(other));
            assert!(judged.score >= LIKELY, "{one} ~ {other}: {judged:?}");
            assert_eq!(judge(&named(other), &named(one)).score, judged.score, "{one} ~ {other}");
        }
    }

    #[test]
    fn names_that_only_look_alike_are_not() {
        for (one, other, most) in [
            ("Tổng công ty May 10", "Tổng công ty May 20", 0.6),
            ("Công ty TNHH Hoàng Minh Phát", "Công ty TNHH Hoàng Minh Phúc", 0.7),
            ("Công ty TNHH ABC Việt Nam", "Công ty TNHH XYZ Việt Nam", 0.5),
            ("Công ty CP Thương mại Dịch vụ An Bình", "Công ty CP Thương mại Dịch vụ Hòa Lạc", 0.5),
            ("Công ty TNHH Sông Hồng", "Công ty Cổ phần Sông Hồng", LIKELY),
            ("Công ty TNHH ABC", "Chi nhánh Công ty TNHH ABC", LIKELY),
            ("Sa Pa", "Sa Đéc", 0.6),
        ] {
            let judged = judge(&named(one), &named(other));
            assert!(judged.score < most, "{one} ~ {other}: {judged:?}");
        }
    }

    #[test]
    fn numbers_and_seats_weigh_with_names() {
        let score = |one: &Profile, other: &Profile| judge(one, other);
        let known = with("Công ty TNHH ABC", VN, "0100109106");
        let same = score(&with("Một tên khác hẳn", VN, "MST 01001-09106"), &known);
        assert_eq!((same.score, same.verdict), (1.0, Verdict::Sure));
        let other_code = score(&with("ABC Co., Ltd", VN, "0312345678"), &known);
        assert!(other_code.score < 0.6, "{other_code:?}");
        assert!(other_code.grounds.iter().any(|ground| ground.reason() == Reason::OtherIdentifier));
        let unsaid = score(&with("ABC Co., Ltd", VN, ""), &known).score;
        let abroad = score(&with("ABC Co., Ltd", "countries/JP", ""), &known).score;
        let taxed_abroad = score(&with("ABC Co., Ltd", "countries/JP", "0312345678"), &known).score;
        assert!(unsaid > LIKELY && abroad < unsaid && taxed_abroad == abroad, "{unsaid} {abroad} {taxed_abroad}");
        let site = |name: &str| Profile { site: site("https://www.abc.vn/vi"), ..named(name) };
        assert!(score(&site("ABC"), &site("Tên nào đó")).score >= 0.8);
        let initials = score(&named("PVD"), &named("Petro Viet Drill"));
        assert!(initials.grounds.iter().any(|ground| ground.reason() == Reason::SameInitials), "{initials:?}");
    }
}
