//! Looking at credentials again and again: how near the end of each is, and what is to be said of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ebs_domain::time::Timestamp;
use prometheus::IntGaugeVec;
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    read,
    source::{Credential, Source},
};
use crate::{
    clock::Clock,
    kerberos::Kerberos,
    pulse::Pulse,
    telemetry::{Metrics, MetricsError},
};

/// How near the end is. The order is that of worry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// More than 30 days, or no end that is known.
    Fine,
    /// At most 30 days.
    Month,
    /// At most 7 days.
    Week,
    /// It is over.
    Over,
    /// Its file cannot be read.
    Unreadable,
}

/// How a credential stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Which.
    pub credential: Credential,
    /// How near its end is.
    pub stage: Stage,
    /// Until when it is valid, if that is known.
    pub ends: Option<Timestamp>,
    /// Why its file cannot be read.
    pub fault: Option<String>,
}

/// A day.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How often the files are read: one that was renewed is seen soon, and a warning comes on its day.
const EVERY: Duration = Duration::from_secs(60);

/// The longest round: the files may be on a slow disk.
const ROUND: Duration = Duration::from_secs(300);

/// How long credentials last, as a metric.
#[derive(Clone)]
pub struct CredentialMetrics {
    left: IntGaugeVec,
}

impl CredentialMetrics {
    /// Registers it.
    ///
    /// # Errors
    ///
    /// If the name is taken.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let help =
            "How long a certificate, ticket or token is still valid; below zero when it is over";
        let left = metrics.gauge("ebs_credential_left_seconds", help, &["credential"])?;
        Ok(Self { left })
    }
}

/// Looks at credentials again and again.
pub struct Vigil {
    sources: Arc<[Source]>,
    ticket: Option<Kerberos>,
    clock: Arc<dyn Clock>,
    left: IntGaugeVec,
    pulse: Pulse,
    told: BTreeMap<Credential, Stage>,
    shown: watch::Sender<Vec<Standing>>,
}

impl Vigil {
    /// Looks at these.
    #[must_use]
    pub fn new(sources: Vec<Source>, clock: Arc<dyn Clock>, metrics: CredentialMetrics) -> Self {
        Self {
            sources: sources.into(),
            ticket: None,
            clock,
            left: metrics.left,
            pulse: Pulse::new(ROUND),
            told: BTreeMap::new(),
            shown: watch::Sender::default(),
        }
    }

    /// And at our ticket, which each look renews if it is time to: so it is there when it is needed, and what hinders it is known
    /// before.
    #[must_use]
    pub fn with_ticket(self, ticket: Option<Kerberos>) -> Self {
        Self { ticket, ..self }
    }

    /// How they stand, as seen last.
    #[must_use]
    pub fn shown(&self) -> watch::Receiver<Vec<Standing>> {
        self.shown.subscribe()
    }

    /// Beats at each look.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Looks every minute, and says what has come nearer to its end.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            for standing in self.look().await {
                say(&standing, self.clock.now());
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Reads all files anew; what has reached a stage that it had not reached at the look before: each is told once.
    pub async fn look(&mut self) -> Vec<Standing> {
        let (sources, now) = (Arc::clone(&self.sources), self.clock.now());
        let all = move || sources.iter().map(|source| standing(source, now)).collect();
        // A reader that panicked has told nothing; the next look asks again.
        let mut standings: Vec<Standing> =
            tokio::task::spawn_blocking(all).await.unwrap_or_default();
        if let Some(ticket) = &self.ticket {
            standings.push(of_ticket(ticket, &*self.clock).await);
        }
        self.left.reset();
        let mut news = Vec::new();
        for standing in &standings {
            let Standing { credential, stage, ends, .. } = standing;
            if let Some(ends) = ends {
                self.left.with_label_values(&[credential.word()]).set(left(*ends, now));
            }
            let before = self.told.insert(*credential, *stage).unwrap_or(Stage::Fine);
            if *stage > before {
                news.push(standing.clone());
            }
        }
        self.shown.send_replace(standings);
        self.pulse.beat();
        news
    }
}

/// How long it lasts, in seconds; below zero when it is over.
#[must_use]
pub fn left(ends: Timestamp, now: Timestamp) -> i64 {
    (ends.millis() - now.millis()).div_euclid(1000)
}

fn standing(source: &Source, now: Timestamp) -> Standing {
    let credential = source.credential;
    match read::ends(source, now) {
        Ok(ends) => Standing { credential, stage: stage(ends, now), ends, fault: None },
        Err(fault) => {
            let fault = Some(fault.to_string());
            Standing { credential, stage: Stage::Unreadable, ends: None, fault }
        }
    }
}

/// A ticket lasts for hours: it is fine while there is one.
async fn of_ticket(ticket: &Kerberos, clock: &dyn Clock) -> Standing {
    let credential = Credential::KerberosTicket;
    match ticket.ends(clock).await {
        Ok(ends) => Standing { credential, stage: Stage::Fine, ends: Some(ends), fault: None },
        Err(fault) => {
            let fault = Some(fault.to_string());
            Standing { credential, stage: Stage::Unreadable, ends: None, fault }
        }
    }
}

fn stage(ends: Option<Timestamp>, now: Timestamp) -> Stage {
    match ends {
        Some(ends) if ends <= now => Stage::Over,
        Some(ends) if ends <= now + 7 * DAY => Stage::Week,
        Some(ends) if ends <= now + 30 * DAY => Stage::Month,
        Some(_) | None => Stage::Fine,
    }
}

fn say(standing: &Standing, now: Timestamp) {
    let Standing { credential, stage, ends, fault } = standing;
    let (credential, ends) = (credential.word(), ends.unwrap_or(now));
    let days = left(ends, now).div_euclid(24 * 3600);
    match stage {
        Stage::Fine => {}
        Stage::Month | Stage::Week => {
            tracing::warn!(credential, ends = %ends, left_days = days, "a credential ends soon: renew it");
        }
        Stage::Over => tracing::error!(credential, ends = %ends, "a credential has ended"),
        Stage::Unreadable => {
            let error = fault.as_deref().unwrap_or_default();
            tracing::warn!(credential, error, "a credential cannot be read");
        }
    }
}

#[cfg(test)]
mod tests;
