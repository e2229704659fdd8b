//! Logs in as coordinator and worker do, with a configuration of theirs, and does what each line of its input says: one answer
//! for each, as a line of JSON. For tests: Kerberos reads its environment, so it needs a process of its own.
//!
//! `koji`: who we are there, and a side tag made. `bodhi TAG NVR`: an update posted from a side tag. `ticket`: until when our
//! ticket is valid. `credentials`: how everything stands that ends, and what the metrics say.

use std::{io::Write as _, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use ebs_shared::{
    bodhi::{
        BodhiMetrics, BodhiUpdates,
        api::{NewUpdate, Updates as _},
    },
    clients::{self, Means},
    clock::System,
    config::load_static,
    credentials::{self, CredentialMetrics, Vigil},
    exchange::{Exchange, HttpExchange},
    kerberos::{self, Kerberos},
    koji::{api::Hub as _, client::HubClient, error::KojiError, metrics::KojiMetrics},
    telemetry::Metrics,
};
use serde_json::{Value, json};

struct Probe {
    hub: HubClient,
    bodhi: BodhiUpdates,
    ticket: Option<Kerberos>,
    vigil: Vigil,
    metrics: Metrics,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1).map(PathBuf::from).context("a configuration file")?;
    let config = load_static(&path)?.config;
    kerberos::settle(config.ebs.kerberos.as_ref())?;
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        anyhow::bail!("a TLS provider is installed already");
    }
    let exchange: Arc<dyn Exchange> = Arc::new(HttpExchange::new()?);
    let (metrics, ticket) = (Metrics::new()?, clients::kerberos(&config));
    let means = Means { exchange: &exchange, kerberos: ticket.as_ref() };
    let (hub, bodhi) = (
        clients::hub(&means, &config, KojiMetrics::register(&metrics)?),
        clients::bodhi(&means, &config, BodhiMetrics::register(&metrics)?),
    );
    let counted = CredentialMetrics::register(&metrics)?;
    let vigil = Vigil::new(credentials::of_worker(&config), Arc::new(System), counted)
        .with_ticket(ticket.clone());
    let mut probe = Probe { hub, bodhi, ticket, vigil, metrics };
    // Nothing else waits for this thread.
    for line in std::io::stdin().lines() {
        let answer = probe.answer(&line?).await?;
        writeln!(std::io::stdout(), "{answer}")?;
        std::io::stdout().flush()?;
    }
    Ok(())
}

impl Probe {
    async fn answer(&mut self, line: &str) -> anyhow::Result<Value> {
        let words: Vec<&str> = line.split(' ').collect();
        Ok(match words.as_slice() {
            ["koji"] => match self.koji().await {
                Ok((user, tag)) => json!({"user": user, "tag": tag}),
                Err(error) => {
                    json!({"error": error.kind.to_string(), "retry": error.retry().to_string()})
                }
            },
            ["bodhi", tag, nvr] => {
                let update = NewUpdate { from_tag: tag.parse()?, notes: "a test".to_owned() };
                match self.bodhi.create(&update, &[(*nvr).to_owned()]).await {
                    Ok(made) => json!({"alias": made.alias, "builds": made.builds}),
                    Err(error) => json!({"error": error.kind.to_string()}),
                }
            }
            ["ticket"] => match self.ticket.as_ref().context("no ticket")?.ends(&System).await {
                Ok(ends) => json!({"ends": ends.millis()}),
                Err(error) => json!({"error": error.to_string()}),
            },
            ["credentials"] => {
                self.vigil.look().await;
                json!({"standings": *self.vigil.shown().borrow(), "metrics": self.metrics.render()?})
            }
            _ => anyhow::bail!("unknown: {line}"),
        })
    }

    async fn koji(&self) -> Result<(String, String), KojiError> {
        let user = self.hub.whoami().await?;
        let base = "eln-build".parse().expect("it is the name of a tag");
        Ok((user.name, self.hub.create_side_tag(&base).await?.name.to_string()))
    }
}
