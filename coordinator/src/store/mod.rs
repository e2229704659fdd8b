//! The truth: triggers, batches, builds, effects. One contract, on PostgreSQL and on SQLite.

mod cell;
mod commit;
mod contract;
mod fault;
mod lease;
mod link;
mod open;
mod people;
mod sql;
mod table;

pub use contract::*;
pub use open::{Location, StoreOptions};
pub use sql::SqlStore;
