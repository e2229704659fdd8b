//! Waiting for conditions, never for a time alone.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::Instant;

/// The limit of every wait.
pub const LIMIT: Duration = Duration::from_secs(30);
/// How often a condition is looked at.
const STEP: Duration = Duration::from_millis(10);

/// Waits until the condition holds.
///
/// # Errors
///
/// If it does not within [`LIMIT`], or looking fails.
pub async fn until(
    what: &str,
    holds: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut holds = holds;
    until_some(what, async || Ok(holds().await?.then_some(()))).await
}

/// Waits until there is something, and gives it.
///
/// # Errors
///
/// If there is nothing within [`LIMIT`], or looking fails.
pub async fn until_some<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let limit = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look().await.with_context(|| format!("waiting until {what}"))? {
            return Ok(found);
        }
        if Instant::now() > limit {
            bail!("after {LIMIT:?} it was still not so that {what}");
        }
        tokio::time::sleep(STEP).await;
    }
}
