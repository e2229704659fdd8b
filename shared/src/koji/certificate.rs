//! Logging in by a client certificate, which the hub's web server checks while the connection is made.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use http::StatusCode;
use url::Url;

use super::{
    error::KojiErrorKind,
    limits::KojiLimits,
    login::{Credentials, Login, Renewal, read_login, ssl_login},
    transport::{Door, HttpTransport, Post, Transport},
    xmlrpc::write_call,
};
use crate::exchange::Exchange;

/// Logs in over connections that show our certificate. All other calls go without it: the session is enough for them.
#[derive(Clone)]
pub struct CertificateLogin {
    transport: HttpTransport,
}

impl CertificateLogin {
    /// Logs in to the hub at this address, over an exchange that shows the certificate.
    #[must_use]
    pub fn new(showing: Arc<dyn Exchange>, hub: &Url, limits: &KojiLimits) -> Self {
        Self { transport: HttpTransport::new(showing, hub, limits) }
    }
}

impl fmt::Debug for CertificateLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateLogin")
    }
}

#[async_trait]
impl Login for CertificateLogin {
    async fn log_in(
        &self,
        _without: &dyn Transport,
        renew: Option<Renewal>,
        limit: Duration,
    ) -> Result<Credentials, KojiErrorKind> {
        let (call, headers) = ssl_login(renew);
        let post = Post { door: Door::SslLogin, headers, body: write_call(&call).into(), limit };
        let answer = self.transport.post(post).await;
        let refused = |status| matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        match answer {
            Ok(reply) if refused(reply.status) => Err(KojiErrorKind::Login(format!(
                "http status {}: the web server has not taken our certificate; it must ask for it when the connection is made \
                 (`SSLVerifyClient optional` for the whole host, not for the path alone)",
                reply.status.as_u16()
            ))),
            other => read_login(other),
        }
    }
}
