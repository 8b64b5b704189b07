//! The black-box tests of the platform: they start it as an operator does and speak to it as other systems do.

mod contract;
mod story;
mod tidy;
mod world;
