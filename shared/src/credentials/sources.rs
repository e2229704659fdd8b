//! Which credentials a program has, by its configuration. Reads none of them.

use std::path::PathBuf;

use url::Url;

use super::source::{Credential, Kind, Source};
use crate::{bus::config::BusConfig, config::StaticConfig};

/// Those of a coordinator; `bus` is the file that the configuration names, if it is listened to.
#[must_use]
pub fn of_coordinator(config: &StaticConfig, bus: Option<&BusConfig>) -> Vec<Source> {
    let (database, http) = (&config.ebs.database, &config.ebs.http);
    let login = config.ebs.login.as_ref().and_then(|login| login.authority_file.clone());
    let (authority, certificate) = of_url(&database.url);
    let tls = bus.map(|bus| &bus.tls);
    let certificates = [
        (Credential::BusAuthority, Kind::Authority, tls.and_then(|tls| tls.ca.clone())),
        (
            Credential::BusCertificate,
            Kind::Certificate,
            tls.and_then(|tls| Some(tls.client.as_ref()?.0.clone())),
        ),
        (
            Credential::DatabaseAuthority,
            Kind::Authority,
            database.authority_file.clone().or(authority),
        ),
        (Credential::DatabaseCertificate, Kind::Certificate, certificate),
        (Credential::LoginAuthority, Kind::Authority, login),
        (Credential::ApiToken, Kind::Tokens, http.tokens_file.clone()),
    ];
    given(certificates).chain(of_worker(config)).collect()
}

/// Those of a worker.
#[must_use]
pub fn of_worker(config: &StaticConfig) -> Vec<Source> {
    let redis = config.ebs.redis.as_ref().and_then(|redis| redis.authority_file.clone());
    let token = config.ebs.bodhi.token_file.clone();
    let koji = &config.ebs.koji;
    let certificate = koji.certificate.as_ref().map(|ours| ours.certificate.clone());
    let bodhi = config.ebs.bodhi.authority_file.clone();
    given([
        (Credential::BodhiAuthority, Kind::Authority, bodhi),
        (Credential::KojiAuthority, Kind::Authority, koji.authority_file.clone()),
        (Credential::KojiCertificate, Kind::Certificate, certificate),
        (Credential::RedisAuthority, Kind::Authority, redis),
        (Credential::BodhiToken, Kind::Bearer, token),
    ])
    .collect()
}

fn given(
    sources: impl IntoIterator<Item = (Credential, Kind, Option<PathBuf>)>,
) -> impl Iterator<Item = Source> {
    let given = |(credential, kind, path): (_, _, Option<PathBuf>)| {
        Some(Source { credential, kind, path: path? })
    };
    sources.into_iter().filter_map(given)
}

/// The authority and the certificate that the URL of a database names.
///
/// **Source:** libpq's parameters `sslrootcert` and `sslcert`.
fn of_url(url: &str) -> (Option<PathBuf>, Option<PathBuf>) {
    let Ok(url) = Url::parse(url) else { return (None, None) };
    let named = |key: &str| {
        let found = url.query_pairs().find(|(name, _)| name == key);
        found.map(|(_, path)| PathBuf::from(path.into_owned()))
    };
    (named("sslrootcert"), named("sslcert"))
}
