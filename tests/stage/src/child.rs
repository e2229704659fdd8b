//! One program that we started: its own process group, its log, its end. Does *not* know what it does.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command as Plain, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{
    process::{Child as Process, Command},
    time::{Instant, sleep, timeout},
};

/// How long a program may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

/// How often a condition is looked at while it is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// A running program. Dropping it ends its whole process group at once.
#[derive(Debug)]
pub struct Child {
    name: String,
    process: Process,
    group: Option<u32>,
    log: PathBuf,
}

impl Child {
    /// Starts a program; what it prints goes to `NAME.log` in `folder`.
    ///
    /// # Errors
    ///
    /// The log cannot be made or the program not started.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("make {}", log.display()))?;
        let errors = file.try_clone().context("share the log")?;
        command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .process_group(0)
            .kill_on_drop(true);
        let process = command.spawn().with_context(|| format!("start {name}"))?;
        let group = process.id();
        Ok(Self { name: name.to_owned(), process, group, log })
    }

    /// Its name on stage.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.group
    }

    /// The file with what it prints.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// What it has printed so far.
    #[must_use]
    pub fn printed(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The last lines of what it printed, for an error.
    #[must_use]
    pub fn last_words(&self) -> String {
        let printed = self.printed();
        let lines: Vec<&str> = printed.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    /// Fails if it has ended.
    ///
    /// # Errors
    ///
    /// It has; the text has its last words.
    pub fn must_live(&mut self) -> anyhow::Result<()> {
        match self.process.try_wait().with_context(|| format!("look after {}", self.name))? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}:\n{}", self.name, self.last_words()),
        }
    }

    /// Whether it has ended.
    ///
    /// # Errors
    ///
    /// The system does not tell.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        let status = self.process.try_wait();
        Ok(status.with_context(|| format!("look after {}", self.name))?.is_some())
    }

    /// The most memory it had at once, in MB: `VmHWM`; `None` where the system does not tell.
    #[must_use]
    pub fn peak_mb(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.group?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kb: u32 = line.trim().trim_end_matches(" kB").trim().parse().ok()?;
        Some((f64::from(kb) / 102.4).round() / 10.0)
    }

    /// SIGSTOP: it stands still until it may go on.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// SIGKILL, and its end.
    pub async fn kill(mut self) {
        self.signal("KILL");
        // Waiting only collects it.
        let _ = self.process.wait().await;
        self.group = None;
    }

    /// SIGTERM, and how it ended.
    ///
    /// # Errors
    ///
    /// It has not within its time.
    pub async fn terminate(mut self) -> anyhow::Result<ExitStatus> {
        self.signal("TERM");
        let ended = timeout(GRACE, self.process.wait()).await;
        self.signal("KILL");
        self.group = None;
        ended.with_context(|| format!("{} did not end on SIGTERM", self.name))?.context("wait")
    }

    /// SIGTERM, time to end, then SIGKILL to whatever is left of its group.
    pub async fn stop(mut self) {
        self.signal("TERM");
        if timeout(GRACE, self.process.wait()).await.is_err() {
            say(&format!("{} did not end on SIGTERM within {} s", self.name, GRACE.as_secs()));
        }
        self.signal("KILL");
        // Its end is certain now; waiting only collects it.
        let _ = self.process.wait().await;
        self.group = None;
    }

    fn signal(&self, signal: &str) {
        if let Some(group) = self.group {
            // An error means that nothing of the group is left.
            let kill = format!("kill -s {signal} -- -{group}");
            let _ = Plain::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal("KILL");
    }
}

/// Waits until `look` has found something.
///
/// # Errors
///
/// It has not within `limit`, or `look` failed.
pub async fn wait_for<T, F>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> F,
) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let until = Instant::now() + limit;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() >= until {
            bail!("{what}: not within {} s", limit.as_secs());
        }
        sleep(LOOK).await;
    }
}

#[expect(
    clippy::print_stderr,
    reason = "this is a command-line program; standard error is its second output"
)]
/// One line for people.
pub fn say(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests;
