//! Which unit a name or code means on a day: rules without a database.

use api::registry::v1::LocalityPeriod;

use crate::naming::{agency_code, place};
use crate::period::Span;

/// What one unit bore over one of its periods.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The unit's identifier.
    pub id: String,
    /// When it bore this.
    pub span: Span,
    /// Its names, in the form of [`place`].
    pub names: Vec<String>,
    /// Its code.
    pub code: String,
    /// Its slug.
    pub slug: String,
    /// Its agency code, in the short form.
    pub agency_code: String,
}

impl Bearer {
    /// What a unit bore over a period.
    pub fn of(id: &str, period: &LocalityPeriod) -> Self {
        let mut names = names(period);
        names.sort();
        names.dedup();
        Self {
            id: id.to_owned(),
            span: Span::of(&period.valid_from, &period.valid_to),
            names,
            code: period.code.clone(),
            slug: period.slug.clone(),
            agency_code: agency_code(&period.agency_code),
        }
    }
}

fn names(period: &LocalityPeriod) -> Vec<String> {
    let written = [&period.display_name, &period.english_name].into_iter().chain(&period.other_names);
    written.map(|name| place(name)).filter(|name| !name.is_empty()).collect()
}

/// What is looked for; empty parts do not matter.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A name, in the form of [`place`].
    pub name: String,
    /// A code.
    pub code: String,
    /// A slug or identifier.
    pub slug: String,
    /// An agency code, in the short form.
    pub agency_code: String,
}

/// What was found.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// This unit.
    One(String),
    /// Any of these, in order.
    Several(Vec<String>),
    /// Nothing.
    Nothing,
}

impl Wanted {
    /// Brings what a caller wrote to the form in which it is compared.
    pub fn new(name: &str, code: &str, slug: &str, agency: &str) -> Self {
        Self {
            name: place(name),
            code: code.trim().to_owned(),
            slug: slug.trim().trim_start_matches("localities/").to_lowercase(),
            agency_code: agency_code(agency),
        }
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        [&self.name, &self.code, &self.slug, &self.agency_code].iter().all(|part| part.is_empty())
    }

    /// The words of the name.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.name.split(' ').filter(|word| !word.is_empty())
    }

    fn fits_codes(&self, bearer: &Bearer) -> bool {
        let same = |wanted: &str, borne: &str| wanted.is_empty() || wanted == borne;
        same(&self.code, &bearer.code)
            && same(&self.agency_code, &bearer.agency_code)
            && (same(&self.slug, &bearer.slug) || self.slug == bearer.id)
    }

    fn fits_whole_name(&self, bearer: &Bearer) -> bool {
        self.name.is_empty() || bearer.names.contains(&self.name)
    }

    fn fits_some_words(&self, bearer: &Bearer) -> bool {
        let all_in = |name: &String| self.words().all(|word| name.split(' ').any(|borne| borne == word));
        bearer.names.iter().any(all_in)
    }
}

/// Finds the unit. A whole name goes before some words of one; with a whole name, the day goes before the past. `as_of` is
/// the day that the caller asked for; without one, `today` is looked at first and then every time, the most recent first.
pub fn resolve(bearers: &[Bearer], wanted: &Wanted, as_of: Option<&str>, today: &str) -> Found {
    let day = as_of.unwrap_or(today);
    let now = |bearer: &&Bearer| bearer.span.contains(day);
    for fits in [Wanted::fits_whole_name, Wanted::fits_some_words] {
        let fitting: Vec<&Bearer> =
            bearers.iter().filter(|bearer| wanted.fits_codes(bearer) && fits(wanted, bearer)).collect();
        let on_the_day = fitting.iter().copied().filter(now).collect();
        match told(on_the_day) {
            Found::Nothing if as_of.is_none() => match told(most_recent(fitting)) {
                Found::Nothing => {}
                found => return found,
            },
            Found::Nothing => {}
            found => return found,
        }
    }
    Found::Nothing
}

/// Those that bore it last.
fn most_recent(mut bearers: Vec<&Bearer>) -> Vec<&Bearer> {
    let last = bearers.iter().map(|bearer| bearer.span.to.clone()).max().unwrap_or_default();
    bearers.retain(|bearer| bearer.span.to == last);
    bearers
}

fn told(bearers: Vec<&Bearer>) -> Found {
    let mut ids: Vec<String> = bearers.into_iter().map(|bearer| bearer.id.clone()).collect();
    ids.sort();
    ids.dedup();
    match ids.len() {
        0 => Found::Nothing,
        1 => Found::One(ids.remove(0)),
        _ => Found::Several(ids),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-22";

    fn bearers() -> Vec<Bearer> {
        let localities = crate::data::localities().expect("the file parses");
        let of = |unit: &api::registry::v1::Locality| {
            let id = unit.name.trim_start_matches("localities/").to_owned();
            unit.periods.iter().map(move |period| Bearer::of(&id, period)).collect::<Vec<_>>()
        };
        localities.iter().flat_map(of).collect()
    }

    fn told(found: Found) -> String {
        match found {
            Found::One(id) => id,
            Found::Several(ids) => ids.join("|"),
            Found::Nothing => "-".to_owned(),
        }
    }

    #[test]
    fn a_code_means_another_unit_at_another_time() {
        let bearers = bearers();
        for (code, as_of, id) in [
            ("24", Some("2023-12-31"), "bac-giang"),
            ("24", Some("2026-01-01"), "bac-ninh"),
            ("24", None, "bac-ninh"),
            ("27", Some("2023-12-31"), "bac-ninh-2025"),
            ("27", None, "bac-ninh-2025"),
            ("27", Some("2026-01-01"), "-"),
            ("79", Some("2020-01-01"), "ho-chi-minh-2025"),
            ("99", None, "-"),
        ] {
            let wanted = Wanted::new("", code, "", "");
            assert_eq!(told(resolve(&bearers, &wanted, as_of, TODAY)), id, "{code} {as_of:?}");
        }
    }

    #[test]
    fn a_name_is_found_however_it_is_written_and_also_in_the_past() {
        let bearers = bearers();
        for (name, as_of, id) in [
            ("bac giang", None, "bac-giang"),
            ("Bắc Giang", None, "bac-giang"),
            ("BẮC GIANG", None, "bac-giang"),
            ("Ba\u{306}\u{301}c Giang", None, "bac-giang"),
            ("tỉnh Bắc Giang", None, "bac-giang"),
            ("bac giang", Some("2023-12-31"), "bac-giang"),
            ("bac giang", Some("2026-01-01"), "-"),
            ("dak nong", None, "dak-nong"),
            ("Đăk Nông", None, "dak-nong"),
            ("bac ninh", None, "bac-ninh"),
            ("bac ninh", Some("2025-06-30"), "bac-ninh-2025"),
            ("TP. Hồ Chí Minh", None, "ho-chi-minh"),
            ("Tp HCM", None, "ho-chi-minh"),
            ("TPHCM", Some("2020-01-01"), "ho-chi-minh-2025"),
            ("Sài Gòn", None, "ho-chi-minh"),
            ("thua thien hue", None, "hue"),
            ("Thừa Thiên - Huế", Some("2015-12-31"), "hue"),
            ("Huế", None, "hue"),
            ("vung tau", None, "ba-ria-vung-tau"),
            ("ha tinh", None, "ha-tinh"),
            ("ha nam", None, "ha-nam"),
            ("kien", None, "kien-giang"),
            ("giang", None, "an-giang"),
            ("giang", Some("2025-06-30"), "an-giang-2025|bac-giang|ha-giang|hau-giang|kien-giang|tien-giang"),
            ("ninh", None, "bac-ninh|ninh-binh|quang-ninh|tay-ninh"),
            ("atlantis", None, "-"),
        ] {
            let wanted = Wanted::new(name, "", "", "");
            assert_eq!(told(resolve(&bearers, &wanted, as_of, TODAY)), id, "{name} {as_of:?}");
        }
    }

    #[test]
    fn slugs_identifiers_and_agency_codes_are_found_too() {
        let bearers = bearers();
        for (code, slug, agency, as_of, id) in [
            ("", "bac-ninh", "", None, "bac-ninh"),
            ("", "bac-ninh", "", Some("2025-06-30"), "bac-ninh-2025"),
            ("", "bac-ninh-2025", "", None, "bac-ninh-2025"),
            ("", "localities/bac-giang", "", None, "bac-giang"),
            ("", "thua-thien-hue", "", None, "hue"),
            ("", "", "H05", None, "bac-ninh"),
            ("", "", "000.00.00.H05", Some("2023-01-01"), "bac-ninh-2025"),
            ("", "", "h02", None, "bac-giang"),
            ("24", "bac-giang", "", None, "bac-giang"),
            ("24", "bac-ninh", "", Some("2023-01-01"), "-"),
        ] {
            let wanted = Wanted::new("", code, slug, agency);
            assert_eq!(told(resolve(&bearers, &wanted, as_of, TODAY)), id, "{code} {slug} {agency} {as_of:?}");
        }
        assert!(Wanted::new(" ", "", "", "").is_empty());
    }
}
