//! Reading until when a credential is valid.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ebs_domain::time::Timestamp;
use serde::Deserialize;

use super::source::{Kind, Source};
use crate::{
    certificates::{self, CertificateFault},
    config::{SecretError, SecretText},
    token::{self, TokenFault},
};

/// A credential that cannot be read. Tells nothing of its content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialFault {
    /// The file of certificates cannot be read.
    #[error(transparent)]
    Certificates(#[from] CertificateFault),
    /// The tokens file cannot be read.
    #[error(transparent)]
    Tokens(#[from] TokenFault),
    /// The file of a secret cannot be read.
    #[error("{}: {}", .0.path, .0.kind)]
    Secret(#[from] SecretError),
}

/// Until when it is valid; nothing if it does not say.
pub(super) fn ends(source: &Source, now: Timestamp) -> Result<Option<Timestamp>, CredentialFault> {
    Ok(match source.kind {
        // A chain is as good as the first of it that ends.
        Kind::Certificate => certificates::ends(&source.path)?.into_iter().min(),
        // While an authority is replaced, its file holds the old one and the new.
        Kind::Authority => certificates::ends(&source.path)?.into_iter().max(),
        Kind::Tokens => token::read(&source.path)?.next_end(now),
        Kind::Bearer => claimed(SecretText::read(&source.path)?.expose()),
    })
}

/// What an access token says of its own end, if it is one that says anything: most are opaque.
///
/// **Source:** RFC 7519: three parts with dots between; the middle one is JSON, `exp` its end in seconds. Nothing is verified:
/// whoever takes the token does that.
fn claimed(token: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts.as_slice() else { return None };
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some(Timestamp::from_millis(claims.exp.saturating_mul(1000)))
}
