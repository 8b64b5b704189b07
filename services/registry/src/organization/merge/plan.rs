//! What remains of several records of one organization.

use std::collections::BTreeSet;

use api::Resource as _;
use api::registry::v1::*;
use chassis::error::{Error, Result};
use store::fold::fold;

use crate::organization::number::Number;

/// The longest list of names and numbers that a record takes.
const LIST_MAX: usize = 50;

/// Fields that are united instead of chosen, unless a choice says otherwise.
const UNITED: [&str; 3] = ["other_names", "identifiers", "markets"];
/// Fields that are not a merge's to choose.
const KEPT: [&str; 2] = ["owner", "audience"];

/// The survivor as it is to be: its own values, those of the first duplicate that has one where it has none, and what was
/// chosen; names and numbers of all of them.
pub fn merged(
    survivor: &Organization,
    duplicates: &[Organization],
    choices: &[OrganizationMergeChoice],
) -> Result<Organization> {
    let mut merged = survivor.clone();
    let fields = Organization::WRITABLE.iter().filter(|field| !KEPT.contains(field));
    for field in fields.filter(|field| !UNITED.contains(field)) {
        let given = |body: &&Organization| body.fields_set().contains(field);
        if !given(&survivor)
            && let Some(giver) = duplicates.iter().find(given)
        {
            copy(&mut merged, field, giver);
        }
    }
    unite(&mut merged, duplicates);
    for choice in choices {
        let from = chosen(choice, survivor, duplicates)?;
        copy(&mut merged, &choice.field, from);
    }
    settle_above(&mut merged, survivor, duplicates);
    keep_names(&mut merged, survivor, duplicates);
    for (field, length) in [("other_names", merged.other_names.len()), ("identifiers", merged.identifiers.len())] {
        if length > LIST_MAX {
            let what =
                format!("the survivor would have {length} {field}, and {LIST_MAX} are taken; choose those of one body");
            return Err(Error::invalid("choices", what));
        }
    }
    Ok(merged)
}

fn copy(merged: &mut Organization, field: &str, from: &Organization) {
    merged.copy_field(field, from).expect("invariant: writable fields can be copied");
}

fn chosen<'a>(
    choice: &OrganizationMergeChoice,
    survivor: &'a Organization,
    duplicates: &'a [Organization],
) -> Result<&'a Organization> {
    let refused = |why: &str| {
        let failure = Error::of(OrganizationMergeFailure::MergeChoiceInvalid).with("field", &choice.field);
        Err(failure.with("from", &choice.from).with("why", why))
    };
    if !Organization::WRITABLE.contains(&choice.field.as_str()) || KEPT.contains(&choice.field.as_str()) {
        return refused("it is not a field whose value can be chosen");
    }
    match std::iter::once(survivor).chain(duplicates).find(|body| body.name == choice.from) {
        Some(body) => Ok(body),
        None => refused("it is not among the organizations to merge"),
    }
}

/// Numbers and markets of all.
fn unite(merged: &mut Organization, duplicates: &[Organization]) {
    for body in duplicates {
        for identifier in &body.identifiers {
            let mut identifier = identifier.clone();
            if identifier.country.is_empty() && body.country != merged.country {
                identifier.country.clone_from(&body.country);
            }
            let number = Number::of(&identifier, &merged.country);
            let known = |other: &OrganizationIdentifier| {
                other.r#type == identifier.r#type && Number::of(other, &merged.country) == of_written(&number, other)
            };
            if !merged.identifiers.iter().any(known) {
                merged.identifiers.push(identifier);
            }
        }
        for market in &body.markets {
            if !merged.markets.contains(market) {
                merged.markets.push(market.clone());
            }
        }
    }
}

/// The same number as another one writes it.
fn of_written(number: &Number, other: &OrganizationIdentifier) -> Number {
    Number { written: other.value.clone(), ..number.clone() }
}

/// A body is not above itself: where it stood below one that it was merged with, it stands below what that one stood below.
fn settle_above(merged: &mut Organization, survivor: &Organization, duplicates: &[Organization]) {
    let all: Vec<&Organization> = std::iter::once(survivor).chain(duplicates).collect();
    let same = |name: &str| all.iter().any(|body| body.name == name);
    let outside = |of: fn(&Organization) -> &String| {
        all.iter().map(|body| of(body)).find(|name| !name.is_empty() && !same(name)).cloned().unwrap_or_default()
    };
    if same(&merged.parent) {
        merged.parent = outside(|body| &body.parent);
    }
    if same(&merged.group) {
        merged.group = outside(|body| &body.group);
    }
}

/// The names that the survivor does not bear go among its other names, so that it is found under them.
fn keep_names(merged: &mut Organization, survivor: &Organization, duplicates: &[Organization]) {
    let borne = [&merged.display_name, &merged.english_name, &merged.short_name].map(|name| fold(name));
    let mut known: BTreeSet<String> =
        borne.into_iter().chain(merged.other_names.iter().map(|name| fold(name))).collect();
    for body in std::iter::once(survivor).chain(duplicates) {
        let names = [&body.display_name, &body.english_name, &body.short_name].into_iter().chain(&body.other_names);
        for name in names.filter(|name| !name.is_empty()) {
            if known.insert(fold(name)) {
                merged.other_names.push(name.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use organization_identifier::Type;

    fn body(id: &str) -> Organization {
        Organization { name: format!("organizations/{id}"), country: "countries/VN".into(), ..Organization::default() }
    }

    fn tax(value: &str) -> OrganizationIdentifier {
        OrganizationIdentifier { r#type: Type::TaxCode as i32, value: value.into(), ..Default::default() }
    }

    #[test]
    fn the_survivor_keeps_what_it_has_takes_what_it_lacks_and_what_is_chosen() {
        let survivor = Organization {
            display_name: "ABC".into(),
            address: "1 Tràng Tiền".into(),
            identifiers: vec![tax("0100109106")],
            parent: "organizations/b".into(),
            ..body("a")
        };
        let duplicate = Organization {
            display_name: "Công ty ABC".into(),
            address: "2 Lý Thái Tổ".into(),
            website: "https://abc.vn".into(),
            identifiers: vec![tax("0100 109 106"), tax("0312345678")],
            markets: vec!["countries/US".into()],
            parent: "organizations/p".into(),
            ..body("b")
        };
        let choice = |field: &str, from: &str| OrganizationMergeChoice { field: field.into(), from: from.into() };
        let merge = |choices: &[OrganizationMergeChoice]| merged(&survivor, std::slice::from_ref(&duplicate), choices);
        let plain = merge(&[]).unwrap();
        assert_eq!((plain.address.as_str(), plain.website.as_str()), ("1 Tràng Tiền", "https://abc.vn"));
        assert_eq!(plain.other_names, ["Công ty ABC"]);
        assert_eq!(plain.identifiers, [tax("0100109106"), tax("0312345678")]);
        assert_eq!(
            (plain.parent.as_str(), plain.markets.as_slice()),
            ("organizations/p", &["countries/US".to_owned()][..])
        );
        let chosen = merge(&[choice("display_name", "organizations/b"), choice("address", "organizations/b")]).unwrap();
        assert_eq!((chosen.display_name.as_str(), chosen.address.as_str()), ("Công ty ABC", "2 Lý Thái Tổ"));
        assert_eq!((chosen.name.as_str(), chosen.other_names.as_slice()), ("organizations/a", &["ABC".to_owned()][..]));
        for wrong in [
            choice("owner", "organizations/b"),
            choice("etag", "organizations/b"),
            choice("address", "organizations/c"),
        ] {
            let refused = merge(&[wrong]).unwrap_err();
            assert!(refused.is(OrganizationMergeFailure::MergeChoiceInvalid), "{refused:?}");
        }
    }
}
