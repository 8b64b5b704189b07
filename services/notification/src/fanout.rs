//! From the change logs of the other services to deliveries and inboxes. Who is told is decided once, in the transaction
//! that takes the consumer's cursor past the change: so each is told exactly once, whatever is restarted when.

use api::registry::v1::{Locality, Region};
use api::shared::v1::Change;
use chassis::error::{Error, Result};
use chassis::host::Host;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Consumer, Projection, Store, Tx};

use crate::matching::{Facts, Places, Rules};
use crate::rules::RulesInMemory;
use crate::wire_time::instant;
use crate::{delivery, envelope, inbox_message, notice, reference};

/// The services whose changes are told, each with the name under which its log is followed.
pub const SOURCES: [(&str, &str); 3] =
    [("registry", "registry-fanout"), ("investment", "investment-fanout"), ("events", "events-fanout")];

/// How long after a change what it refers to may come to be known here.
const COPYING: TimeDelta = TimeDelta::seconds(10);

/// Follows the logs of the other services; `places` are the regions and localities of the registry.
pub fn start(host: &Host, store: &Store, places: Projection) {
    let rules = Arc::new(RulesInMemory::default());
    for (service, name) in SOURCES {
        let fanout = Arc::new(Fanout { service, rules: rules.clone(), places: places.clone() });
        let apply = move |tx: Tx, change: Change, read_until| {
            let fanout = fanout.clone();
            async move { fanout.apply(&tx, change, read_until).await }
        };
        store::consume(host, store, Consumer { name, peer: service, types: &["*"], apply });
    }
}

struct Fanout {
    service: &'static str,
    rules: Arc<RulesInMemory>,
    places: Projection,
}

impl Fanout {
    async fn apply(&self, tx: &Tx, change: Change, read_until: Option<DateTime<Utc>>) -> Result<()> {
        let rules = self.rules.current(tx).await?;
        if rules.is_empty() {
            return Ok(());
        }
        if rules.name_places() && !self.places.ready() {
            return Err(Error::unavailable("registry").because("its regions and localities are not copied yet"));
        }
        let after = envelope::resource_after(&change);
        let mut about = BTreeSet::from([change.resource.clone()]);
        if let Some(after) = &after {
            reference::collect(after, &mut about);
        }
        self.await_places(tx, &rules, &change, &about)?;
        let facts = Facts {
            service: self.service,
            change_type: change.r#type.clone(),
            time: change.time.as_ref().map(instant).unwrap_or_default(),
            now: tx.now(),
            read_until,
            owner: change.owner.clone(),
            audience: change.audience.clone().unwrap_or_default(),
            about,
        };
        let told = rules.audience(&facts, &Register(&self.places));
        if told.endpoints.is_empty() && told.inboxes.is_empty() {
            return Ok(());
        }
        let event_id = envelope::event_id(self.service, &change);
        if !told.endpoints.is_empty() {
            notice::keep(tx, &event_id, envelope::body(self.service, &event_id, &change)).await?;
            delivery::dispatch(tx, &event_id, &change, &told.endpoints).await?;
        }
        inbox_message::put(tx, &event_id, &change, after.as_ref(), &told.inboxes).await
    }
}

impl Fanout {
    /// What other services refer to may not have been copied yet, and who follows the units that it came out of would not be
    /// told. A name that the registry does not have either must not hold up the rest, so this is a matter of seconds.
    fn await_places(&self, tx: &Tx, rules: &Rules, change: &Change, about: &BTreeSet<String>) -> Result<()> {
        let time = change.time.as_ref().map(instant).unwrap_or_default();
        // Either way: the clock may have fallen back behind the change.
        if !rules.name_places() || (tx.now() - time).abs() > COPYING {
            return Ok(());
        }
        let unknown = |name: &&String| name.starts_with("localities/") && self.places.get::<Locality>(name).is_none();
        match about.iter().find(unknown) {
            Some(name) => Err(Error::unavailable("registry").because(format!("{name} is not copied yet"))),
            None => Ok(()),
        }
    }
}

/// Regions and localities as the registry has them.
struct Register<'a>(&'a Projection);

impl Places for Register<'_> {
    fn has_member(&self, region: &str, day: NaiveDate, places: &BTreeSet<String>) -> bool {
        let day = day.to_string();
        let holds = |from: &str, to: &str| from <= day.as_str() && (to.is_empty() || day.as_str() <= to);
        self.0.get::<Region>(region).is_some_and(|region| {
            region.members.iter().any(|it| places.contains(&it.locality) && holds(&it.valid_from, &it.valid_to))
        })
    }

    fn has_heir(&self, locality: &str, day: NaiveDate, places: &BTreeSet<String>) -> bool {
        let day = day.to_string();
        // From what the change is about upwards: most of it is no unit that came out of others.
        let mut seen: BTreeSet<String> =
            places.iter().filter(|place| place.starts_with("localities/")).cloned().collect();
        let mut waiting: Vec<String> = seen.iter().cloned().collect();
        while let Some(name) = waiting.pop() {
            let Some(unit) = self.0.get::<Locality>(&name) else { continue };
            for step in unit.predecessors.iter().filter(|step| step.effective_date <= day) {
                if step.locality == locality {
                    return true;
                }
                if seen.insert(step.locality.clone()) {
                    waiting.push(step.locality.clone());
                }
            }
        }
        false
    }
}
