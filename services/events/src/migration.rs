//! The schema of events, one migration a resource, in the order in which they came.

mod calendar;
mod commitment;
mod engagement;

use store::mention::M20261122Mention;
use store::sea_orm_migration::MigrationTrait;

/// All of them.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(M20261122Mention),
        Box::new(engagement::M20261122Engagement),
        Box::new(commitment::M20261122Commitment),
        Box::new(calendar::M20261122Calendar),
    ]
}
