//! A stand-in for the parts of Fedora that ELN is built with: Koji hub, Bodhi, Content Resolver, datagrepper, and the bus.
//!
//! Over the wire only, stateful, strict, scripted. It does *not* build anything: what a build comes to, and when, stands in
//! the [`script::Script`].

pub mod archive;
pub mod bodhi;
pub mod chance;
pub mod control;
pub mod idp;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "an argument from outside has any of nine types, of which a method takes few"
)]
pub mod koji;
pub mod publisher;
pub mod resolver;
pub mod script;
mod server;
mod tokens;
pub mod traffic;
pub mod world;

pub use server::{Running, StartError, app, start};
