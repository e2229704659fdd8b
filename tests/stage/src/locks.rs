//! Where the keys and authorities are that a locked stack is reached with.

use std::path::PathBuf;

use tokio::process::Command;

/// Where keys and authorities are, as configuration and environment name them.
#[derive(Clone, Debug)]
pub struct Locks {
    /// Our keytab.
    pub keytab: PathBuf,
    /// Who we are in it.
    pub principal: String,
    /// Who has signed for Koji, Bodhi and what else is there.
    pub fedora: PathBuf,
    /// Who has signed for the broker, our certificate there, and its key.
    pub broker: [PathBuf; 3],
    /// The password of Redis, and who has signed for it.
    pub redis: [PathBuf; 2],
    /// Who has signed for PostgreSQL.
    pub database: PathBuf,
    /// What Kerberos reads to find the KDC.
    pub kerberos: PathBuf,
}

impl Locks {
    /// The environment of a program.
    pub fn surround(&self, command: &mut Command) {
        // Lists and the archive are asked for as browsers do: with the system's authorities.
        command.env("KRB5_CONFIG", &self.kerberos).env("SSL_CERT_FILE", &self.fedora);
    }
}
