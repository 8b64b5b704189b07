//! Style as tests: what a rule in prose would only wish for.

mod arrows;
mod deploy;
mod documents;
mod shape;
mod source;
mod spelling;

pub use source::{root, text};
