//! Kerberos: a ticket out of a keytab, in this process, and what HTTP's Negotiate says with it. Asks nobody, starts no
//! program, writes no file. Does *not* know Koji or Bodhi.

#[cfg(not(feature = "gssapi"))]
mod absent;
mod environment;
mod error;
#[cfg(feature = "gssapi")]
mod gssapi;
mod header;
mod ticket;
#[cfg(feature = "gssapi")]
mod trouble;

#[cfg(not(feature = "gssapi"))]
use absent as library;
#[cfg(feature = "gssapi")]
use gssapi as library;

pub use environment::{EnvironmentError, settle};
pub use error::KerberosError;
pub(crate) use ticket::Service;
pub use ticket::{Asked, Kerberos};
