//! The service with a full queue: its coordinator, started while the messages wait, on PostgreSQL.

use std::path::Path;

use anyhow::Context;
use ebs_integration::ports::free_port;
use serde_json::json;

use super::drain::{Drained, Full};
use crate::{
    config::{self, Tempo},
    scenario::{Cast, Scenario},
    status::Pages,
    troupe::{Cue, Troupe},
};

/// How many packages the messages that matter are about.
const PACKAGES: usize = 200;

/// Times that differ from those of a scenario, in ms: no batch is formed while it is measured.
const TIMERS: &[(&str, u64)] =
    &[("lull", 600_000), ("max_lull", 600_000), ("archive_interval", 60_000)];

/// The instance that is measured.
const INSTANCE: &str = "coordinator";

/// Measures one run.
///
/// # Errors
///
/// Something does not start, or nothing is taken.
pub(super) async fn measure(
    messages: u32,
    prefetch: u16,
    folder: &Path,
) -> anyhow::Result<Drained> {
    let scenario = Scenario::named("clean")?;
    let cast = Cast::new(&scenario, PACKAGES)?;
    let dynamic = config::write_dynamic(folder, &cast)?;
    let script = json!({
        "seed": 1, "build_messages": false,
        "bodhi": { "lists": { config::LIST: config::listed(&scenario, &cast) } },
    });
    let cue = Cue {
        folder,
        dynamic: &dynamic,
        script: &script,
        port: free_port()?,
        workers: Some(1),
        scratch: false,
        drafts: true,
        batch_size: cast.batch_size,
        tempo: Tempo { timers: TIMERS.iter().copied().collect(), ..Tempo::default() },
        max_open_builds: None,
        prefetch: Some(prefetch),
        tagged_before: &[],
        proxied: false,
        secure: false,
        listens: true,
        disk: None,
    };
    let pages = Pages::new()?;
    let mut troupe = Troupe::start(&cue, &pages).await?;
    let measured = perform(messages, &mut troupe, &cue, &cast, &pages).await;
    troupe.stop().await;
    measured
}

async fn perform(
    messages: u32,
    troupe: &mut Troupe,
    cue: &Cue<'_>,
    cast: &Cast,
    pages: &Pages,
) -> anyhow::Result<Drained> {
    // They have made the schema and the queue.
    for name in ["standby", INSTANCE] {
        troupe.take_coordinator(name).context("it was started")?.terminate().await?;
    }
    let packages: Vec<&str> = cast.parts.iter().map(|part| part.upstream.as_str()).collect();
    let broker = troupe.broker.as_ref().context("there is a broker")?.url();
    let full = Full::with(messages, &broker, &troupe.fedora.url, &packages).await?;
    troupe.start_coordinator(cue, INSTANCE, cue.port)?;
    let coordinator = troupe.take_coordinator(INSTANCE).context("it was just started")?;
    let stored = async || {
        let status = pages.status(cue.port).await?.unwrap_or_default();
        Ok(status.triggers_by_answer.values().sum())
    };
    full.drained(coordinator, stored).await
}
