//! proto3 JSON, both ways, by plans made from the descriptors: answers straight from wire format, requests straight into it.

pub mod plan;
pub mod read;
mod time;
pub mod wire;
pub mod write;

#[cfg(test)]
mod proof;
