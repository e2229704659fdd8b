use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tempfile::TempDir;

use super::*;
use crate::{
    credentials::{Kind, of_coordinator},
    telemetry::Metrics,
};

/// Valid until these times, in ms.
const FIRST: (&str, i64) = (include_str!("../../certificates/tests/first.pem"), 1_830_445_488_000);
const SECOND: (&str, i64) =
    (include_str!("../../certificates/tests/second.pem"), 1_865_005_488_000);

const DAY_MS: i64 = 86_400_000;

/// A clock that is set.
struct Set(AtomicI64);

impl Clock for Set {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A vigil over files of its own.
struct Ground {
    folder: TempDir,
    clock: Arc<Set>,
    vigil: Vigil,
    metrics: Metrics,
}

impl Ground {
    fn new(sources: &[(Credential, Kind)]) -> Self {
        let folder = TempDir::new().unwrap();
        let (clock, metrics) = (Arc::new(Set(AtomicI64::new(0))), Metrics::new().unwrap());
        let source = |&(credential, kind): &(Credential, Kind)| {
            let path = folder.path().join(credential.word());
            Source { credential, kind, path }
        };
        let sources = sources.iter().map(source).collect();
        let counted = CredentialMetrics::register(&metrics).unwrap();
        let vigil = Vigil::new(sources, Arc::clone(&clock) as Arc<dyn Clock>, counted);
        Self { folder, clock, vigil, metrics }
    }

    fn path(&self, credential: Credential) -> PathBuf {
        self.folder.path().join(credential.word())
    }

    fn write(&self, credential: Credential, text: &str) {
        fs::write(self.path(credential), text).unwrap();
    }

    /// Looks at this time; what is news.
    async fn look(&mut self, now: i64) -> Vec<(Credential, Stage)> {
        self.clock.0.store(now, Ordering::Relaxed);
        let news = self.vigil.look().await;
        news.into_iter().map(|standing| (standing.credential, standing.stage)).collect()
    }

    fn metrics(&self) -> String {
        self.metrics.render().unwrap()
    }
}

#[tokio::test]
async fn a_certificate_is_told_of_once_at_thirty_days_once_at_seven_and_when_it_is_over() {
    let certificate = Credential::BusCertificate;
    let mut ground = Ground::new(&[(certificate, Kind::Certificate)]);
    ground.write(certificate, FIRST.0);
    let end = FIRST.1;
    let mut told = Vec::new();
    for days in (-2..=40).rev() {
        for (_, stage) in ground.look(end - days * DAY_MS).await {
            told.push((days, stage));
        }
    }
    assert_eq!(told, [(30, Stage::Month), (7, Stage::Week), (0, Stage::Over)]);
}

#[tokio::test]
async fn one_that_was_renewed_is_seen_at_the_next_look_and_told_of_anew() {
    let certificate = Credential::BusCertificate;
    let mut ground = Ground::new(&[(certificate, Kind::Certificate)]);
    ground.write(certificate, FIRST.0);
    assert_eq!(ground.look(FIRST.1 - DAY_MS).await, [(certificate, Stage::Week)]);
    ground.write(certificate, SECOND.0);
    assert_eq!(ground.look(FIRST.1 - DAY_MS).await, []);
    assert_eq!(ground.vigil.shown().borrow()[0].ends, Some(Timestamp::from_millis(SECOND.1)));
    assert_eq!(ground.look(SECOND.1 - 20 * DAY_MS).await, [(certificate, Stage::Month)]);
}

#[tokio::test]
async fn a_chain_ends_with_its_first_and_an_authority_with_its_last() {
    let (chain, authority) = (Credential::BusCertificate, Credential::BusAuthority);
    let mut ground = Ground::new(&[(chain, Kind::Certificate), (authority, Kind::Authority)]);
    let both = format!("{}{}", FIRST.0, SECOND.0);
    ground.write(chain, &both);
    ground.write(authority, &both);
    assert_eq!(ground.look(FIRST.1).await, [(chain, Stage::Over)]);
    let metrics = ground.metrics();
    let left = (SECOND.1 - FIRST.1) / 1000;
    assert!(metrics.contains("ebs_credential_left_seconds{credential=\"bus_certificate\"} 0"));
    let line = format!("ebs_credential_left_seconds{{credential=\"bus_authority\"}} {left}");
    assert!(metrics.contains(&line), "{metrics}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_of_once() {
    let authority = Credential::RedisAuthority;
    let mut ground = Ground::new(&[(authority, Kind::Authority)]);
    assert_eq!(ground.look(0).await, [(authority, Stage::Unreadable)]);
    assert_eq!(ground.look(0).await, []);
    let fault = ground.vigil.shown().borrow()[0].fault.clone().unwrap();
    assert!(fault.contains("redis_authority"), "{fault}");
    assert!(!ground.metrics().contains("redis_authority"), "there is no number to show");
    ground.write(authority, FIRST.0);
    assert_eq!(ground.look(0).await, []);
    fs::remove_file(ground.path(authority)).unwrap();
    assert_eq!(ground.look(0).await, [(authority, Stage::Unreadable)]);
}

#[tokio::test]
async fn of_the_tokens_the_one_that_ends_next_counts() {
    let token = Credential::ApiToken;
    let mut ground = Ground::new(&[(token, Kind::Tokens)]);
    let hash = "ab".repeat(32);
    let lines = [("old", "2027-01-01"), ("next", "2027-03-01"), ("late", "2028-01-01")];
    let line = |(name, day): &(&str, &str)| format!("{name} read {hash} {day}\n");
    let text: String = lines.iter().map(line).collect();
    ground.write(token, &format!("{text}ever operate {hash}\n"));
    // 2027-02-10, and the days until the end of the first of March.
    let now = 1_802_217_600_000;
    assert_eq!(ground.look(now).await, [(token, Stage::Month)]);
    assert_eq!(
        ground.vigil.shown().borrow()[0].ends,
        Some(Timestamp::from_millis(now + 20 * DAY_MS))
    );
    ground.write(token, &format!("ever operate {hash}\n"));
    assert_eq!(ground.look(now).await, []);
    assert_eq!(ground.vigil.shown().borrow()[0].ends, None);
}

#[tokio::test]
async fn an_access_token_is_known_to_end_if_it_says_so() {
    let token = Credential::BodhiToken;
    let mut ground = Ground::new(&[(token, Kind::Bearer)]);
    let end = 1_802_217_600;
    let claims = URL_SAFE_NO_PAD.encode(format!("{{\"sub\":\"ebs\",\"exp\":{end}}}"));
    ground.write(token, &format!("eyJhbGciOiJub25lIn0.{claims}.c2ln\n"));
    assert_eq!(ground.look(end * 1000 - DAY_MS).await, [(token, Stage::Week)]);
    for opaque in ["sim-token-ebs", "a.b.c", "..", "a.e30.c"] {
        ground.write(token, opaque);
        assert_eq!(ground.look(end * 1000).await, [], "{opaque}");
        assert_eq!(ground.vigil.shown().borrow()[0].ends, None, "{opaque}");
    }
}

#[test]
fn the_parameters_of_a_database_s_url_are_credentials_too() {
    let text = include_str!("tests/static.yaml");
    let config = crate::config::parse_static("static.yaml", text).unwrap().config;
    let found: Vec<(Credential, Kind, PathBuf)> = of_coordinator(&config, None)
        .into_iter()
        .map(|source| (source.credential, source.kind, source.path))
        .collect();
    let path = |text: &str| Path::new(text).to_owned();
    assert_eq!(
        found,
        [
            (Credential::DatabaseAuthority, Kind::Authority, path("/etc/ebs/ca.pem")),
            (Credential::DatabaseCertificate, Kind::Certificate, path("/etc/ebs/client.pem")),
        ]
    );
}
