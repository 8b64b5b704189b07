//! Money: published figures, opportunities, leads.
mod day;
mod fdi_import;
mod fdi_rule;
mod figures;
mod money;
mod number;
mod unit;
