//! Clients made from the configuration. Does *not* connect: nothing is sent until the first call.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    bodhi::{BodhiMetrics, BodhiParts, BodhiUpdates, FileToken, TokenError, TokenSource},
    clock::System,
    config::{SecretText, StaticConfig},
    exchange::Exchange,
    koji::{
        HubParts, client::HubClient, limits::KojiLimits, login::PasswordLogin,
        metrics::KojiMetrics, transport::HttpTransport,
    },
};

/// The client of the Koji hub.
#[must_use]
pub fn hub(exchange: &Arc<dyn Exchange>, config: &StaticConfig, metrics: KojiMetrics) -> HubClient {
    let ours = &config.ebs.koji;
    let limits =
        KojiLimits { call: ours.call_timeout, sessions: ours.sessions, ..KojiLimits::default() };
    let user = ours.user.as_ref().or(config.koji.username.as_ref()).cloned().unwrap_or_default();
    let password = ours.password.as_ref().map(SecretText::expose).unwrap_or_default();
    HubClient::new(HubParts {
        transport: Arc::new(HttpTransport::new(Arc::clone(exchange), &ours.hub_url, &limits)),
        login: Arc::new(PasswordLogin::new(user, password)),
        chance: Arc::new(System),
        limits,
        metrics: Some(metrics),
    })
}

/// The client of Bodhi.
#[must_use]
pub fn bodhi(
    exchange: &Arc<dyn Exchange>,
    config: &StaticConfig,
    metrics: BodhiMetrics,
) -> BodhiUpdates {
    let ours = config.ebs.bodhi.clone();
    let token: Arc<dyn TokenSource> = match &ours.token_file {
        Some(path) => Arc::new(FileToken::new(path.clone())),
        None => Arc::new(NoToken),
    };
    let (exchange, metrics) = (Arc::clone(exchange), Some(metrics));
    BodhiUpdates::new(BodhiParts { exchange, config: ours, token, metrics })
}

/// No way to log in is configured: looking works, posting says what is missing.
struct NoToken;

#[async_trait]
impl TokenSource for NoToken {
    async fn token(&self, _refused: Option<&SecretText>) -> Result<SecretText, TokenError> {
        Err(TokenError { what: "set `ebs.bodhi.token_file`".to_owned() })
    }
}
