//! Where the server is, and how it is used. Does *not* read any file.

use std::{fmt, path::PathBuf, time::Duration};

use crate::config::{Redis, SecretText};

/// Where the Redis (or Valkey) server is, and how it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://host:port/db` or `rediss://…`, with or without a user name.
    pub url: String,
    /// The password, if it is not in the address.
    pub password: Option<String>,
    /// File with the one authority that is trusted, PEM; without one those of the system are. Read for each connection.
    pub authority: Option<PathBuf>,
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
            authority: None,
            prefix: "ebs".to_owned(),
            lease: Duration::from_secs(60),
        }
    }

    /// What the configuration says.
    #[must_use]
    pub fn of(redis: &Redis, lease: Duration) -> Self {
        Self {
            url: redis.url.to_string(),
            password: redis.password.as_ref().map(SecretText::expose).map(str::to_owned),
            authority: redis.authority_file.clone(),
            prefix: redis.prefix.clone(),
            lease,
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
