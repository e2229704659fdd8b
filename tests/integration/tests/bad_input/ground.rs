//! A coordinator in this process, with SQLite and a queue in memory, beside a simulated Fedora.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use ebs_coordinator::{
    app::{self, Setup},
    configuration::Kept,
    reload::Fixed,
};
use ebs_integration::wait;
use ebs_shared::{
    config::{load_static, source::Link},
    telemetry::LogControl,
};
use fedora_sim::{
    Running,
    control::{Announce, NewTag, TagAnswer},
    script::Script,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The longest that a coordinator takes to end.
const END: Duration = Duration::from_secs(20);

/// One test's folder, and its Fedora.
pub(crate) struct Ground {
    pub(crate) folder: TempDir,
    pub(crate) fedora: Option<Running>,
    address: SocketAddr,
    /// The hub's password that the coordinator uses.
    pub(crate) password: &'static str,
    /// The bus file's text, if the bus is listened to.
    pub(crate) bus: Option<String>,
    /// The file of tokens, if there is one.
    pub(crate) tokens: Option<String>,
    /// The word in `trigger_tag`.
    pub(crate) trigger_tag: &'static str,
    /// Lines below `components:`.
    pub(crate) components: String,
    /// A block below `ebs:`, with its end of line.
    pub(crate) more: &'static str,
}

impl Ground {
    /// A Fedora that plays this script; `bash` and `zsh` are listed.
    pub(crate) async fn new(script: Script) -> Result<Self> {
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let fedora = fedora_sim::start(script, "127.0.0.1:0".parse()?).await?;
        let address = fedora.url.trim_start_matches("http://").parse()?;
        Ok(Self {
            folder: TempDir::with_prefix("ebs-bad-input-")?,
            fedora: Some(fedora),
            address,
            password: "ebspw",
            bus: None,
            tokens: None,
            trigger_tag: "f45",
            components: overrides(&["bash", "zsh"]),
            more: "",
        })
    }

    /// Ends Fedora: nobody listens at its address.
    pub(crate) async fn away(&mut self) {
        if let Some(fedora) = self.fedora.take() {
            fedora.stop().await;
        }
    }

    /// A new Fedora at the same address.
    pub(crate) async fn back(&mut self, script: Script) -> Result<()> {
        self.fedora = Some(fedora_sim::start(script, self.address).await?);
        Ok(())
    }

    pub(crate) fn fedora(&self) -> Result<&Running> {
        self.fedora.as_ref().context("Fedora is away")
    }

    /// A Rawhide build is tagged.
    pub(crate) fn tag(&self, name: &str, version: &str, announce: Announce) -> Result<TagAnswer> {
        let new = NewTag {
            name: name.to_owned(),
            version: version.to_owned(),
            release: "1.fc45".to_owned(),
            commit: format!("{:040x}", name.len() + version.len()),
            announce,
            ..NewTag::default()
        };
        Ok(self.fedora()?.world.change(|state| state.tag_for_test(&new))?)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("ebs.sqlite")
    }

    /// Writes both configuration files; their paths.
    pub(crate) fn write(&self) -> Result<(PathBuf, PathBuf)> {
        let (fedora, path) = (self.address, |name: &str| self.folder.path().join(name));
        std::fs::write(path("password"), self.password)?;
        std::fs::write(path("token"), "sim-token-ebs")?;
        let bus = match &self.bus {
            None => "enabled: false".to_owned(),
            Some(text) => {
                std::fs::write(path("bus.toml"), text)?;
                format!("fedora_messaging_config: {}", path("bus.toml").display())
            }
        };
        let tokens = match &self.tokens {
            None => String::new(),
            Some(text) => {
                std::fs::write(path("tokens"), text)?;
                format!(", tokens_file: {}", path("tokens").display())
            }
        };
        let fixed = format!(
            "configuration:\n  koji: {{profile: sim, build_target: eln, stable_tag: eln, username: ebs, scratch_build: false, \
             fail_fast: true, wait_repo: true}}\n  bodhi: {{staging: false}}\n  open_id_connect: false\n  email: false\n\
             ebs:\n  instance: one\n  koji:\n    hub_url: http://{fedora}/kojihub\n    user: ebs\n    password_file: {password}\n\
             \x20   call_timeout: 2s\n  bodhi: {{url: 'http://{fedora}/', token_file: {token}, call_timeout: 2s, post_timeout: 2s}}\n\
             \x20 database: {{url: 'sqlite:{database}'}}\n  bus:\n    datagrepper_url: http://{fedora}/datagrepper/\n    {bus}\n\
             \x20 http: {{listen: '127.0.0.1:0'{tokens}}}\n  timers: {{lull: 300ms, max_lull: 5s, lease: 6s, job_lease: 6s, doubt_wait: 5s, \
             build_timeout: 60s, side_tag_timeout: 60s, stable_timeout: 60s, poll_min: 50ms, poll_max: 300ms, \
             archive_interval: 200ms, config_refresh: 1s, grace: 2s}}\n{more}",
            more = self.more,
            password = path("password").display(),
            token = path("token").display(),
            database = self.database().display(),
        );
        std::fs::write(path("static.yaml"), fixed)?;
        let dynamic = format!(
            "configuration:\n  control: {{pause: false, trigger_tag: {}}}\ncomponents:\n{}",
            self.trigger_tag, self.components
        );
        std::fs::write(path("dynamic.yaml"), dynamic)?;
        Ok((path("static.yaml"), path("dynamic.yaml")))
    }

    /// Starts a coordinator.
    pub(crate) async fn start(&self) -> Result<Coordinator> {
        let (fixed, dynamic) = self.write()?;
        Coordinator::start(&fixed, dynamic).await
    }
}

/// Lines that list these packages under their own names.
pub(crate) fn overrides(names: &[&str]) -> String {
    let lines = names.iter().map(|name| format!("    {name}: {{upstream_name: {name}}}\n"));
    format!("  overrides:\n{}", lines.collect::<String>())
}

/// A running coordinator.
pub(crate) struct Coordinator {
    pub(crate) url: String,
    stop: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Coordinator {
    async fn start(fixed: &Path, dynamic: PathBuf) -> Result<Self> {
        let config = load_static(fixed)?.config;
        let listener = TcpListener::bind(config.ebs.http.listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let stop = CancellationToken::new();
        let fixed = Fixed { path: fixed.to_owned(), instance: None };
        let kept = Kept { fixed, dynamic: Link::File(dynamic) };
        let setup =
            Setup { config, kept, listener, log: LogControl::idle("info"), stop: stop.clone() };
        let task = tokio::spawn(app::run(setup));
        Ok(Self { url, stop, task })
    }

    /// What a page answers as JSON.
    pub(crate) async fn json(&self, page: &str) -> Result<Value> {
        if self.task.is_finished() {
            bail!("the coordinator has ended");
        }
        let answer = reqwest::get(format!("{}/{page}", self.url)).await;
        // Not to be had yet.
        let Ok(answer) = answer else { return Ok(Value::Null) };
        Ok(answer.json().await.unwrap_or_default())
    }

    /// Waits until its status is so, and gives it.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
        let mut last = Value::Null;
        let seen = wait::until_some(what, async || {
            last = self.json("status.json").await?;
            Ok(holds(&last).then(|| last.clone()))
        })
        .await;
        seen.with_context(|| format!("last: {last}"))
    }

    /// Waits until it leads and listens to the bus: a standby is ready without.
    pub(crate) async fn listens(&self) -> Result<()> {
        wait::until("it listens", async || {
            let ready = self.json("ready").await?;
            Ok(ready["leading"] == true && ready["ok"] == true)
        })
        .await
    }

    /// Waits until a batch ended with this many successes, and gives it.
    pub(crate) async fn batch_with(&self, succeeded: u64) -> Result<Value> {
        let done = |status: &Value| {
            let newest = &status["recent"][0];
            newest["outcome"] == "done" && newest["succeeded"] == succeeded
        };
        let status = self.until("a batch is done", done).await?;
        Ok(status["recent"][0].clone())
    }

    /// What it ends with by itself.
    pub(crate) async fn ended(self) -> Result<Result<()>> {
        Ok(tokio::time::timeout(END, self.task).await??)
    }

    /// Tells it to end, and waits for that.
    pub(crate) async fn end(self) -> Result<()> {
        self.stop.cancel();
        tokio::time::timeout(END, self.task).await?.context("it panicked")?
    }
}
