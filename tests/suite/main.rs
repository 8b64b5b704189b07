//! The black-box tests of the platform: they start it as an operator does and speak to it as other systems do.

// Rules for the platform's own code: it has a clock, a host, settings and egress; whoever stands outside has none of them.
#![allow(clippy::disallowed_methods)]

mod contract;
mod story;
mod tidy;
mod world;
