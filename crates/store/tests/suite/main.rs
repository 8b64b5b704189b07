//! The store as services use it, on each database that is there: one suite, SQLite always, PostgreSQL where its server
//! programs are found (in PG_BIN, /usr/lib/postgresql/*/bin or PATH; NGKT_REQUIRE_POSTGRES=1 makes it a must).

#![allow(clippy::unwrap_used)] // a test fails where something it needs is not there

mod support;

mod audit;
mod away;
mod calendar;
mod consume;
mod feed;
mod idempotency;
mod lease;
mod order;
mod paging;
mod queue;
mod rate;
mod rehearse;
mod scope;
mod seed;
mod verb;
mod words;
mod writer;
