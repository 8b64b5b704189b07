//! The black-box tests of the running platform.

mod tidy;
