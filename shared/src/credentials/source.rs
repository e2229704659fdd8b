//! What a credential is, and where it stands. Reads nothing.

use std::path::PathBuf;

use serde::Serialize;

/// A credential. The words are labels of a metric: a small fixed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// Of the people's tokens that have an end, the one that ends first.
    ApiToken,
    /// The authority of Bodhi and its identity provider.
    BodhiAuthority,
    /// The access token of Bodhi, if it says when it ends.
    BodhiToken,
    /// The broker's authority.
    BusAuthority,
    /// Our certificate at the broker.
    BusCertificate,
    /// The database's authority.
    DatabaseAuthority,
    /// Our certificate at the database.
    DatabaseCertificate,
    /// Our ticket out of the keytab. It is renewed by itself, so its end is hours away.
    KerberosTicket,
    /// The authority of Koji.
    KojiAuthority,
    /// Our certificate at Koji.
    KojiCertificate,
    /// The authority of the provider where people log in.
    LoginAuthority,
    /// The authority of Redis.
    RedisAuthority,
}

impl Credential {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ApiToken => "api_token",
            Self::BodhiAuthority => "bodhi_authority",
            Self::BodhiToken => "bodhi_token",
            Self::BusAuthority => "bus_authority",
            Self::BusCertificate => "bus_certificate",
            Self::DatabaseAuthority => "database_authority",
            Self::DatabaseCertificate => "database_certificate",
            Self::KerberosTicket => "kerberos_ticket",
            Self::KojiAuthority => "koji_authority",
            Self::KojiCertificate => "koji_certificate",
            Self::LoginAuthority => "login_authority",
            Self::RedisAuthority => "redis_authority",
        }
    }
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A certificate of ours, with what it was signed by: valid until the first of them ends.
    Certificate,
    /// Authorities that are trusted: valid until the last of them ends.
    Authority,
    /// The tokens of people.
    Tokens,
    /// An access token.
    Bearer,
}

/// A file that holds a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Which.
    pub credential: Credential,
    /// What it holds.
    pub kind: Kind,
    /// Where it is.
    pub path: PathBuf,
}
