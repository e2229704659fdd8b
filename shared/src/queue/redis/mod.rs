//! The queue on Redis streams, by plain commands of Redis 7.0 and Valkey.
//!
//! A stream entry names a job; the job lives in a hash. State, owner and fence are checked in one script with whatever
//! changes them. Jobs are read through a consumer group; results are not: they are read by position and deleted once
//! stored, so that a leader who lost its term can withhold none from the next. What Redis forgets is put back by whoever
//! keeps the ledger, see `Producer::missing`.

mod consumer;
mod keys;
mod link;
mod producer;
mod script;
mod settings;
mod shelf;

pub use consumer::RedisConsumer;
pub use producer::RedisProducer;
pub use settings::RedisSettings;
pub use shelf::RedisShelf;
