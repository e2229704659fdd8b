//! The program ended by a signal in the middle of a campaign. Needs the programs built: `cargo build --workspace`.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, ensure};
use ebs_stage::child::wait_for;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

/// The longest that starting, and ending, may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How the program names a fault that begins: its moment and its kind.
const FAULT: &str = " s: kill_worker";

/// Processes that have this in their environment: a child inherits it.
fn marked(mark: &str) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let process = entry?.path();
        // One that has ended meanwhile, or is not ours, has none that we could read.
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        if String::from_utf8_lossy(&environment).contains(mark) {
            let command = fs::read(process.join("cmdline")).unwrap_or_default();
            found.push(String::from_utf8_lossy(&command).replace('\0', " "));
        }
    }
    Ok(found)
}

/// Starts a campaign, waits for its first fault, and tells it to end.
async fn told_by(signal: &str, folder: &Path) -> anyhow::Result<Option<i32>> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ebs-chaos"))
        .args(["--minutes", "5", "--workers", "2", "--faults", "kill_worker"])
        .current_dir(folder)
        .env("TMPDIR", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut said = BufReader::new(program.stderr.take().context("it says something")?).lines();
    let begun = async {
        while let Some(line) = said.next_line().await? {
            if line.contains(FAULT) {
                return Ok(());
            }
        }
        anyhow::bail!("it ended before the first fault")
    };
    tokio::time::timeout(LIMIT, begun).await.context("no fault has begun")??;
    let pid = program.id().context("it runs")?.to_string();
    ensure!(Command::new("kill").args(["-s", signal, &pid]).status().await?.success());
    let status = tokio::time::timeout(LIMIT, program.wait()).await.context("it goes on")??;
    Ok(status.code())
}

#[tokio::test]
async fn a_signal_ends_all_that_was_started_and_leaves_nothing_behind() -> anyhow::Result<()> {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir()?;
        // Servers may run as another user.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let code = told_by(signal, folder.path()).await?;
        assert_eq!(code, Some(1), "a campaign that was broken off has shown nothing");
        let mark = folder.path().display().to_string();
        wait_for("all processes have ended", LIMIT, || async {
            Ok(marked(&mark)?.is_empty().then_some(()))
        })
        .await
        .with_context(|| format!("left: {:?}", marked(&mark)))?;
        let left: Vec<_> = fs::read_dir(folder.path())?.flatten().map(|e| e.path()).collect();
        let left: Vec<_> = left.iter().filter(|path| !path.ends_with(".run")).collect();
        ensure!(left.is_empty(), "left: {left:?}");
        let runs = fs::read_dir(folder.path().join(".run"))?.count();
        ensure!(runs == 0, "a run folder is left");
    }
    Ok(())
}
