//! When it is compared: at the beginning of a term, and each interval, while this process leads.

use std::time::Duration;

use ebs_domain::time::Timestamp;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    gauges::ShadowGauges,
    look::{ShadowLook, kinds},
    report::{BEGAN, Report, SHADOW},
};
use crate::{driver::Handle, web::Reporter};

/// The longest that one look takes: pages of tasks from Koji, and the store.
const LIMIT: Duration = Duration::from_secs(600);

/// How long the loop may be silent beyond its interval.
pub const SHADOW_SILENT: Duration = LIMIT.saturating_add(Duration::from_secs(60));

/// Compares again and again.
pub struct ShadowRun {
    /// How it looks.
    pub look: ShadowLook,
    /// The one door.
    pub driver: Handle,
    /// Shown what was found.
    pub gauges: ShadowGauges,
    /// How it is.
    pub health: Reporter,
}

impl ShadowRun {
    /// Runs until the term is over.
    pub async fn run(self, over: CancellationToken) {
        loop {
            let round = async {
                match self.round().await {
                    Ok(()) => self.health.well(),
                    Err(error) => {
                        let error = format!("{error:#}");
                        tracing::warn!(error, "not compared with the other service");
                        self.health.ill(error);
                    }
                }
                sleep(self.look.settings.interval).await;
            };
            tokio::select! {
                biased;
                () = over.cancelled() => return,
                () = round => {}
            }
        }
    }

    async fn round(&self) -> anyhow::Result<()> {
        let (store, settings) = (&*self.look.store, &self.look.settings);
        let now = self.look.clock.now();
        let began = store.mark(BEGAN).await?.and_then(|text| text.parse().ok());
        let began = began.map_or(now, Timestamp::from_millis);
        let before = Report::read(store).await?;
        let before = before.filter(|report| report.account == settings.account);
        let before = before.unwrap_or_else(|| Report::new(&settings.account, began));
        let looked = timeout(LIMIT, self.look.once(began)).await;
        let looked = looked
            .unwrap_or_else(|_| Err(anyhow::anyhow!("not compared within {} s", LIMIT.as_secs())));
        let report = match looked {
            Ok((compared, told)) => {
                tracing::info!(
                    agreed = compared.agreed,
                    waiting = compared.waiting,
                    overtaken = compared.overtaken,
                    different = ?kinds(&compared),
                    "compared with the other service"
                );
                let report = before.of(now, &compared, told);
                let kinds: Vec<_> =
                    compared.differences.iter().map(|difference| difference.kind).collect();
                self.gauges.show(&report, &kinds);
                report
            }
            Err(error) => Report { fault: Some(format!("{error:#}")), ..before },
        };
        let marks = vec![
            (BEGAN.to_owned(), began.millis().to_string()),
            (SHADOW.to_owned(), serde_json::to_string(&report)?),
        ];
        self.driver.store(Vec::new(), Vec::new(), marks).await?;
        report.fault.map_or(Ok(()), |fault| Err(anyhow::anyhow!(fault)))
    }
}
