//! What expires: certificates, tokens and our Kerberos ticket, until when each is valid, and being told of it in time. Renews
//! nothing but the ticket, and never shows what is in a file.

mod read;
mod source;
mod sources;
mod vigil;

pub use read::CredentialFault;
pub use source::{Credential, Kind, Source};
pub use sources::{of_coordinator, of_worker};
pub use vigil::{CredentialMetrics, Stage, Standing, Vigil, left};
