//! The program: a campaign until it is done or a signal comes, its figures, and no folder left behind if all went well.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use ebs_stage::child::say;
use tokio::{
    select,
    signal::unix::{SignalKind, signal},
};

use crate::{campaign, options::Options, verdict::Figures};

/// Plays a campaign; whether everything held. Configuration and logs stay for who asked for a folder, and if something did not.
///
/// # Errors
///
/// Something does not start, or a fault cannot be done.
pub async fn program(options: &Options) -> anyhow::Result<bool> {
    let folder = folder(options)?;
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let ended = perform(options, &folder).await;
    let failed = match &ended {
        Ok(Some(figures)) => !figures.mismatches.is_empty(),
        Ok(None) => false,
        Err(_) => true,
    };
    if failed || options.run_folder.is_some() {
        say(&format!("configuration and logs are in {}", folder.display()));
    } else {
        let removed = std::fs::remove_dir_all(&folder);
        removed.with_context(|| format!("remove {}", folder.display()))?;
    }
    let Some(figures) = ended? else { return Ok(false) };
    tell(&figures)?;
    Ok(!failed)
}

fn folder(options: &Options) -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("find the current folder")?;
    Ok(match &options.run_folder {
        Some(folder) => here.join(folder),
        None => here.join(".run").join(format!("chaos-{}", std::process::id())),
    })
}

/// Until it is done, or SIGINT, SIGTERM or SIGHUP comes: then all that was started ends with its drop, and there are no figures.
async fn perform(options: &Options, folder: &Path) -> anyhow::Result<Option<Figures>> {
    let (mut terminate, mut interrupt, mut hangup) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::hangup())?,
    );
    select! {
        biased;
        _ = terminate.recv() => Ok(None),
        _ = interrupt.recv() => Ok(None),
        _ = hangup.recv() => Ok(None),
        figures = campaign::run(options, folder) => figures.map(Some),
    }
}

/// What came of it: for people, and as the last line one JSON object.
fn tell(figures: &Figures) -> anyhow::Result<()> {
    for line in &figures.left_out {
        say(&format!("left out: {line}"));
    }
    if !figures.mismatches.is_empty() {
        say(&format!("seed {}, what happened:\n{}", figures.seed, figures.plan.join("\n")));
    }
    for line in &figures.mismatches {
        say(&format!("mismatch: {line}"));
    }
    writeln!(std::io::stdout(), "{}", serde_json::to_string(figures)?).context("print the figures")
}
