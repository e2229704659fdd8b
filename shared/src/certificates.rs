//! Files of certificates: until when each is valid. Verifies none: whoever connects does that.

use std::{fs, path::Path};

use ebs_domain::time::Timestamp;
use x509_parser::pem::Pem;

/// The longest file, in bytes.
const MAX_PEM_BYTES: u64 = 1024 * 1024;

/// A file of certificates that is missing, forbidden or too long, or holds none. Tells nothing of its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the certificates in {path}: {why}")]
pub struct CertificateFault {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub why: String,
}

/// Until when each certificate of a PEM file is valid, in their order; there is at least one.
///
/// # Errors
///
/// The file cannot be read, is longer than 1 MiB, or holds no certificate, or one that is none.
pub fn ends(path: &Path) -> Result<Vec<Timestamp>, CertificateFault> {
    let fault = |why: String| CertificateFault { path: path.display().to_string(), why };
    let size = fs::metadata(path).map_err(|error| fault(error.to_string()))?.len();
    if size > MAX_PEM_BYTES {
        return Err(fault("it is longer than 1 MiB".to_owned()));
    }
    let bytes = fs::read(path).map_err(|error| fault(error.to_string()))?;
    let mut ends = Vec::new();
    for pem in Pem::iter_from_buffer(&bytes) {
        let pem = pem.map_err(|error| fault(error.to_string()))?;
        if pem.label != "CERTIFICATE" {
            continue;
        }
        let certificate = pem.parse_x509().map_err(|error| fault(error.to_string()))?;
        let seconds = certificate.validity().not_after.timestamp();
        ends.push(Timestamp::from_millis(seconds.saturating_mul(1000)));
    }
    if ends.is_empty() { Err(fault("there is none".to_owned())) } else { Ok(ends) }
}

#[cfg(test)]
mod tests;
