//! Which unit a name or code means on a day: rules without a database.

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
