//! Where the server is, and how it is used. Does *not* read any file.

use std::{fmt, time::Duration};

/// Where the Redis (or Valkey) server is, and how it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://host:port/db` or `rediss://…`, with or without a user name.
    pub url: String,
    /// The password, if it is not in the address.
    pub password: Option<String>,
    /// What all keys begin with, without the braces: `ebs`.
    pub prefix: String,
    /// How long a job is held without a beat.
    pub lease: Duration,
}

impl RedisSettings {
    /// The server at this address, with the usual prefix and a lease of one minute.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            password: None,
            prefix: "ebs".to_owned(),
            lease: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for RedisSettings {
    /// Without password, and without the address: that may carry one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("prefix", &self.prefix)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}
