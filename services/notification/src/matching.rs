//! Whether a subscription matches a change: pure rules, no database.

use api::notification::v1::{Subscription, subscription::Reach};
use api::shared::v1::audience::Circle;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What subscriptions are matched against.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The service in whose log the change is.
    pub service: &'static str,
    /// Such as "commitment.fulfilled".
    pub change_type: String,
    /// When it was written.
    pub time: DateTime<Utc>,
    /// The organization that answers for the resource.
    pub owner: String,
    /// Who else may see it.
    pub circle: Circle,
    /// Organizations that may see it besides.
    pub readers: Vec<String>,
    /// The resource and all that it refers to.
    pub mentions: BTreeSet<String>,
}

/// Knows the members of regions.
pub trait Regions {
    /// Whether one of `places` is a member of `region` on `day`.
    fn has_member(&self, region: &str, day: NaiveDate, places: &BTreeSet<String>) -> bool;
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
            let rule = Rule { created, wanted };
            match rule.wanted.reach() {
                Reach::Visible => rules.visible.push(rule),
                Reach::Unspecified | Reach::Concerning => {
                    rules.concerning.entry(rule.wanted.owner.clone()).or_default().push(rule);
                }
            }
        }
        rules
    }

    /// Who is to be told of a change.
    pub fn audience(&self, facts: &Facts, regions: &dyn Regions) -> Audience {
        let mut told = Audience::default();
        let concerned = facts.concerned().into_iter().filter_map(|organization| self.concerning.get(organization)).flatten();
        for rule in concerned.chain(&self.visible).filter(|rule| rule.matches(facts, regions)) {
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
        let named = self.readers.iter().chain(&self.mentions).map(String::as_str);
        named.chain([self.owner.as_str()]).collect()
    }

    /// Whether `organization` may see the change: the scope that its reads run through, as a rule.
    fn visible_to(&self, organization: &str) -> bool {
        match self.circle {
            Circle::Public => true,
            Circle::Government if is_government(organization) => true,
            // A change without a circle should not be: then only those named are told.
            Circle::Government | Circle::Owner | Circle::Unspecified => {
                self.owner == organization || self.readers.iter().any(|reader| reader == organization)
            }
        }
    }
}

impl Rule {
    /// Since it exists, within what its owner may see, and by every filter. Whom it concerns was looked up before.
    fn matches(&self, facts: &Facts, regions: &dyn Regions) -> bool {
        let Subscription { owner, services, change_types, .. } = &self.wanted;
        facts.time >= self.created
            && facts.visible_to(owner)
            && (services.is_empty() || services.iter().any(|service| service == facts.service))
            && (change_types.is_empty() || change_types.iter().any(|pattern| is_of_type(&facts.change_type, pattern)))
            && self.is_of_place(facts, regions)
    }

    fn is_of_place(&self, facts: &Facts, regions: &dyn Regions) -> bool {
        let Subscription { countries, localities, regions: areas, .. } = &self.wanted;
        if countries.is_empty() && localities.is_empty() && areas.is_empty() {
            return true;
        }
        let day = chassis::clock::day(facts.time);
        let mentioned = |place: &String| facts.mentions.contains(place);
        countries.iter().chain(localities).chain(areas).any(mentioned)
            || areas.iter().any(|region| regions.has_member(region, day, &facts.mentions))
    }
}

/// Whether a change type is one that a pattern names: "commitment.fulfilled", or all of "commitment.*".
fn is_of_type(change_type: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => change_type.starts_with(beginning),
        None => change_type == pattern,
    }
}

/// Whether an organization belongs to the administration of the state; the same bodies as in `chassis::caller`.
fn is_government(organization: &str) -> bool {
    ["agencies/", "missions/", "localities/"].iter().any(|body| organization.starts_with(body))
}

/// An instant of the wire.
pub fn instant(timestamp: &prost_types::Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(timestamp.seconds, timestamp.nanos.try_into().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
#[path = "matching_test.rs"]
mod tests;
