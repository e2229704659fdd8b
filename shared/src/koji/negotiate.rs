//! Logging in by Kerberos: the hub's web server negotiates, and tells the hub who we are.

use std::time::Duration;

use async_trait::async_trait;
use http::{StatusCode, header};
use tokio::time::Instant;
use url::Url;

use super::{
    error::KojiErrorKind,
    login::{Credentials, Login, Renewal, read_login, ssl_login},
    transport::{Door, Post, Transport},
    xmlrpc::write_call,
};
use crate::{
    exchange::{NoReply, Reply},
    kerberos::{Kerberos, KerberosError, Service},
};

/// Logs in with the ticket of our principal. Source: `gssapi_login` of the reference client.
#[derive(Clone, Debug)]
pub struct KerberosLogin {
    kerberos: Kerberos,
    service: Service,
}

impl KerberosLogin {
    /// Logs in to the hub at this address.
    #[must_use]
    pub fn new(kerberos: Kerberos, hub: &Url) -> Self {
        Self { kerberos, service: Service::of(hub) }
    }
}

#[async_trait]
impl Login for KerberosLogin {
    async fn log_in(
        &self,
        transport: &dyn Transport,
        renew: Option<Renewal>,
        limit: Duration,
    ) -> Result<Credentials, KojiErrorKind> {
        let until = Instant::now() + limit;
        let (call, headers) = ssl_login(renew);
        let mut post =
            Post { door: Door::SslLogin, headers, body: write_call(&call).into(), limit };
        let answer = transport.post(post.clone()).await;
        let offer = match answer {
            Ok(Reply { status: StatusCode::UNAUTHORIZED, headers, .. }) => headers,
            other => return read_login(other),
        };
        let asked = self.kerberos.ask(&self.service, &offer).await.map_err(told)?;
        post.headers.insert(header::AUTHORIZATION, asked.header.clone());
        post.limit = until.saturating_duration_since(Instant::now());
        let answer: Result<Reply, NoReply> = transport.post(post).await;
        if let Ok(reply) = &answer {
            match reply.status {
                StatusCode::UNAUTHORIZED => return Err(told(asked.refused(&reply.headers).await)),
                StatusCode::OK => asked.accepted(&reply.headers).await.map_err(told)?,
                _ => {}
            }
        }
        read_login(answer)
    }
}

fn told(error: KerberosError) -> KojiErrorKind {
    match error {
        KerberosError::Unavailable(_) => KojiErrorKind::Unavailable(error.to_string()),
        KerberosError::Refused(_) => KojiErrorKind::Login(error.to_string()),
    }
}
