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
    use api::registry::v1::OrgUnitCoverage;

    use super::*;

    /// Every record keeps the contract's own rules, and no name is borne twice.
    fn check<R: Resource>(records: &[R]) -> HashSet<String> {
        let mut names = HashSet::new();
        for record in records {
            assert_eq!(record.violations(), [], "{}", record.name());
            assert!(names.insert(record.name().to_owned()), "{} twice", record.name());
        }
        names
    }

    #[test]
    fn every_record_keeps_the_rules_of_the_contract_and_refers_to_records_that_exist() {
        let countries = check(&countries().expect("countries.csv"));
        let localities = localities().expect("localities.csv");
        let units = check(&localities);
        let regions = regions(&localities).expect("regions.csv");
        check(&regions);
        let agencies = agencies(&localities).expect("agency_codes.csv");
        let bodies = check(&agencies);
        let missions = missions().expect("missions.csv");
        check(&missions);
        let foreign = foreign_localities().expect("foreign_localities.csv");
        let abroad = check(&foreign);
        assert!(foreign.iter().all(|it| countries.contains(&it.country)));
        assert!(foreign.iter().all(|it| it.parent.is_empty() || abroad.contains(&it.parent)));
        let partnerships = partnerships(&localities, &foreign).expect("border_pairs.csv");
        check(&partnerships);
        for partnership in &partnerships {
            assert!(partnership.holders.iter().all(|it| units.contains(&it.locality)), "{}", partnership.name);
            let counterparts = partnership.counterparts.iter();
            assert!(counterparts.into_iter().all(|it| abroad.contains(&it.foreign_locality)), "{}", partnership.name);
        }
        let agreements = trade_agreements().expect("agreements.csv");
        check(&agreements);
        check(&successions(&localities));
        let directives = directives().expect("directives.csv");
        let documents = check(&directives);
        for directive in &directives {
            let others = directive.replaces.iter().chain(&directive.implements);
            assert!(others.into_iter().all(|other| documents.contains(other)), "{}", directive.name);
            assert!(directive.issuing_body.is_empty() || bodies.contains(&directive.issuing_body));
        }
        let measures = action_plan_measures().expect("action_plan_measures.csv");
        check(&measures);
        assert!(measures.iter().all(|measure| documents.contains(&measure.directive)));
        let markets = markets().expect("market_languages.csv");
        check(&markets);
        assert!(markets.iter().all(|market| countries.contains(&market.country)));
        assert_eq!(markets.len(), countries.len(), "every country is a market");
        let products = products().expect("products.csv");
        check(&products);
        assert!(products.iter().flat_map(|product| &product.localities).all(|unit| units.contains(unit)));
        let protecting = products.iter().flat_map(|product| &product.geographical_indications);
        assert!(protecting.into_iter().all(|it| countries.contains(&it.country)));
        let assets = promotion_assets(&products).expect("promotion_assets.csv");
        check(&assets);
        assert!(assets.iter().flat_map(|asset| &asset.target_markets).all(|country| countries.contains(country)));
        for locality in &localities {
            for period in &locality.periods {
                assert!(period.border_countries.iter().all(|country| countries.contains(country)));
            }
            assert!(locality.predecessors.iter().all(|step| units.contains(&step.locality)), "{}", locality.name);
        }
        assert!(regions.iter().flat_map(|region| &region.members).all(|member| units.contains(&member.locality)));
        for agency in &agencies {
            assert!(agency.locality.is_empty() || units.contains(&agency.locality), "{}", agency.name);
            assert!(agency.successor.is_empty() || bodies.contains(&agency.successor), "{}", agency.name);
        }
        for mission in &missions {
            assert!(countries.contains(&mission.host_country), "{}", mission.name);
            assert!(mission.accreditations.iter().all(|it| countries.contains(&it.country)), "{}", mission.name);
        }
        check(&sectors().expect("sectors.csv"));
        check(&hs_chapters().expect("hs_chapters.csv"));
        check(&themes().expect("themes.csv"));
        check(&work_areas().expect("work_areas.csv"));
        let roles = multilateral_roles().expect("multilateral_roles.csv");
        check(&roles);
        let sent: HashSet<_> = missions.iter().map(|mission| &mission.name).collect();
        assert!(roles.iter().all(|role| role.mission.is_empty() || sent.contains(&role.mission)));
        let desks = org_units().expect("org_units.csv");
        let names = check(&desks);
        for desk in &desks {
            assert!(bodies.contains(&desk.agency) && (desk.parent.is_empty() || names.contains(&desk.parent)));
            let known = |it: &OrgUnitCoverage| it.country.is_empty() || countries.contains(&it.country);
            assert!(desk.coverages.iter().all(known), "{}", desk.name);
        }
        let parties = agreements.iter().flat_map(|agreement| &agreement.parties);
        assert!(parties.into_iter().all(|party| countries.contains(&party.country)));
    }
}
