//! The coordinator: intake, batch formation, the ledger of effects, the pages.

pub mod driver;
pub mod snapshot;
pub mod store;
pub mod web;
