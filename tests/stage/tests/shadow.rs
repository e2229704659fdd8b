//! Shadow mode beside a service that builds: both hear of the same builds, and differ in three places on purpose. Needs the
//! programs built: `cargo build --workspace`.

#![cfg(test)]

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use ebs_integration::ports::free_port;
use ebs_stage::{
    child::{Child, wait_for},
    config::{self, Places, Port, Tempo},
    fedora,
    once::Performance,
    scenario::{Cast, Scenario},
    status::Pages,
    troupe::{Cue, Troupe, program},
};
use serde_json::Value;
use tokio::process::Command;

/// The longest that anything is waited for.
const LIMIT: Duration = Duration::from_secs(60);

const PACKAGES: usize = 12;

/// How long either may take before it is a difference: longer than the other service's forming.
const PATIENCE: &str = "12s";

/// The files of the shadow: without a password, a token or any account of its own.
fn shadow_files(
    folder: &Path,
    fedora: &str,
    port: u16,
    dynamic: &str,
) -> anyhow::Result<(std::path::PathBuf, std::path::PathBuf)> {
    let places = Places {
        concurrency: 1,
        ..Places::plain(fedora, format!("sqlite:{}", folder.join("shadow.sqlite").display()))
    };
    let fixed = config::write_static(folder, "shadow", Port::Pages(port), &places)?;
    let secret =
        |line: &&str| ["password_file:", "token_file:"].iter().any(|key| line.contains(key));
    let mut text: String = fs::read_to_string(&fixed)?
        .lines()
        .filter(|line| !secret(line))
        .map(|line| format!("{line}\n"))
        .collect();
    text.push_str(&format!("  shadow:\n    patience: {PATIENCE}\n    interval: 1s\n"));
    fs::write(&fixed, text)?;
    Ok((fixed, config::write(folder, "shadow-dynamic.yaml", dynamic)?))
}

fn start(
    name: &str,
    folder: &Path,
    fixed: &Path,
    dynamic: &Path,
    shadow: bool,
) -> anyhow::Result<Child> {
    let mut command = Command::new(program("ebs-coordinator")?);
    command.arg("--static-config-file").arg(fixed).arg("--dynamic-config-file").arg(dynamic);
    if shadow {
        command.arg("--shadow");
    }
    Child::start(name, command, folder)
}

/// What it says of the comparison.
async fn asked(port: u16) -> anyhow::Result<Value> {
    answer(port, "api/v1/shadow").await
}

/// What it says at this address.
async fn answer(port: u16, path: &str) -> anyhow::Result<Value> {
    let url = format!("http://127.0.0.1:{port}/{path}");
    Ok(reqwest::Client::builder().no_proxy().build()?.get(url).send().await?.json().await?)
}

/// Differences by component.
fn differences(report: &Value) -> BTreeMap<String, (String, String)> {
    let all = report["differences"].as_array().cloned().unwrap_or_default();
    let text = |told: &Value, key: &str| told[key].as_str().unwrap_or_default().to_owned();
    all.iter()
        .map(|told| (text(told, "component"), (text(told, "kind"), text(told, "why"))))
        .collect()
}

#[tokio::test]
async fn a_shadow_finds_each_of_three_differences_and_changes_nothing() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let scenario = Scenario::named("clean")?.with_seed(1);
    let cast = Cast::new(&scenario, PACKAGES)?;
    let folder = tempfile::tempdir()?;
    let plain: Vec<String> = cast
        .parts
        .iter()
        .filter(|part| part.component == part.upstream && part.role.order.is_none())
        .map(|part| part.component.clone())
        .collect();
    let [only_theirs, only_ours, too_early] =
        plain.first_chunk().context("there are three packages of the usual kind")?;
    let dynamic = config::write_dynamic(folder.path(), &cast)?;
    let common = fs::read_to_string(&dynamic)?;
    let excluding = |name: &str| {
        let pattern = format!("exclude: ['^{name}$', ");
        common.replace("exclude: [", &pattern)
    };
    fs::write(&dynamic, excluding(only_ours))?;
    let mut script = fedora::script(&scenario, &cast, 1);
    script["bodhi"]["lists"][config::LIST] = config::listed(&scenario, &cast).into();
    let cue = cue(folder.path(), &dynamic, &script)?;
    let pages = Pages::new()?;
    let mut troupe = Troupe::start(&cue, &pages).await?;

    // The shadow excludes another package, and has one in a slice of its own.
    let lists = fs::read_to_string(&dynamic)?;
    let lists = lists.lines().last().context("the lists are named last")?.to_owned();
    let slices = format!("    ordering:\n      '^{too_early}$': 1\ncomponents:");
    let known = excluding(only_theirs).replacen("components:", &slices, 1) + &lists + "\n";
    let port = free_port()?;
    let (fixed, own) = shadow_files(folder.path(), &troupe.fedora.url, port, &known)?;
    let mut shadow = start("shadow", folder.path(), &fixed, &own, true)?;
    compares(&mut shadow, port).await?;

    let performance =
        Performance { scenario, cast, seed: 1, port: cue.port, mode: "demo", limit: LIMIT };
    performance.first_round(&troupe.fedora).await?;
    finds(port, [only_theirs, only_ours, too_early]).await?;

    // What there is outside is the other service's. It lacks what its configuration excludes, which the scenario expects.
    performance.end(&mut troupe, &pages).await?;
    let outside = troupe.fedora.raw_report().await?;
    let made = |call: &str| outside["calls"][call].as_u64();
    ensure!(made("createSideTag") == Some(2), "{outside:#}");
    ensure!(outside["builds"].as_array().map(Vec::len) == Some(PACKAGES - 1), "{outside:#}");
    ensure!(shadow.terminate().await?.success(), "the shadow did not end well");
    is_not_ready_without_the_other(folder.path(), &fixed, &own, port).await?;
    troupe.stop().await;
    refused_databases(folder.path(), &fixed, &own, &cue).await
}

/// A service that builds, in one process.
fn cue<'a>(folder: &'a Path, dynamic: &'a Path, script: &'a Value) -> anyhow::Result<Cue<'a>> {
    Ok(Cue {
        folder,
        dynamic,
        script,
        port: free_port()?,
        workers: None,
        scratch: false,
        drafts: true,
        batch_size: 0,
        tempo: Tempo::default(),
        max_open_builds: None,
        prefetch: None,
        proxied: false,
        secure: false,
        listens: false,
        disk: None,
        tagged_before: &[],
    })
}

/// Waits until it leads and has compared once.
async fn compares(shadow: &mut Child, port: u16) -> anyhow::Result<()> {
    wait_for("the shadow compares", LIMIT, || {
        let lives = shadow.must_live();
        async move {
            lives?;
            let leads = Pages::new()?.leads(port).await;
            let report = if leads { asked(port).await? } else { Value::Null };
            Ok(report["at"].is_i64().then_some(()))
        }
    })
    .await
}

/// Waits until it has compared everything: it differs in these three, and in nothing else.
async fn finds(port: u16, [only_theirs, only_ours, too_early]: [&String; 3]) -> anyhow::Result<()> {
    let report = wait_for("it has compared everything", LIMIT, || async {
        let report = asked(port).await?;
        let all = report["agreed"].as_u64() == Some(10) && report["waiting"].as_u64() == Some(0);
        Ok(all.then_some(report))
    })
    .await?;
    let found = differences(&report);
    let kinds: BTreeMap<&str, &str> =
        found.iter().map(|(name, (kind, _))| (name.as_str(), kind.as_str())).collect();
    let planted = [
        (only_theirs.as_str(), "not_by_us"),
        (only_ours.as_str(), "not_by_them"),
        (too_early.as_str(), "other_order"),
    ];
    ensure!(kinds == BTreeMap::from(planted), "{report:#}");
    let why = &found[only_theirs].1;
    ensure!(why.contains("excluded") && why.contains(only_theirs.as_str()), "{why}");
    Ok(())
}

/// With an account that Koji does not know there is nobody to compare with: it says so, and is not ready.
async fn is_not_ready_without_the_other(
    folder: &Path,
    fixed: &Path,
    own: &Path,
    port: u16,
) -> anyhow::Result<()> {
    let text =
        fs::read_to_string(fixed)?.replace("  shadow:\n", "  shadow:\n    account: nobody\n");
    let fixed = config::write(folder, "of-nobody.yaml", &text)?;
    let mut shadow = start("of-nobody", folder, &fixed, own, true)?;
    let says = "Koji knows no account `nobody`: set `ebs.shadow.account`";
    wait_for("it says that there is nobody", LIMIT, || {
        let lives = shadow.must_live();
        async move {
            lives?;
            let Ok(ready) = answer(port, "ready").await else { return Ok(None) };
            let conditions = ready["conditions"].as_array().cloned().unwrap_or_default();
            let told = conditions.into_iter().find(|condition| condition["name"] == "shadow");
            let told = told.unwrap_or_default()["fault"].as_str().unwrap_or_default().to_owned();
            Ok((ready["ok"] == false && told.contains(says)).then_some(()))
        }
    })
    .await?;
    ensure!(shadow.terminate().await?.success(), "the shadow did not end well");
    Ok(())
}

/// Neither goes on with the other's database.
async fn refused_databases(
    folder: &Path,
    fixed: &Path,
    own: &Path,
    cue: &Cue<'_>,
) -> anyhow::Result<()> {
    let of_other = folder.join("coordinator.yaml");
    let text = fs::read_to_string(&of_other)?.replace(&format!(":{}", cue.port), ":0");
    let of_other = config::write(folder, "of-other.yaml", &text)?;
    for (name, fixed, dynamic, shadow, says) in [
        ("builds-on-shadow", fixed, own, false, "was filled in shadow mode"),
        (
            "shadow-on-builds",
            of_other.as_path(),
            cue.dynamic,
            true,
            "belongs to a service that builds",
        ),
    ] {
        let mut child = start(name, folder, fixed, dynamic, shadow)?;
        wait_for("it refuses", LIMIT, || {
            let ended = child.has_ended();
            async move { Ok(ended?.then_some(())) }
        })
        .await?;
        ensure!(child.printed().contains(says), "{name}: {}", child.printed());
    }
    Ok(())
}
