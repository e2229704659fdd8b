//! Bodhi: login, updates, and finding an update again after doubt.

pub mod api;
