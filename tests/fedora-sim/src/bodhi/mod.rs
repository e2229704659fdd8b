//! Bodhi: updates made from side tags, their life until they are stable, and how they are found again.
//!
//! **Source**: bodhi-server 26.4 and exchanges recorded from it, which a test compares with. Served at the root of the
//! simulator's address, since its paths collide with nobody's.

mod ask;
mod by_package;
mod checks;
mod cookies;
mod create;
mod entries;
mod http;
mod life;
mod login;
mod releases;
mod render;
mod requests;
pub mod script;
mod search;
mod update;

pub use http::{Server, answer};
pub use update::{Bodhi, Status, Update, UpdateEntry};
