//! Hurts the whole service on its real engines while it works: kills, stops, restarts, wipes, cuts, slows and fills, by a seeded
//! plan; then lets it come to rest and compares what Fedora saw and what the store says. What `./dev chaos` runs.

pub mod act;
pub mod campaign;
pub mod fault;
mod inflict;
pub mod lasting;
pub mod options;
pub mod plan;
pub mod program;
pub mod scene;
pub mod verdict;
