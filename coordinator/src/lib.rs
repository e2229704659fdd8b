//! The coordinator: intake, batch formation, the ledger of effects, the pages.

pub mod app;
pub mod awaited;
pub mod board;
pub mod configuration;
pub mod driver;
pub mod dynamic;
pub mod explain;
pub mod feeds;
pub mod findings;
pub mod intake;
pub mod leader;
mod listening;
pub mod lists;
pub mod login;
pub mod manual;
pub mod measures;
pub mod numbers;
mod opening;
pub mod pages;
pub mod pause;
pub mod preview;
mod program;
pub mod queue_gauges;
pub mod reconcile;
pub mod refresh;
pub mod reload;
pub mod report;
pub mod retention;
pub mod shadow;
pub mod snapshot;
pub mod store;
mod stored;
pub mod watchful;
pub mod web;
pub mod wish;

pub use program::program;
