//! What people and machines read over HTTP. Nothing here changes anything.

mod health;
mod page;
#[cfg(test)]
mod sample;
mod server;
mod view;

pub use health::{Condition, Health, Need, Reporter};
pub use server::{Served, router, serve};
pub use view::*;
