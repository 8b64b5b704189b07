//! The organizations that a record names as parties: they may read it.

use api::Resource;
use api::shared::v1::Audience;

/// Lets the parties that are named now read the record, besides whom its audience names; those who were named `before` and are
/// no more, no longer. The owner reads it anyhow.
pub fn admit<R: Resource>(record: &mut R, before: &[String], now: &[String]) {
    let mut audience: Audience = record.audience().cloned().unwrap_or_default();
    audience.organizations.retain(|name| now.contains(name) || !before.contains(name));
    let owner = record.owner();
    audience.organizations.extend(now.iter().filter(|name| !name.is_empty() && *name != owner).cloned());
    audience.organizations.sort_unstable();
    audience.organizations.dedup();
    record.set_audience(Some(audience));
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::investment::v1::Lead;

    fn readers(given: &[&str], before: &[&str], now: &[&str]) -> Vec<String> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let audience = Audience { organizations: names(given), ..Audience::default() };
        let mut lead = Lead { owner: "missions/a".into(), audience: Some(audience), ..Lead::default() };
        admit(&mut lead, &names(before), &names(now));
        lead.audience.unwrap().organizations
    }

    #[test]
    fn parties_read_while_they_are_named_and_others_as_long_as_they_are_let() {
        for (given, before, now, expected) in [
            (&[][..], &[][..], &["localities/b", "missions/a", ""][..], &["localities/b"][..]),
            (&["agencies/g12"], &[], &["localities/b"], &["agencies/g12", "localities/b"]),
            (
                &["agencies/g12", "localities/b"],
                &["localities/b"],
                &["localities/c"],
                &["agencies/g12", "localities/c"],
            ),
            (&["localities/b"], &["localities/b"], &["localities/b"], &["localities/b"]),
        ] {
            assert_eq!(readers(given, before, now), expected, "{given:?} {before:?} {now:?}");
        }
    }
}
