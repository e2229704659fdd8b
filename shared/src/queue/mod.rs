//! The queue between coordinator and workers: one contract, on Redis streams and in process.

mod contract;
mod error;
mod local;
mod redis;
mod shelf;

pub use contract::*;
pub use error::{QueueError, QueueErrorKind};
pub use local::{LocalConsumer, LocalQueue, LocalSettings};
pub use redis::{RedisConsumer, RedisProducer, RedisSettings, RedisShelf};
pub use shelf::{Drawer, LocalShelf, Shelf, Shelved};
