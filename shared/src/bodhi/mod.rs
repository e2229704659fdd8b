//! Bodhi: login, updates, and finding an update again after doubt.

pub mod api;
mod client;
mod door;
mod fault;
mod jar;
mod kerberos;
mod login;
mod metrics;
mod provider;
mod shapes;
mod token;
mod visit;

pub use client::{BodhiParts, BodhiUpdates};
pub use kerberos::KerberosToken;
pub use metrics::BodhiMetrics;
pub use token::{FileToken, TokenError, TokenSource};
