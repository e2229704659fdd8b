//! A stand-in for the parts of Fedora that ELN is built with: Koji hub, Bodhi, Content Resolver, datagrepper, and the bus.
//!
//! Over the wire only, stateful, strict, scripted. It does *not* build anything: what a build comes to, and when, stands in
//! the [`script::Script`].

pub mod archive;
pub mod bodhi;
pub mod chance;
pub mod control;
pub mod idp;
pub mod koji;
pub mod publisher;
pub mod resolver;
pub mod script;
mod server;
pub mod traffic;
pub mod world;

pub use server::{Running, StartError, start};
