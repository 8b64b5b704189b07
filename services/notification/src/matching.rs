//! Whether a subscription matches a change: pure rules, no database.

use api::notification::v1::{Subscription, subscription::Reach};
use api::options::v1::Role;
use api::shared::v1;
use chassis::caller::Caller;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::Scope;

use crate::wire_time::instant;

/// How long something may be at work: a subscription that is made while a change is matched, and is seen; a change that is
/// written while the log is read, and is not.
const AT_WORK: TimeDelta = TimeDelta::seconds(2);

/// What subscriptions are matched against.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The service in whose log the change is.
    pub service: &'static str,
    /// Such as "commitment.fulfilled".
    pub change_type: String,
    /// When it was written.
    pub time: DateTime<Utc>,
    /// When it is matched.
    pub now: DateTime<Utc>,
    /// Before which it cannot have been written, whatever the clock said by which it was; none if nobody knows.
    pub read_until: Option<DateTime<Utc>>,
    /// The organization that answers for the resource.
    pub owner: String,
    /// Who else may see it.
    pub audience: v1::Audience,
    /// The resource and all that it refers to.
    pub about: BTreeSet<String>,
}

/// Knows the members of regions, and what became of units.
pub trait Places {
    /// Whether one of `places` is a member of `region` on `day`.
    fn has_member(&self, region: &str, day: NaiveDate, places: &BTreeSet<String>) -> bool;
    /// Whether one of `places` is a unit into which `locality` had gone by `day`, whole or in part.
    fn has_heir(&self, locality: &str, day: NaiveDate, places: &BTreeSet<String>) -> bool;
}

/// All subscriptions, so arranged that a change looks only at those whose owner it concerns, and at those that want all.
#[derive(Debug, Default)]
pub struct Rules {
    concerning: HashMap<String, Vec<Rule>>,
    visible: Vec<Rule>,
}

/// One subscription, ready for matching.
#[derive(Debug, Clone)]
struct Rule {
    wanted: Subscription,
    created: DateTime<Utc>,
    scope: Scope,
}

/// Who is to be told, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Endpoints, with the organization whose subscription names it.
    pub endpoints: BTreeMap<String, String>,
    /// Organizations whose inbox takes a message.
    pub inboxes: BTreeSet<String>,
}

impl Rules {
    /// The rules of these subscriptions; paused ones match nothing.
    pub fn of(subscriptions: impl IntoIterator<Item = Subscription>) -> Rules {
        let mut rules = Rules::default();
        for wanted in subscriptions.into_iter().filter(|subscription| !subscription.paused) {
            let created = wanted.create_time.as_ref().map_or(DateTime::UNIX_EPOCH, instant);
            let rule = Rule { created, scope: scope(&wanted.owner), wanted };
            match rule.wanted.reach() {
                Reach::Visible => rules.visible.push(rule),
                Reach::Unspecified | Reach::Concerning => {
                    rules.concerning.entry(rule.wanted.owner.clone()).or_default().push(rule);
                }
            }
        }
        rules
    }

    /// Whether nobody wants to be told of anything.
    pub fn is_empty(&self) -> bool {
        self.concerning.is_empty() && self.visible.is_empty()
    }

    /// Whether any of them names a region or a locality, which are others at other times.
    pub fn name_places(&self) -> bool {
        let names = |rule: &Rule| !rule.wanted.regions.is_empty() || !rule.wanted.localities.is_empty();
        self.concerning.values().flatten().chain(&self.visible).any(names)
    }

    /// Who is to be told of a change.
    pub fn audience(&self, facts: &Facts, places: &dyn Places) -> Audience {
        let mut told = Audience::default();
        let concerned =
            facts.concerned().into_iter().filter_map(|organization| self.concerning.get(organization)).flatten();
        for rule in concerned.chain(&self.visible).filter(|rule| rule.matches(facts, places)) {
            let Subscription { endpoint, inbox, owner, .. } = &rule.wanted;
            if !endpoint.is_empty() {
                told.endpoints.insert(endpoint.clone(), owner.clone());
            }
            if *inbox {
                told.inboxes.insert(owner.clone());
            }
        }
        told
    }
}

impl Facts {
    /// Everybody whom the change could concern: the owner, the named readers, and all that the resource refers to.
    fn concerned(&self) -> BTreeSet<&str> {
        let named = self.audience.organizations.iter().chain(&self.about).map(String::as_str);
        named.chain([self.owner.as_str()]).collect()
    }
}

impl Rule {
    /// Since it exists, within what its owner may see, and by every filter. Whom it concerns was looked up before.
    fn matches(&self, facts: &Facts, places: &dyn Places) -> bool {
        let Subscription { services, change_types, .. } = &self.wanted;
        self.existed(facts)
            && self.scope.sees(&facts.owner, Some(&facts.audience))
            && (services.is_empty() || services.iter().any(|service| service == facts.service))
            && (change_types.is_empty() || change_types.iter().any(|pattern| is_of_type(&facts.change_type, pattern)))
            && self.is_of_place(facts, places)
    }

    /// Whether it was there when the change was written. A clock that fell back is found out by what was read before the
    /// change, and by a subscription that is still to come: then a change too many does less harm than one that is never told.
    fn existed(&self, facts: &Facts) -> bool {
        let written = facts.read_until.map_or(facts.time, |until| Ord::max(facts.time, until - AT_WORK));
        written >= self.created || self.created > facts.now + AT_WORK
    }

    fn is_of_place(&self, facts: &Facts, places: &dyn Places) -> bool {
        let Subscription { countries, localities, regions: areas, .. } = &self.wanted;
        if countries.is_empty() && localities.is_empty() && areas.is_empty() {
            return true;
        }
        let day = chassis::clock::day(facts.time);
        let named = |place: &String| facts.about.contains(place);
        countries.iter().chain(localities).chain(areas).any(named)
            || areas.iter().any(|region| places.has_member(region, day, &facts.about))
            || localities.iter().any(|locality| places.has_heir(locality, day, &facts.about))
    }
}

/// What an organization may see: what software of its own would, by the very rule that its reads run through.
fn scope(organization: &str) -> Scope {
    Scope::of(&Caller { organization: organization.to_owned(), roles: vec![Role::System], ..Caller::default() })
}

/// Whether a change type is one that a pattern names: "commitment.fulfilled", or all of "commitment.*".
fn is_of_type(change_type: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => change_type.starts_with(beginning),
        None => change_type == pattern,
    }
}

#[cfg(test)]
#[path = "matching_test.rs"]
mod tests;
