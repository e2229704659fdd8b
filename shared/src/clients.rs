//! Clients made from the configuration. Does *not* connect: nothing is sent until the first call.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use prometheus::Registry;

use crate::{
    bodhi::{
        BodhiMetrics, BodhiParts, BodhiUpdates, FileToken, KerberosToken, TokenError, TokenSource,
    },
    clock::System,
    config::{SecretText, StaticConfig},
    exchange::Exchange,
    kerberos::Kerberos,
    koji::{
        CertificateLogin, HubParts, KerberosLogin,
        client::HubClient,
        limits::KojiLimits,
        login::{Login, NoLogin, PasswordLogin},
        metrics::KojiMetrics,
        transport::HttpTransport,
    },
    tls::{TlsExchange, TlsFiles},
};

/// What clients are made with.
#[derive(Clone)]
pub struct Means<'a> {
    /// What sends their requests, if nothing else is configured.
    pub exchange: &'a Arc<dyn Exchange>,
    /// Our ticket, if there is one.
    pub kerberos: Option<&'a Kerberos>,
    /// Where their counters go.
    pub registry: &'a Registry,
}

impl Means<'_> {
    /// What sends to servers that this authority has signed, if there is one.
    fn trusting(&self, authority: Option<&PathBuf>) -> Arc<dyn Exchange> {
        match authority.cloned() {
            None => Arc::clone(self.exchange),
            authority => Arc::new(TlsExchange::new(TlsFiles { authority, identity: None })),
        }
    }
}

/// Our ticket, if the configuration wants one: one for all clients of the process.
#[must_use]
pub fn kerberos(config: &StaticConfig) -> Option<Kerberos> {
    config.ebs.kerberos.clone().map(Kerberos::new)
}

/// The client of the Koji hub.
///
/// # Errors
///
/// If its metrics are registered already.
pub fn hub(means: &Means<'_>, config: &StaticConfig) -> Result<HubClient, prometheus::Error> {
    let ours = &config.ebs.koji;
    let limits =
        KojiLimits { call: ours.call_timeout, sessions: ours.sessions, ..KojiLimits::default() };
    let exchange = means.trusting(ours.authority_file.as_ref());
    Ok(HubClient::new(HubParts {
        transport: Arc::new(HttpTransport::new(exchange, &ours.hub_url, &limits)),
        login: hub_login(means, config, &limits),
        chance: Arc::new(System),
        limits,
        metrics: Some(KojiMetrics::register(means.registry)?),
    }))
}

/// The way to log in that is configured for Koji itself, else Kerberos.
fn hub_login(means: &Means<'_>, config: &StaticConfig, limits: &KojiLimits) -> Arc<dyn Login> {
    let ours = &config.ebs.koji;
    if let Some(identity) = &ours.certificate {
        let files =
            TlsFiles { authority: ours.authority_file.clone(), identity: Some(identity.clone()) };
        let showing = Arc::new(TlsExchange::new(files));
        return Arc::new(CertificateLogin::new(showing, &ours.hub_url, limits));
    }
    if let Some(password) = &ours.password {
        let user =
            ours.user.as_ref().or(config.koji.username.as_ref()).cloned().unwrap_or_default();
        return Arc::new(PasswordLogin::new(user, password.expose()));
    }
    match means.kerberos {
        Some(kerberos) => Arc::new(KerberosLogin::new(kerberos.clone(), &ours.hub_url)),
        None => Arc::new(NoLogin),
    }
}

/// The client of Bodhi.
///
/// # Errors
///
/// If its metrics are registered already.
pub fn bodhi(means: &Means<'_>, config: &StaticConfig) -> Result<BodhiUpdates, prometheus::Error> {
    let ours = config.ebs.bodhi.clone();
    let exchange = means.trusting(ours.authority_file.as_ref());
    let token: Arc<dyn TokenSource> = match (&ours.token_file, means.kerberos, &ours.idp_url) {
        (Some(path), _, _) => Arc::new(FileToken::new(path.clone())),
        (None, Some(kerberos), Some(provider)) => {
            let (kerberos, exchange) = (kerberos.clone(), Arc::clone(&exchange));
            Arc::new(KerberosToken::new(kerberos, exchange, provider, ours.call_timeout))
        }
        (None, _, _) => Arc::new(NoToken),
    };
    let metrics = Some(BodhiMetrics::register(means.registry)?);
    Ok(BodhiUpdates::new(BodhiParts { exchange, config: ours, token, metrics }))
}

/// No way to log in is configured: looking works, posting says what is missing.
struct NoToken;

#[async_trait]
impl TokenSource for NoToken {
    async fn token(&self, _refused: Option<&SecretText>) -> Result<SecretText, TokenError> {
        let text = "set `ebs.kerberos` or `ebs.bodhi.token_file`";
        Err(TokenError::Missing(text.to_owned()))
    }
}
