//! What stands for the library in a program that was built without it. The configuration is refused before anything here is
//! asked.

use std::time::Duration;

use super::error::KerberosError;
use crate::config::Kerberos as Settings;

/// Nothing can be begun.
#[derive(Debug)]
pub(super) enum Context {}

/// What is missing.
fn missing() -> KerberosError {
    KerberosError::Refused(crate::config::NO_KERBEROS.to_owned())
}

/// There is no ticket.
pub(super) fn ticket(_settings: &Settings) -> Result<Duration, KerberosError> {
    Err(missing())
}

/// Nothing is begun.
pub(super) fn begin(
    _settings: &Settings,
    _host: &str,
) -> Result<(Vec<u8>, Context), KerberosError> {
    Err(missing())
}

impl Context {
    /// Nobody answers what was not begun.
    pub(super) fn answered(&mut self, _token: &[u8], _host: &str) -> Result<(), KerberosError> {
        match *self {}
    }
}
