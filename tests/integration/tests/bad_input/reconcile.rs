//! Reconcile in a whole coordinator: what Rawhide and ELN have over the wire, a store on a file, and a restart in between.

use anyhow::{Context as _, Result, ensure};
use ebs_integration::wait;
use ebs_shared::{
    clock::System,
    token::{Scope, Token},
};
use fedora_sim::{
    control::{Announce, NewTag},
    script::{Faults, Script, Trouble},
};
use serde_json::Value;

use crate::ground::{Coordinator, Ground, overrides};

/// A coordinator's Fedora, and who may ask it.
struct Scene {
    ground: Ground,
    secret: String,
}

impl Scene {
    /// `ipa` is `freeipa` in Rawhide; two may be triggered in one run.
    async fn new() -> Result<Self> {
        let mut ground = Ground::new(Script::default()).await?;
        ground.components = overrides(&["bash", "grep", "sed", "zsh"]);
        ground.components.push_str("    ipa: {upstream_name: freeipa}\n");
        ground.more = "  limits: {reconcile_limit: 2}\n";
        let (secret, token) = Token::make("alice", Scope::Operate, None, &System)?;
        ground.tokens = Some(token.to_string());
        Ok(Self { ground, secret })
    }

    /// A build is in a tag, and nobody tells of it.
    fn is_in(&self, tag: &str, name: &str, version: &str, commit: char) -> Result<()> {
        let release = if tag == "eln" { "1.eln150" } else { "1.fc45" };
        let new = NewTag {
            name: name.to_owned(),
            version: version.to_owned(),
            release: release.to_owned(),
            commit: commit.to_string().repeat(40),
            tag: Some(tag.to_owned()),
            announce: Announce::Lost,
            ..NewTag::default()
        };
        self.ground.fedora()?.world.change(|state| state.tag_for_test(&new))?;
        Ok(())
    }

    async fn start(&self) -> Result<Coordinator> {
        let coordinator = self.ground.start().await?;
        coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
        Ok(coordinator)
    }

    async fn ask(&self, to: &Coordinator, place: &str, body: &Value) -> Result<Value> {
        let request = reqwest::Client::new().post(format!("{}/api/v1/{place}", to.url));
        let answer = request.bearer_auth(&self.secret).json(body).send().await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        ensure!(status.is_success(), "{status}: {body}");
        Ok(body)
    }

    /// Asks for a run, and gives what it found.
    async fn run(&self, of: &Coordinator, dry_run: bool) -> Result<Value> {
        let body = serde_json::json!({ "reason": "over", "dry_run": dry_run });
        let told = self.ask(of, "reconcile", &body).await?;
        let kind = if dry_run { "dry_run" } else { "last" };
        found(of, kind, &told["request"]).await
    }
}

/// What the run for this request has found, once it is there.
async fn found(of: &Coordinator, kind: &str, request: &Value) -> Result<Value> {
    wait::until_some("the run is reported", async || {
        let report = of.json("api/v1/reconcile").await?[kind].clone();
        let found = report["found"].clone();
        Ok((found["asked"]["request"] == *request).then_some(found))
    })
    .await
}

/// Component, how ELN lacks it, and what becomes of it.
fn fates(found: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = found["findings"].as_array().into_iter().flatten();
    all.map(|it| (text(&it["component"]), text(&it["kind"]), text(&it["fate"]))).collect()
}

fn told(fates: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let all = fates.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned()));
    all.collect()
}

#[tokio::test]
async fn missing_stale_renamed_and_unwanted_are_found_and_triggered_once_within_the_limit_over_a_restart()
-> Result<()> {
    let scene = Scene::new().await?;
    for (name, version, commit) in [
        ("zsh", "1", 'a'),
        ("sed", "1", 'b'),
        ("ipa", "1", 'c'),
        ("grep", "2", 'd'),
        ("emacs", "1", 'e'),
    ] {
        scene.is_in("eln", name, version, commit)?;
    }
    for (name, version, commit) in [
        ("bash", "2", '1'),
        ("zsh", "2", '2'),
        ("sed", "1", 'b'),
        ("freeipa", "2", '3'),
        ("grep", "1", '4'),
    ] {
        scene.is_in("f45", name, version, commit)?;
    }
    let coordinator = scene.start().await?;
    let dry = scene.run(&coordinator, true).await?;
    let expected = [
        ("bash", "missing", "triggered"),
        ("ipa", "stale", "triggered"),
        ("zsh", "stale", "over_limit"),
    ];
    assert_eq!(fates(&dry), told(&expected), "{dry}");
    assert_eq!(dry["not_wanted"], serde_json::json!(["emacs-1-1.eln150"]));
    let counts = &dry["counts"];
    assert_eq!((&counts["current"], &counts["eln_newer"]), (&1.into(), &1.into()), "{dry}");
    let status = coordinator.json("status.json").await?;
    assert_eq!(status["triggers_by_answer"], serde_json::json!({}), "a dry run triggers nothing");

    // Asked for, and ended before anybody knows whether it was done.
    let body = serde_json::json!({ "reason": "over" });
    let asked = scene.ask(&coordinator, "reconcile", &body).await?;
    coordinator.end().await?;
    let coordinator = scene.start().await?;
    let first = found(&coordinator, "last", &asked["request"]).await?;
    assert_eq!(fates(&first), told(&expected), "{first}");
    coordinator.batch_with(2).await?;
    coordinator.end().await?;

    let coordinator = scene.start().await?;
    let second = scene.run(&coordinator, false).await?;
    assert_eq!(fates(&second), told(&[("zsh", "stale", "triggered")]), "{second}");
    coordinator.batch_with(1).await?;
    let third = scene.run(&coordinator, false).await?;
    assert_eq!(fates(&third), told(&[]), "{third}");
    let status = coordinator.json("status.json").await?;
    assert_eq!(status["triggers_by_answer"], serde_json::json!({ "built": 3 }), "each once");
    let explained = coordinator.json("api/v1/components/zsh").await?.to_string();
    assert!(explained.contains("found by reconcile (Rawhide has zsh-2-1.fc45"), "{explained}");
    assert!(
        explained.contains("latest now: f45 has zsh-2-1.fc45, eln has zsh-2-1.eln"),
        "{explained}"
    );
    coordinator.end().await
}

#[tokio::test]
async fn nothing_is_triggered_while_eln_is_said_to_be_empty_it_is_paused_or_koji_does_not_answer()
-> Result<()> {
    let scene = Scene::new().await?;
    scene.is_in("f45", "bash", "2", '1')?;
    let coordinator = scene.start().await?;
    let empty = scene.run(&coordinator, false).await?;
    assert_eq!(fates(&empty), told(&[("bash", "missing", "held")]));
    let held = empty["held"][0].as_str().context("why")?;
    assert_eq!(held, "Koji says that nothing is in eln: that is not believed");
    assert_eq!(empty["not_wanted"], Value::Null, "no fact");

    scene.is_in("eln", "sed", "1", 'b')?;
    scene.ask(&coordinator, "pause", &serde_json::json!({ "reason": "branching" })).await?;
    let paused = scene.run(&coordinator, false).await?;
    assert_eq!(fates(&paused), told(&[("bash", "missing", "held")]));
    let held = paused["held"][0].as_str().context("why")?;
    assert!(held.contains("paused") && held.ends_with("branching"), "{held}");
    scene.ask(&coordinator, "unpause", &serde_json::json!({ "reason": "over" })).await?;

    let trouble = |now| Faults { now, ..Faults::default() };
    scene.ground.fedora()?.world.change(|it| it.script.faults = trouble(Some(Trouble::Http503)));
    scene.ask(&coordinator, "reconcile", &serde_json::json!({ "reason": "over" })).await?;
    let failing = |status: &Value| status["reconcile"]["fault"].is_string();
    let status = coordinator.until("the fault is shown", failing).await?;
    let fault = status["reconcile"]["fault"].as_str().context("why")?;
    assert!(fault.starts_with("Koji does not list `f45`"), "{fault}");
    assert_eq!(status["pending_total"], 0, "{status}");
    assert_eq!(status["reconcile"]["counts"]["missing"], 1, "what was found before stays");
    let explained = coordinator.json("api/v1/components/bash").await?.to_string();
    let unknown = "its latest builds are not known: Koji does not answer";
    assert!(explained.contains(unknown) && explained.contains("Rawhide had"), "{explained}");
    scene.ground.fedora()?.world.change(|it| it.script.faults = trouble(None));
    let well = scene.run(&coordinator, false).await?;
    assert_eq!(fates(&well), told(&[("bash", "missing", "triggered")]));
    coordinator.batch_with(1).await?;
    coordinator.end().await
}
