//! What is true for every rpc ever added, because it is read from the contract.

mod example;
mod pattern;
mod rules;
