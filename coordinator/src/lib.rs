//! The coordinator: intake, batch formation, the ledger of effects, the pages.

pub mod app;
pub mod awaited;
pub mod board;
pub mod configuration;
pub mod driver;
pub mod dynamic;
pub mod explain;
pub mod feeds;
pub mod intake;
pub mod leader;
mod listening;
pub mod lists;
pub mod manual;
mod opening;
pub mod pages;
pub mod pause;
pub mod preview;
pub mod refresh;
pub mod reload;
pub mod report;
pub mod retention;
pub mod snapshot;
pub mod store;
pub mod watchful;
pub mod web;
pub mod wish;
