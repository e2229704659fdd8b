//! Running git: within a time, with nothing of a user's, and with everything it started ended when it takes too long.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, sink},
    process::{Child, Command},
};

use super::error::SourceErrorKind;
use crate::config::tree::MAX_BYTES;

/// Most of what git says about a fault, in characters.
const MAX_SAID: usize = 400;

/// Most of git's complaints that are read, in bytes.
const MAX_COMPLAINTS: u64 = 16 * 1024;

/// What a caller's surroundings could change about git.
const UNSET: [&str; 14] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_CONFIG_PARAMETERS",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
    "GIT_SSL_NO_VERIFY",
    "GIT_TRACE",
    "GIT_TRACE_CURL",
    "GIT_CURL_VERBOSE",
    "GIT_PROXY_COMMAND",
];

/// Git in a folder of its own.
#[derive(Debug)]
pub(super) struct Git<'a> {
    /// The only folder it writes into, which is its user's home too: nothing of a user's is read.
    pub(super) home: &'a Path,
    /// The only protocol it may use.
    pub(super) protocol: &'a str,
    /// The value of the header `Authorization`, if one is sent. In the environment, since what stands on a command line is
    /// for all to read.
    pub(super) authorization: Option<&'a str>,
    /// The longest that one call may take.
    pub(super) limit: Duration,
}

/// Everything that one call has started. Ended with it, unless it ended by itself.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended just now.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Git<'_> {
    /// Runs `git STEP ARGUMENTS…` and gives what it prints.
    pub(super) async fn run(
        &self,
        step: &'static str,
        arguments: &[&OsStr],
    ) -> Result<Vec<u8>, SourceErrorKind> {
        let mut command = self.command();
        command.arg(step).args(arguments);
        let mut child = command.spawn().map_err(SourceErrorKind::NoGit)?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        // Dropped before the child is: as long as nobody has waited for that, the number is still its own.
        let mut group = Group(id);
        let ended = tokio::time::timeout(self.limit, whole(&mut child)).await;
        let output = match ended {
            Ok(output) => output.map_err(SourceErrorKind::NoGit)?,
            Err(_) => return Err(SourceErrorKind::Slow { step, limit: self.limit }),
        };
        if output.stdout.len() > MAX_BYTES {
            return Err(SourceErrorKind::TooLong(MAX_BYTES));
        }
        group.0 = None;
        if !output.status.success() {
            return Err(SourceErrorKind::Git { step, said: said(&output.stderr) });
        }
        Ok(output.stdout)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        for name in UNSET {
            command.env_remove(name);
        }
        let mut settings: Vec<(&str, OsString)> =
            vec![("credential.helper", OsString::new()), ("core.askPass", OsString::new())];
        if let Some(value) = self.authorization {
            settings.push(("http.extraHeader", format!("Authorization: {value}").into()));
            settings.push(("http.followRedirects", "false".into()));
        }
        command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (n, (key, value)) in settings.into_iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{n}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{n}"), value);
        }
        command
            .current_dir(self.home)
            .env("HOME", self.home)
            .env("XDG_CONFIG_HOME", self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", self.protocol)
            .env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=20")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}

/// What it prints, what it complains of, and how it ends. Not waited for if it prints too much.
async fn whole(child: &mut Child) -> std::io::Result<Output> {
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) =
        tokio::try_join!(first(stdout, most, false), first(stderr, MAX_COMPLAINTS, true))?;
    if stdout.len() > MAX_BYTES {
        return Ok(Output { status: std::process::ExitStatus::default(), stdout, stderr });
    }
    let status = child.wait().await?;
    Ok(Output { status, stdout, stderr })
}

/// The beginning of a stream; the rest is read too if it must not stop its writer.
async fn first(
    stream: Option<impl AsyncRead + Unpin>,
    most: u64,
    drain: bool,
) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    if let Some(stream) = stream {
        let mut stream = stream.take(most);
        stream.read_to_end(&mut read).await?;
        if drain {
            tokio::io::copy(&mut stream.into_inner(), &mut sink()).await?;
        }
    }
    Ok(read)
}

/// Git's complaint in one line.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join("; ");
    let line: String = line.chars().filter(|c| !c.is_control()).take(MAX_SAID).collect();
    if line.is_empty() { "it does not say why".to_owned() } else { line }
}
