//! What tests that cross a process or crate border share: real servers of their own on 127.0.0.1, ended with the test, and
//! waiting for conditions.

pub mod certificates;
pub mod front;
pub mod kdc;
pub mod ports;
pub mod postgres;
pub mod prometheus;
pub mod publisher;
pub mod queue;
pub mod rabbit;
pub mod redis;
pub mod wait;
