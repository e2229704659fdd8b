//! The coordinator: intake, batch formation, the ledger of effects, the pages.

pub mod store;
pub mod web;
