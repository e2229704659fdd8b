//! The queue between coordinator and workers: one contract, on Redis streams and in process.

mod contract;

pub use contract::*;
