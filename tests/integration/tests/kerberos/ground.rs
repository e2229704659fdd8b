//! A realm, a simulated Fedora behind a web server, and a program that logs in there.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result};
use ebs_integration::{
    front::{Front, REMOTE_USER, Setting},
    kdc::{Kdc, REALM},
};
use fedora_sim::{Running, control::NewTag, script::Script};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// The longest that one answer takes.
const LIMIT: Duration = Duration::from_secs(60);

/// All that is there.
pub(crate) struct Ground {
    pub(crate) kdc: Kdc,
    pub(crate) fedora: Running,
    pub(crate) front: Front,
    /// Of the principal `ebs`.
    pub(crate) keytab: PathBuf,
    folder: TempDir,
}

/// What differs from the usual.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// How far the web server's clock is off.
    pub(crate) clock: Option<&'static str>,
    /// How long tickets are valid.
    pub(crate) life: Option<Duration>,
    /// After how many ms the hub's sessions must be renewed.
    pub(crate) session_ms: Option<u64>,
    /// Whether certificates are asked for too late.
    pub(crate) late: bool,
}

impl Ground {
    pub(crate) async fn start(plan: Plan) -> Result<Self> {
        let script: Script = serde_json::from_value(json!({
            "accounts": [
                {"name": "ebs", "principal": format!("ebs@{REALM}")},
                {"name": "kojira"}, {"name": "bodhi", "admin": true}, {"name": "other"},
            ],
            "site": {"remote_user_header": REMOTE_USER},
            "session_lifetime_ms": plan.session_ms,
        }))?;
        let fedora = fedora_sim::start(script, "127.0.0.1:0".parse()?).await?;
        let kdc = match plan.life {
            None => Kdc::start()?,
            Some(life) => Kdc::start_with_life(life)?,
        };
        kdc.add("ebs")?;
        let keytab = kdc.keytab("ebs", "ebs.keytab")?;
        let setting =
            Setting { behind: &fedora.url, kdc: &kdc, clock: plan.clock, late: plan.late };
        let front = Front::start(&setting)?;
        Ok(Self { kdc, fedora, front, keytab, folder: TempDir::with_prefix("ebs-kerberos-")? })
    }

    /// The static file of a program that logs in by Kerberos without TLS.
    pub(crate) fn by_kerberos(&self, principal: &str) -> Result<PathBuf> {
        let kerberos = format!(
            "  kerberos: {{keytab_file: {}, principal: '{principal}'}}\n",
            self.keytab.display()
        );
        let url = self.front.url();
        self.file(&kerberos, &format!("hub_url: '{url}/kojihub'"), &url)
    }

    /// A static file with this block of ours, these keys of `koji`, and an identity provider behind that address. Bodhi itself is
    /// reached past the web server.
    pub(crate) fn file(&self, kerberos: &str, koji: &str, provider: &str) -> Result<PathBuf> {
        let bodhi = format!("url: '{}/', idp_url: '{provider}/openidc'", self.fedora.url);
        self.file_with(kerberos, koji, &bodhi)
    }

    /// The same with these keys of `bodhi`.
    pub(crate) fn file_with(&self, kerberos: &str, koji: &str, bodhi: &str) -> Result<PathBuf> {
        let path = self.folder.path().join("static.yaml");
        let text = format!(
            "configuration:\n  koji: {{profile: sim, build_target: eln, stable_tag: eln, username: ebs,\n         \
             scratch_build: false, fail_fast: true}}\n  bodhi: {{staging: false}}\n  open_id_connect: false\n  \
             email: false\nebs:\n{kerberos}  koji: {{{koji}}}\n  bodhi: {{{bodhi}}}\n  \
             database: {{url: 'sqlite:none'}}\n",
        );
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// Puts a build of ours into a tag, `bash-5.3-1.eln151`.
    pub(crate) fn build(&self, tag: &str) -> Result<()> {
        let build = NewTag {
            name: "bash".to_owned(),
            version: "5.3".to_owned(),
            release: "1.eln151".to_owned(),
            commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            tag: Some(tag.to_owned()),
            ..NewTag::default()
        };
        self.fedora.world.change(|state| state.tag_for_test(&build))?;
        Ok(())
    }

    /// Starts the program.
    pub(crate) fn probe(&self, config: &Path) -> Result<Probe> {
        Probe::start(config, &self.kdc)
    }

    /// Ends it; it was asked nothing that it does not know.
    pub(crate) async fn end(self) {
        self.fedora.stop().await;
    }
}

/// A program that logs in.
pub(crate) struct Probe {
    child: Child,
    asked: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Probe {
    /// With nothing in its environment but where the KDC is.
    pub(crate) fn start(config: &Path, kdc: &Kdc) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ebs-probe"));
        command.arg(config).env_clear().env("KRB5_CONFIG", kdc.client_config());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().context("start the probe")?;
        let asked = child.stdin.take().context("its input")?;
        let answers = BufReader::new(child.stdout.take().context("its output")?).lines();
        Ok(Self { child, asked, answers })
    }

    /// Has it do something; its answer.
    pub(crate) async fn ask(&mut self, what: &str) -> Result<Value> {
        self.asked.write_all(format!("{what}\n").as_bytes()).await?;
        let line = tokio::time::timeout(LIMIT, self.answers.next_line());
        match line.await.with_context(|| format!("no answer to `{what}`"))?? {
            Some(line) => Ok(serde_json::from_str(&line)?),
            None => {
                let mut said = String::new();
                if let Some(errors) = &mut self.child.stderr {
                    errors.read_to_string(&mut said).await?;
                }
                anyhow::bail!("it ended: {said}")
            }
        }
    }

    /// Has it fail; what it says.
    pub(crate) async fn fails(&mut self, what: &str) -> Result<String> {
        let answer = self.ask(what).await?;
        let error = answer["error"].as_str().with_context(|| format!("no error: {answer}"))?;
        if let Some(retry) = answer["retry"].as_str() {
            assert_eq!(retry, "later", "the work stays open: {error}");
        }
        Ok(error.to_owned())
    }
}
