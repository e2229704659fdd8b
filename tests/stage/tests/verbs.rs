//! `ebsctl` against `./dev demo`, as its users have both: every example of every help is run, and what it changes is seen.
//! Needs the programs built: `cargo build --workspace`.

#![cfg(test)]

use std::{process::Output, time::Duration};

use anyhow::ensure;
use clap::{Command as Clap, CommandFactory as _};
use ebs_integration::ports::free_port;
use ebs_stage::{
    child::{Child, wait_for},
    config::TOKEN,
    troupe::program,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

/// The longest that anything is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// The demo, and who talks to it.
struct Demo {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Demo {
    async fn start() -> anyhow::Result<Self> {
        let (folder, port) = (TempDir::new()?, free_port()?);
        let mut command = Command::new(program("ebs-stage")?);
        command.arg("demo").arg("--port").arg(port.to_string());
        command.arg("--run-folder").arg(folder.path().join("run"));
        let child = Child::start("demo", command, folder.path())?;
        let demo = Self { folder, port, child };
        wait_for("the demo is ready", LIMIT, || async {
            let ready = demo.run("ready").await?.status.success();
            Ok(ready.then_some(()))
        })
        .await?;
        Ok(demo)
    }

    /// What `ebsctl` says to these words.
    async fn run(&self, words: &str) -> anyhow::Result<Output> {
        let mut command = Command::new(program("ebsctl")?);
        command.args(words.split_whitespace()).current_dir(self.folder.path());
        command.env("EBS_URL", format!("http://127.0.0.1:{}/", self.port));
        command.env("EBS_TOKEN_FILE", self.folder.path().join("run").join(TOKEN));
        Ok(tokio::time::timeout(LIMIT, command.kill_on_drop(true).output()).await??)
    }

    /// The same, which has to succeed, as text.
    async fn told(&self, words: &str) -> anyhow::Result<String> {
        let output = self.run(words).await?;
        let (out, complaints) = (text(&output.stdout), text(&output.stderr));
        ensure!(output.status.success(), "{words}: {out}{complaints}");
        Ok(out)
    }

    /// What a part of the status is, once it is as wanted: a page may be a second old.
    async fn until(
        &self,
        what: &str,
        part: impl Fn(&Value) -> Value,
        wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        wait_for(what, LIMIT, || async {
            Ok(Some(part(&self.json("status").await?)).filter(|part| wanted(part)))
        })
        .await
    }

    async fn json(&self, words: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.told(&format!("{words} --json")).await?)?)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The examples of all helps.
fn examples(command: &Clap, words: &str, found: &mut Vec<String>) {
    let help = command.clone().render_long_help().to_string();
    let own = help.lines().filter_map(|line| line.strip_prefix("  "));
    found.extend(own.filter(|line| line.starts_with(&format!("{words} "))).map(str::to_owned));
    found.extend(help.lines().map(str::trim).filter(|line| *line == words).map(str::to_owned));
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        examples(verb, &format!("{words} {}", verb.get_name()), found);
    }
}

/// Exit codes that an example may have besides 0: what it names is not there, or asks more than can be had.
fn may_end_with(example: &str) -> &'static [i32] {
    let other = [
        "group",
        "dead redrive",
        "dead give-up",
        "lists confirm",
        "deny remove",
        "config",
        "batch",
        "trigger",
        "import",
    ];
    if other.iter().any(|verb| example.starts_with(&format!("ebsctl {verb}"))) {
        &[1, 3]
    } else {
        &[]
    }
}

/// Runs all examples, and looks at what some verbs change.
async fn exercise(demo: &Demo) -> anyhow::Result<()> {
    let mut found = Vec::new();
    examples(&ebs_ctl::Arguments::command(), "ebsctl", &mut found);
    ensure!(found.len() > 25, "{found:?}");
    for example in &found {
        let words = example.strip_prefix("ebsctl ").unwrap_or_default();
        let output = demo.run(words).await?;
        let code = output.status.code().unwrap_or(-1);
        let said = text(&output.stdout) + &text(&output.stderr);
        let fine = code == 0 || may_end_with(example).contains(&code);
        ensure!(
            fine && !said.contains("panicked") && !said.is_empty() && !said.contains('\u{1b}'),
            "{example}: {code}: {said}"
        );
    }
    ensure!(demo.folder.path().join("man1").join("ebsctl-explain.1").exists());

    let coloured = demo.told("ready --color always").await?;
    ensure!(coloured.contains("\u{1b}[32mready\u{1b}[0m"), "{coloured:?}");

    demo.told("pause --for 1h --reason test").await?;
    let pauses = |status: &Value| status["pauses"].clone();
    let paused = demo.until("it is paused", pauses, |it| it[0]["why"] == "test").await?;
    ensure!(paused[0]["who"] == "token/stage", "{paused}");
    let next = demo.json("next").await?;
    ensure!(next["pauses"][0].as_str().is_some_and(|why| why.contains("test")), "{next}");
    demo.told("unpause --reason over").await?;
    let none = |it: &Value| it.as_array().is_some_and(Vec::is_empty);
    demo.until("it goes on", pauses, none).await?;

    let lists = demo.json("lists show").await?;
    ensure!(lists[0]["acting"].as_u64().is_some_and(|names| names > 100), "{lists}");
    let explained = demo.json("explain excluded-package").await?;
    let excluded = explained["verdict"].as_str().is_some_and(|told| told.contains("^excluded-"));
    ensure!(excluded, "{explained}");
    let output = demo.run("trigger excluded-package --force --reason test --json").await?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(output.status.code() == Some(1) && told["names"][0]["will"] == false, "{told}");

    let dry = demo.json("reconcile run --reason test --dry-run").await?;
    ensure!(dry["dry_run"]["found"]["asked"]["why"] == "test", "{dry}");
    ensure!(dry["dry_run"]["found"]["counts"]["wanted"].as_u64() > Some(100), "{dry}");

    let before = demo.json("status").await?["configuration"]["snapshot"].as_u64();
    demo.told("refresh --reason test").await?;
    let number = |status: &Value| status["configuration"]["snapshot"].clone();
    demo.until("another snapshot", number, |now| now.as_u64() > before).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_of_every_help_does_against_the_demo_what_it_says() -> anyhow::Result<()> {
    let demo = Demo::start().await?;
    let done = exercise(&demo).await;
    // Told to end, it ends all that it has started, whatever came out.
    let ended = demo.child.terminate().await?;
    done?;
    ensure!(ended.success(), "the demo ends as it is told to");
    Ok(())
}
