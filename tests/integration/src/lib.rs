//! What tests that cross a process or crate border share: servers of their own, and waiting for conditions.

pub mod postgres;
pub mod queue;
pub mod rabbit;
pub mod redis;
pub mod wait;
