//! The schema of investment, one migration a resource, in the order in which they came.

mod fdi_flow;
mod lead;
mod opportunity;

use store::mention::M20261122Mention;
use store::sea_orm_migration::MigrationTrait;

/// All of them.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(fdi_flow::M20261122FdiFlow),
        Box::new(fdi_flow::M20261122FdiRollup),
        Box::new(M20261122Mention),
        Box::new(opportunity::M20261122Opportunity),
        Box::new(lead::M20261122Lead),
    ]
}
