//! Why there is no ticket, by what the caller can do.

/// No ticket, or none that the other side takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KerberosError {
    /// Nobody could be asked: ask again after a pause.
    #[error("Kerberos is not available: {0}")]
    Unavailable(String),
    /// It is refused, or something here is not as it must be: an operator must act.
    #[error("Kerberos: {0}")]
    Refused(String),
}
