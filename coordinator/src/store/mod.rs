//! The truth: triggers, batches, builds, effects. One contract, on PostgreSQL and on SQLite.

mod contract;

pub use contract::*;
