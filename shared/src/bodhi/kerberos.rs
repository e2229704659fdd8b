//! Access tokens by Kerberos: one is kept in memory while it is valid, refreshed before it ends, and got anew if that is refused.
//! Nothing is written to disk, and nobody is asked.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use super::{
    provider::{Granted, Provider},
    token::{TokenError, TokenSource},
    visit::ProviderError,
};
use crate::{config::SecretText, exchange::Exchange, kerberos::Kerberos};

/// How long before its end a token is replaced. Source: bodhi-client.
const EARLY: Duration = Duration::from_secs(60);

/// Gives tokens for the ticket of our principal.
pub struct KerberosToken {
    provider: Provider,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: SecretText,
    refresh: Option<SecretText>,
    ends: Instant,
}

impl KerberosToken {
    /// From the identity provider at this address; none of its answers may take longer than `limit`.
    #[must_use]
    pub fn new(
        kerberos: Kerberos,
        exchange: Arc<dyn Exchange>,
        provider: &Url,
        limit: Duration,
    ) -> Self {
        let provider = Provider::new(kerberos, exchange, provider, limit);
        Self { provider, kept: Mutex::default() }
    }

    async fn granted(&self, refresh: Option<SecretText>) -> Result<Granted, ProviderError> {
        if let Some(refresh) = refresh {
            match self.provider.refresh(&refresh).await {
                Err(ProviderError::Refused(_)) => {}
                granted => return granted,
            }
        }
        self.provider.log_in().await
    }
}

impl fmt::Debug for KerberosToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KerberosToken")
    }
}

#[async_trait]
impl TokenSource for KerberosToken {
    async fn token(&self, refused: Option<&SecretText>) -> Result<SecretText, TokenError> {
        let mut kept = self.kept.lock().await;
        let mut refresh = None;
        if let Some(Kept { token, refresh: by, ends }) = kept.take() {
            if refused == Some(&token) {
                // Whoever refused it knows more of our groups than we: everything anew.
            } else if Instant::now() + EARLY < ends {
                *kept = Some(Kept { token: token.clone(), refresh: by, ends });
                return Ok(token);
            } else {
                refresh = by;
            }
        }
        let Granted { token, refresh, lives } = self.granted(refresh).await.map_err(told)?;
        *kept = Some(Kept { token: token.clone(), refresh, ends: Instant::now() + lives });
        Ok(token)
    }

    fn way_out(&self) -> &'static str {
        "the identity provider gives tokens that Bodhi does not take; is `ebs.bodhi.idp_url` the one that belongs to `ebs.bodhi.url`?"
    }
}

fn told(error: ProviderError) -> TokenError {
    match error {
        ProviderError::Unavailable(_) => TokenError::Unavailable(error.to_string()),
        ProviderError::Refused(_) => TokenError::Missing(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
