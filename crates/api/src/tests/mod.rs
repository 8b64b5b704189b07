//! What holds for the generated code, tried on the fixture, and for the contract as it is.

mod codec;
mod contract;
mod resource;
mod validation;

use crate::sample::v1::Specimen;

/// A specimen that breaks no rule.
fn specimen() -> Specimen {
    Specimen { title: "Bút tháp".to_owned(), owner: "agencies/g08".to_owned(), ..Specimen::default() }
}
