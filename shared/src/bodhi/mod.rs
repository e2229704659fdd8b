//! Bodhi: login, updates, and finding an update again after doubt.

pub mod api;
mod client;
mod door;
mod fault;
mod jar;
mod login;
mod metrics;
mod shapes;
mod token;

pub use client::{BodhiParts, BodhiUpdates};
pub use metrics::BodhiMetrics;
pub use token::{FileToken, TokenError, TokenSource};
