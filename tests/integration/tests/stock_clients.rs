//! The published clients against our stand-ins: `koji` and `bodhi` on the simulated Fedora, and `fedora-messaging publish`
//! through a real broker to our consumer. `./dev test stock` installs them below `target/stock`, versions in
//! `tests/stock/requirements.txt`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use ebs_integration::{rabbit::Rabbit, wait};
use ebs_shared::{
    bus::{
        amqp::{Consumer, Handler, NotStored, Timing},
        config::BusConfig,
        message::{Incoming, Origin, Reader},
    },
    clock::{Clock, System},
};
use fedora_sim::{
    Running,
    control::{NewTag, Report},
    script::Script,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{process::Command, sync::watch};
use tokio_util::sync::CancellationToken;

/// The longest that one command of a client takes.
const LIMIT: Duration = Duration::from_secs(60);

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A simulated Fedora, and a home for the clients.
struct Stock {
    home: TempDir,
    fedora: Running,
}

impl Stock {
    async fn start() -> Result<Self> {
        let script: Script =
            serde_json::from_value(json!({"timing": {"build_min_ms": 50, "build_max_ms": 60}}))?;
        let fedora = fedora_sim::start(script, "127.0.0.1:0".parse()?).await?;
        let stock = Self { home: TempDir::with_prefix("ebs-stock-")?, fedora };
        let url = &stock.fedora.url;
        stock.file(
            "koji.conf",
            &format!(
                "[koji]\nserver = {url}/kojihub\nweburl = {url}/koji\ntopurl = {url}/kojifiles\nauthtype = password\n\
                 max_retries = 2\nretry_interval = 1\n"
            ),
        )?;
        let until = System.now().millis() / 1000 + 3600;
        let tokens = json!({"tokens": {format!("{url}/openidc"): {"access_token": "sim-token-ebs", "token_type": "Bearer",
            "refresh_token": "sim-refresh-ebs", "expires_in": 3600, "expires_at": until, "scope": "openid"}}});
        std::fs::create_dir_all(stock.home.path().join(".config/bodhi"))?;
        stock.file(".config/bodhi/client.json", &tokens.to_string())?;
        Ok(stock)
    }

    fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.home.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// A Rawhide build of this package is tagged; its source.
    fn tag(&self, name: &str) -> Result<String> {
        let new = NewTag {
            name: name.to_owned(),
            version: "5.3".to_owned(),
            release: "1.fc45".to_owned(),
            commit: COMMIT.to_owned(),
            ..NewTag::default()
        };
        Ok(self.fedora.world.change(|state| state.tag_for_test(&new))?.source)
    }

    async fn koji(&self, arguments: &[&str]) -> Result<String> {
        let config = self.home.path().join("koji.conf").display().to_string();
        let mut all = vec!["-c", &config, "--user", "ebs", "--password", "ebspw"];
        all.extend(arguments);
        client(self.home.path(), "koji", &all, &[]).await
    }

    async fn bodhi(&self, arguments: &[&str]) -> Result<String> {
        let (url, idp) = (format!("{}/", self.fedora.url), format!("{}/openidc", self.fedora.url));
        let environment = [("BODHI_URL", url.as_str()), ("BODHI_OPENID_PROVIDER", idp.as_str())];
        client(self.home.path(), "bodhi", arguments, &environment).await
    }

    /// Ends it; it was asked nothing that it does not know.
    async fn end(self) -> Result<()> {
        let report = serde_json::to_value(self.fedora.world.read(Report::of))?;
        assert_eq!(report["unknown_calls"], json!({}));
        self.fedora.stop().await;
        Ok(())
    }
}

/// Runs a stock client; what it printed.
async fn client(
    home: &Path,
    name: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("the top folder")?;
    let program = top.join("target/stock/bin").join(name);
    if !program.exists() {
        bail!("{} is missing: `./dev test stock` installs it", program.display());
    }
    let mut command = Command::new(program);
    command.args(arguments).env("HOME", home).envs(environment.iter().copied());
    command.env("NO_PROXY", "127.0.0.1").kill_on_drop(true).stdin(std::process::Stdio::null());
    let output = tokio::time::timeout(LIMIT, command.output())
        .await
        .with_context(|| format!("{name} {arguments:?} did not end"))??;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} {arguments:?}: {}\n{printed}\n{said}", output.status);
    }
    Ok(printed)
}

/// The printed text holds all of these.
fn holds(printed: &str, words: &[&str]) {
    for word in words {
        assert!(printed.contains(word), "`{word}` is missing in: {printed}");
    }
}

#[tokio::test]
async fn koji_logs_in_lists_builds_in_a_side_tag_and_removes_it() -> Result<()> {
    let stock = Stock::start().await?;
    let source = stock.tag("bash")?;
    holds(&stock.koji(&["hello"]).await?, &["ebs!", "Authenticated via password"]);
    holds(&stock.koji(&["list-tagged", "f45"]).await?, &["bash-5.3-1.fc45", "other"]);
    holds(&stock.koji(&["list-tagged", "--latest", "f45", "bash"]).await?, &["bash-5.3-1.fc45"]);

    let tag = stock.koji(&["add-sidetag", "eln-build"]).await?.trim().to_owned();
    holds(&tag, &["eln-build-side-"]);
    assert_eq!(stock.koji(&["list-sidetags", "--mine"]).await?.trim(), tag);

    let made = stock.koji(&["build", "--nowait", &tag, &source]).await?;
    let task = made.lines().find_map(|line| line.strip_prefix("Created task: "));
    let task = task.context("the task's number")?;
    // It may have ended before the client asks: then it has no open task.
    stock.koji(&["list-tasks", "--mine"]).await?;
    let watched = stock.koji(&["watch-task", "--quiet", task]).await?;
    assert_eq!(watched, "");
    let info = stock.koji(&["taskinfo", "-v", "-r", task]).await?;
    holds(
        &info,
        &["Type: build\n", "Owner: ebs", "State: closed", "Type: buildSRPMFromSCM", &source],
    );
    let tasks =
        stock.koji(&["list-tasks", "--user", "ebs", "--after", "2020-01-01", "--all"]).await?;
    holds(&tasks, &[task, "CLOSED"]);
    holds(&stock.koji(&["list-tagged", &tag]).await?, &["bash-5.3-1.eln151", "ebs"]);

    stock.koji(&["remove-sidetag", &tag]).await?;
    assert_eq!(stock.koji(&["list-sidetags", "--mine"]).await?, "");
    stock.end().await
}

#[tokio::test]
async fn bodhi_makes_an_update_from_a_side_tag_with_a_stored_token_and_finds_it() -> Result<()> {
    let stock = Stock::start().await?;
    let source = stock.tag("zsh")?;
    let tag = stock.koji(&["add-sidetag", "eln-build"]).await?.trim().to_owned();
    let made = stock.koji(&["build", "--nowait", &tag, &source]).await?;
    let task = made.lines().find_map(|line| line.strip_prefix("Created task: "));
    stock.koji(&["watch-task", "--quiet", task.context("the task's number")?]).await?;

    let new = ["updates", "new", "--from-tag", "--type", "enhancement", "--notes", "a note", &tag];
    let printed = stock.bodhi(&new).await?;
    holds(&printed, &["zsh-5.3-1.eln151", "Fedora ELN", "Submitter: ebs", "a note"]);
    let alias = printed
        .lines()
        .find_map(|line| line.trim().strip_prefix("Update ID: "))
        .context("the update's name")?;
    for how in [["--builds", "zsh-5.3-1.eln151"], ["--updateid", alias], ["--user", "ebs"]] {
        holds(
            &stock.bodhi(&[&["updates", "query"], &how[..]].concat()).await?,
            &["zsh-5.3-1.eln151", "1 updates found"],
        );
    }
    stock.end().await
}

/// Keeps what it is given.
struct Memory(watch::Sender<Vec<Incoming>>);

#[async_trait]
impl Handler for Memory {
    async fn store(&self, group: &[Incoming]) -> Result<(), NotStored> {
        self.0.send_modify(|stored| stored.extend_from_slice(group));
        Ok(())
    }

    async fn connected(&self) {}
}

fn bus_file(url: &str) -> String {
    format!(
        "amqp_url = '{url}'\ntopic_prefix = 'org.fedoraproject.prod'\npublish_exchange = 'amq.topic'\n\
         callback = 'fedora_messaging.example:printer'\n[queues.ours]\ndurable = true\nauto_delete = false\n\
         exclusive = false\narguments = {{}}\n[[bindings]]\nqueue = 'ours'\nexchange = 'amq.topic'\n\
         routing_keys = ['*.*.*.buildsys.tag']\n[client_properties]\napp = 'a test'\n"
    )
}

fn tag_message(id: &str) -> Value {
    json!({"id": id, "topic": "buildsys.tag", "queue": null,
        "headers": {"fedora_messaging_schema": "base.message", "fedora_messaging_severity": 20,
            "sent-at": "2026-01-02T03:04:05+00:00"},
        "body": {"base_url": "https://koji.example.org", "instance": "primary", "tag": "f45", "tag_id": 1, "build_id": 7,
            "name": "bash", "version": "5.3", "release": "1.fc45", "user": "a", "owner": "b"}})
}

#[tokio::test]
async fn what_fedora_messaging_publishes_reaches_our_consumer() -> Result<()> {
    const ID: &str = "2c3d4b1e-7f6a-4a53-9f0e-4f1d3c2b1a09";
    let rabbit = Rabbit::start()?;
    let home = TempDir::with_prefix("ebs-stock-")?;
    let file = bus_file(&rabbit.url());
    let reader = Reader::new("org.fedoraproject.prod", Origin::of("https://koji.example.org")?);
    let (system, parsed) = (Arc::new(System), BusConfig::parse(&file)?);
    let consumer = Consumer::new(parsed, reader, Timing::default(), system.clone(), system);
    let (status, stop) = (consumer.status(), CancellationToken::new());
    let memory = Arc::new(Memory(watch::Sender::default()));
    let task = tokio::spawn(consumer.run(memory.clone(), stop.clone()));
    wait::until("it listens", async || Ok(status.borrow().connected_since.is_some())).await?;

    let (config, messages) = (home.path().join("config.toml"), home.path().join("messages"));
    std::fs::write(&config, file)?;
    std::fs::write(&messages, format!("{}\n", tag_message(ID)))?;
    let [config, messages] = [config, messages].map(|path| path.display().to_string());
    let arguments = ["--conf", &config, "publish", "--exchange", "amq.topic", &messages];
    holds(&client(home.path(), "fedora-messaging", &arguments, &[]).await?, &["buildsys.tag"]);

    wait::until("it is acknowledged", async || Ok(status.borrow().acknowledged == 1)).await?;
    let stored = memory.0.borrow().clone();
    let [Incoming::Tag(tag)] = stored.as_slice() else { bail!("not one tagging: {stored:?}") };
    assert_eq!((tag.id.as_str(), tag.tag.as_str(), tag.build.get()), (ID, "f45", 7));
    stop.cancel();
    Ok(tokio::time::timeout(LIMIT, task).await??)
}
