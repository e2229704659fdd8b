//! Hurts the whole service on its real engines while it works: kills, stops, restarts, wipes, cuts and slows, by a seeded plan;
//! then lets it come to rest and compares what Fedora saw and what the store says. What `./dev chaos` runs.

pub mod campaign;
pub mod fault;
pub mod options;
pub mod plan;
pub mod scene;
pub mod verdict;
