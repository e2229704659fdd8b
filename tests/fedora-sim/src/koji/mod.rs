//! The Koji hub: XML-RPC over HTTP, sessions, and the methods that clients of a build service call.
//!
//! **Source**: the hub's source of July 2025 and exchanges recorded from it, which a test replays.

mod args;
mod context;
mod dispatch;
mod http;
mod methods;
pub mod render;
mod session;
mod sessions;

pub use http::{Hub, routes};
pub use sessions::{Session, Sessions};
