//! The reference data that the registry brings along, as messages ready to be recorded. The files and their sources are
//! described in `data/README.md`.

mod agency;
mod country;
mod directive;
mod foreign_locality;
mod hs_chapter;
mod locality;
mod market;
mod mission;
mod mission_count;
mod multilateral_role;
mod org_unit;
mod partnership;
mod product;
mod region;
mod sector;
mod succession;
mod taxonomy;
mod trade_agreement;

pub use agency::agencies;
pub use country::countries;
pub use directive::{action_plan_measures, directives};
pub use foreign_locality::foreign_localities;
pub use hs_chapter::hs_chapters;
pub use locality::localities;
pub use market::markets;
pub use mission::missions;
pub use mission_count::mission_counts;
pub use multilateral_role::multilateral_roles;
pub use org_unit::org_units;
pub use partnership::partnerships;
pub use product::{products, promotion_assets};
pub use region::regions;
pub use sector::sectors;
pub use succession::successions;
pub use taxonomy::{themes, work_areas};
pub use trade_agreement::trade_agreements;

use api::registry::v1::country::WorldRegion;
use api::shared::v1::Source;
use serde::de::DeserializeOwned;

/// A file that cannot be used. The unit tests parse every file, so that this is never met at a start.
#[derive(Debug)]
pub struct Broken(String);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "reference data: {}", self.0)
    }
}

impl std::error::Error for Broken {}

/// All rows of a file.
fn rows<R: DeserializeOwned>(file: &str, text: &str) -> Result<Vec<R>, Broken> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().map_err(|error| Broken(format!("{file}: {error}")))
}

/// The parts of a cell that holds several.
fn parts(cell: &str) -> impl Iterator<Item = String> {
    cell.split(';').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned)
}

fn countries_of(cell: &str) -> Vec<String> {
    parts(cell).map(|code| format!("countries/{code}")).collect()
}

/// The region of the world that a word names, such as eastern_asia.
fn world_region(file: &str, word: &str) -> Result<WorldRegion, Broken> {
    let region = WorldRegion::from_str_name(&word.to_uppercase());
    region.ok_or_else(|| Broken(format!("{file}: no region of the world is called {word:?}")))
}

fn yes(file: &str, cell: &str) -> Result<bool, Broken> {
    match cell {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(Broken(format!("{file}: {other:?} is neither yes nor no"))),
    }
}

fn source(citation: String, confidence: String) -> Option<Source> {
    Some(Source { citation, confidence })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use api::Resource;
    use prost_reflect::{DynamicMessage, ReflectMessage, Value};

    use super::*;

    /// The names of all records, and what they refer to.
    #[derive(Default)]
    struct Everything {
        names: HashSet<String>,
        references: Vec<(String, String)>,
    }

    impl Everything {
        /// Every record keeps the contract's own rules, and no name is borne twice.
        fn add<R: Resource>(&mut self, records: Result<Vec<R>, Broken>) {
            let descriptor = api::pool().get_message_by_name(&R::full_name()).expect("a message of the contract");
            for record in records.expect("the file parses") {
                assert_eq!(record.violations(), [], "{}", record.name());
                assert!(self.names.insert(record.name().to_owned()), "{} twice", record.name());
                let message = DynamicMessage::decode(descriptor.clone(), record.encode_to_vec().as_slice());
                self.refer(record.name(), &Value::Message(message.expect("a message is what it is")));
            }
        }

        /// Notes what the contract says are references, however deep they lie.
        fn refer(&mut self, record: &str, value: &Value) {
            match value {
                Value::List(items) => items.iter().for_each(|item| self.refer(record, item)),
                Value::Message(message) => {
                    let fields: Vec<_> = message.descriptor().fields().collect();
                    for field in fields.into_iter().filter(|field| message.has_field(field)) {
                        let value = message.get_field(&field).into_owned();
                        match api::option(&field.options(), "google.api.resource_reference") {
                            Some(_) => self.note(record, &value),
                            None => self.refer(record, &value),
                        }
                    }
                }
                _ => {}
            }
        }

        fn note(&mut self, record: &str, value: &Value) {
            match value {
                Value::List(items) => items.iter().for_each(|item| self.note(record, item)),
                Value::String(name) => self.references.push((record.to_owned(), name.clone())),
                _ => {}
            }
        }
    }

    #[test]
    fn every_record_keeps_the_rules_of_the_contract_and_refers_to_records_that_exist() {
        let localities = localities().expect("localities.csv");
        let products = products().expect("products.csv");
        let foreign = foreign_localities().expect("foreign_localities.csv");
        let mut all = Everything::default();
        all.add(countries());
        all.add(regions(&localities));
        all.add(agencies(&localities));
        all.add(missions());
        all.add(partnerships(&localities, &foreign));
        all.add(Ok(foreign));
        all.add(Ok(successions(&localities)));
        all.add(Ok(localities));
        all.add(trade_agreements());
        all.add(directives());
        all.add(action_plan_measures());
        all.add(markets());
        all.add(promotion_assets(&products));
        all.add(Ok(products));
        all.add(sectors());
        all.add(hs_chapters());
        all.add(themes());
        all.add(work_areas());
        all.add(multilateral_roles());
        all.add(org_units());
        assert!(all.references.len() > 1_000, "only {}", all.references.len());
        for (record, name) in &all.references {
            assert!(all.names.contains(name), "{record} refers to {name}");
        }
    }
}
