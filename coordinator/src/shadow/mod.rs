//! Shadow mode: everything is decided and shown, nothing outside is changed, and what would have been built is compared with what
//! another service has built. It never logs in anywhere, so it cannot change anything either.

mod gauges;
mod look;
mod report;
mod run;

use std::time::Duration;

use anyhow::{Context as _, bail};
use ebs_shared::config::StaticConfig;

pub use gauges::ShadowGauges;
pub use look::ShadowLook;
pub use report::{BEGAN, MAX_TOLD, Report, SHADOW, Told, VERSION};
pub use run::{SHADOW_SILENT, ShadowRun};

use crate::store::{BatchRow, Store};

/// Whom it compares with, and how.
#[derive(Clone, Debug)]
pub struct ShadowSettings {
    /// The Koji account of the other service.
    pub account: String,
    /// How long either may take.
    pub patience: Duration,
    /// How often it is compared.
    pub interval: Duration,
}

impl ShadowSettings {
    /// Those of the configuration, if it is to run in shadow mode.
    ///
    /// # Errors
    ///
    /// It is not said whom it compares with.
    pub fn of(config: &StaticConfig) -> anyhow::Result<Option<Self>> {
        if !config.shadow {
            return Ok(None);
        }
        let shadow = &config.ebs.shadow;
        let account = shadow.account.as_ref().or(config.koji.username.as_ref());
        let account = account.context(
            "--shadow: whose builds are compared? Name the other service's Koji account in `ebs.shadow.account`",
        )?;
        Ok(Some(Self {
            account: account.clone(),
            patience: shadow.patience,
            interval: shadow.interval,
        }))
    }
}

/// Whether a batch is a shadow's; an empty one can be either's.
fn is_of_shadow(row: &BatchRow) -> Option<bool> {
    let state: serde_json::Value = serde_json::from_str(&row.state).unwrap_or_default();
    (row.phase != "empty").then(|| state["plan"]["shadow"] == true)
}

/// How many batches are looked at to tell whose database it is.
const LOOKED_AT: u32 = 100;

/// Refuses a database of the other kind: a shadow answers triggers that nobody builds then, and cannot go on with what builds.
///
/// # Errors
///
/// It is of the other kind, or does not answer.
pub async fn must_fit(store: &dyn Store, shadow: bool) -> anyhow::Result<()> {
    let mut rows = store.recent_batches(LOOKED_AT).await?;
    rows.extend(store.lingering_batches().await?);
    rows.extend(store.open_batch().await?);
    if shadow && let Some(row) = rows.iter().find(|row| is_of_shadow(row) == Some(false)) {
        bail!(
            "--shadow: this database belongs to a service that builds (batch {}): name another one in `ebs.database`",
            row.id
        );
    }
    if !shadow && let Some(row) = rows.iter().find(|row| is_of_shadow(row) == Some(true)) {
        bail!(
            "this database was filled in shadow mode (batch {}), and says of triggers that they are answered: name another one in \
             `ebs.database`, or start with --shadow",
            row.id
        );
    }
    Ok(())
}
