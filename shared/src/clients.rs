//! Clients made from the configuration. Does *not* connect: nothing is sent until the first call.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;

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

/// Why nobody logs in.
const SHADOW: &str = "shadow mode changes nothing, so it logs in nowhere";

/// Why nobody can log in at Koji.
const NO_WAY: &str = "no way to log in is configured: set `ebs.kerberos`, `ebs.koji.certificate_file` or `ebs.koji.password_file`";

/// Why nobody can log in at Bodhi.
const NO_TOKEN: &str = "set `ebs.kerberos` or `ebs.bodhi.token_file`";

/// What clients are made with.
#[derive(Clone)]
pub struct Means<'a> {
    /// What sends their requests, if nothing else is configured.
    pub exchange: &'a Arc<dyn Exchange>,
    /// Our ticket, if there is one.
    pub kerberos: Option<&'a Kerberos>,
}

impl Means<'_> {
    /// What sends to servers that this authority has signed, if there is one.
    #[must_use]
    pub fn trusting(&self, authority: Option<&PathBuf>) -> Arc<dyn Exchange> {
        match authority.cloned() {
            None => Arc::clone(self.exchange),
            authority => Arc::new(TlsExchange::new(TlsFiles { authority, identity: None })),
        }
    }
}

/// Our ticket, if the configuration wants one: one for all clients of the process. None in shadow mode, which logs in nowhere.
#[must_use]
pub fn kerberos(config: &StaticConfig) -> Option<Kerberos> {
    config.ebs.kerberos.clone().filter(|_| !config.shadow).map(Kerberos::new)
}

/// The client of the Koji hub.
#[must_use]
pub fn hub(means: &Means<'_>, config: &StaticConfig, metrics: KojiMetrics) -> HubClient {
    let ours = &config.ebs.koji;
    let limits =
        KojiLimits { call: ours.call_timeout, sessions: ours.sessions, ..KojiLimits::default() };
    let exchange = means.trusting(ours.authority_file.as_ref());
    HubClient::new(HubParts {
        transport: Arc::new(HttpTransport::new(exchange, &ours.hub_url, &limits)),
        login: hub_login(means, config, &limits),
        chance: Arc::new(System),
        limits,
        metrics: Some(metrics),
    })
}

/// The way to log in that is configured for Koji itself, else Kerberos.
fn hub_login(means: &Means<'_>, config: &StaticConfig, limits: &KojiLimits) -> Arc<dyn Login> {
    let ours = &config.ebs.koji;
    if config.shadow {
        return Arc::new(NoLogin { why: SHADOW });
    }
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
        None => Arc::new(NoLogin { why: NO_WAY }),
    }
}

/// The client of Bodhi.
#[must_use]
pub fn bodhi(means: &Means<'_>, config: &StaticConfig, metrics: BodhiMetrics) -> BodhiUpdates {
    let ours = config.ebs.bodhi.clone();
    let exchange = means.trusting(ours.authority_file.as_ref());
    let token: Arc<dyn TokenSource> = match (&ours.token_file, means.kerberos, &ours.idp_url) {
        _ if config.shadow => Arc::new(NoToken { why: SHADOW }),
        (Some(path), _, _) => Arc::new(FileToken::new(path.clone())),
        (None, Some(kerberos), Some(provider)) => {
            let (kerberos, exchange) = (kerberos.clone(), Arc::clone(&exchange));
            Arc::new(KerberosToken::new(kerberos, exchange, provider, ours.call_timeout))
        }
        (None, _, _) => Arc::new(NoToken { why: NO_TOKEN }),
    };
    BodhiUpdates::new(BodhiParts { exchange, config: ours, token, metrics: Some(metrics) })
}

/// Nobody logs in: looking works, posting says why it does not.
struct NoToken {
    why: &'static str,
}

#[async_trait]
impl TokenSource for NoToken {
    async fn token(&self, _refused: Option<&SecretText>) -> Result<SecretText, TokenError> {
        Err(TokenError::Missing(self.why.to_owned()))
    }
}
