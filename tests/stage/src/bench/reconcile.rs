//! `./dev bench reconcile`: one comparison of what Rawhide and ELN have, at their size. The service as shipped, in one process, beside
//! a simulated Fedora over HTTP; each look is a dry run that a person asks for, so nothing is built meanwhile.

use std::{collections::BTreeMap, io::Write as _, path::Path, time::Duration};

use anyhow::{Context, bail, ensure};
use ebs_integration::ports::free_port;
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    log::Log,
    processes::{self, Used},
    run::round,
    table::median,
};
use crate::{
    child::say,
    config::{self, TOKEN, Tempo},
    options::BenchReconcile,
    scenario::{Cast, Part, Scenario},
    status::Pages,
    troupe::{Cue, Troupe},
};

/// The longest that a request for a look may wait for its answer.
const ASK_LIMIT: Duration = Duration::from_secs(30);

/// What the log says when a look is over.
const COMPARED: &str = "the tags were compared";

/// What it says when the trigger tag was seen for the first time: that listing is over then.
const MARKED: &str = "is seen for the first time";

const HEAD: &str = "look  seconds  CPU s | requests  calls | missing  stale | peak MB";

/// What the simulator counts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Counted {
    requests: BTreeMap<String, u64>,
    polls: BTreeMap<String, u64>,
    calls: BTreeMap<String, u64>,
}

/// One look.
#[derive(Clone, Debug, Serialize)]
struct Looked {
    /// What it took, as the coordinator says.
    seconds: f64,
    /// CPU time of the coordinator.
    cpu: f64,
    /// HTTP requests to Koji.
    requests: u64,
    /// Calls of Koji by method, those inside a `multiCall` one by one.
    calls: BTreeMap<String, u64>,
    missing: u64,
    stale: u64,
    /// The most memory that the coordinator had at once so far, in MB.
    peak_mb: f64,
}

/// Measures, prints a table and, as the last line, one JSON object. Whether each look found what there was to find.
///
/// # Errors
///
/// Something does not start, or a look comes to nothing.
pub async fn reconcile(options: &BenchReconcile) -> anyhow::Result<bool> {
    let folder = match &options.run_folder {
        Some(folder) => folder.clone(),
        None => std::env::current_dir()?.join(".run").join(format!("bench-{}", std::process::id())),
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    say(&format!("the programs' logs are in {}", folder.display()));
    let (wanted, rawhide) = (usize::try_from(options.packages)?, usize::try_from(options.rawhide)?);
    ensure!(wanted <= rawhide, "what is wanted is in Rawhide: {wanted} of {rawhide}");
    let lacking = options.missing + options.stale;
    ensure!(lacking <= options.packages, "ELN can lack at most {wanted}");
    let (idle_mb, mut looks) = measure(options, &folder).await?;
    let kept = looks.iter().all(|look| {
        (look.missing, look.stale) == (u64::from(options.missing), u64::from(options.stale))
    });
    if !kept {
        say("a look has found something else than there is");
    }
    let mut seconds: Vec<f64> = looks.iter().map(|look| look.seconds).collect();
    let (all, median) = (seconds.clone(), median(&mut seconds));
    let last = looks.pop().context("there is a look")?;
    let line = json!({
        "version": 1, "wanted": wanted, "rawhide": rawhide, "seconds": median, "seconds_all": all,
        "idle_peak_mb": idle_mb, "last": last, "kept": kept,
    });
    writeln!(std::io::stdout(), "{line}").context("print the figures")?;
    Ok(kept)
}

async fn measure(options: &BenchReconcile, folder: &Path) -> anyhow::Result<(f64, Vec<Looked>)> {
    let scenario = Scenario::named("clean")?;
    let all = Cast::new(&scenario, usize::try_from(options.rawhide)?)?;
    let wanted = wanted(&all.parts, usize::try_from(options.packages)?);
    let dynamic = config::write_dynamic(folder, &all)?;
    let names: Vec<&str> = wanted.iter().map(|part| part.component.as_str()).collect();
    let script = json!({ "seed": 1, "bodhi": { "lists": { config::LIST: names } } });
    let port = free_port()?;
    let cue = Cue {
        folder,
        dynamic: &dynamic,
        script: &script,
        port,
        workers: None,
        scratch: false,
        drafts: true,
        batch_size: 0,
        tempo: Tempo {
            timers: [("archive_interval", 600_000), ("truth_interval", 60_000)].into(),
            ..Tempo::default()
        },
        max_open_builds: None,
        prefetch: None,
        tagged_before: &all.parts,
        proxied: false,
        secure: false,
        listens: false,
        disk: None,
    };
    let mut troupe = Troupe::start(&cue, &Pages::new()?).await?;
    let found = looks(options, &mut troupe, &wanted, (folder, port)).await;
    troupe.stop().await;
    found
}

/// So many of these, spread evenly.
fn wanted(all: &[Part], count: usize) -> Vec<Part> {
    (0..count).filter_map(|n| all.get(n * all.len() / count.max(1))).cloned().collect()
}

/// The look before anything is measured, and those that are: memory before, and each of them.
async fn looks(
    options: &BenchReconcile,
    troupe: &mut Troupe,
    wanted: &[Part],
    (folder, port): (&Path, u16),
) -> anyhow::Result<(f64, Vec<Looked>)> {
    let mut log = Log::new(troupe.leader_log().context("a coordinator runs")?.to_owned());
    log.until(MARKED, troupe).await?;
    let missing = usize::try_from(options.missing)?;
    let stale = usize::try_from(options.stale)?;
    for (place, part) in wanted.iter().enumerate().skip(missing) {
        troupe.fedora.tag_in_eln(part, if place < missing + stale { 0 } else { 1 }).await?;
    }
    let desk = Desk::new(folder, port)?;
    let idle = used(troupe).peak_mb;
    say(HEAD);
    let mut found = Vec::new();
    for number in 1..=options.repeat {
        let (before, spent) = (counted(troupe).await?, used(troupe));
        desk.ask().await?;
        let line = log.until(COMPARED, troupe).await?;
        let (after, now) = (counted(troupe).await?, used(troupe));
        let look = Looked {
            seconds: number_of(&line, "duration_ms")? / 1000.0,
            cpu: round(now.cpu - spent.cpu),
            requests: sum(&after.requests) + sum(&after.polls)
                - sum(&before.requests)
                - sum(&before.polls),
            calls: less(&after.calls, &before.calls),
            missing: whole(&line, "missing")?,
            stale: whole(&line, "stale")?,
            peak_mb: round(now.peak_mb),
        };
        say(&told(number, &look));
        found.push(look);
    }
    Ok((round(idle), found))
}

fn told(number: u32, look: &Looked) -> String {
    let Looked { seconds, cpu, requests, missing, stale, peak_mb, .. } = look;
    let calls: u64 = look.calls.values().sum();
    format!(
        "{number:4} {seconds:8.3} {cpu:6.2} | {requests:8} {calls:6} | {missing:7} {stale:6} | {peak_mb:7.1}"
    )
}

/// What the coordinator has used.
fn used(troupe: &Troupe) -> Used {
    let of = processes::used(&troupe.processes());
    of.into_iter().find(|(name, _)| name.starts_with("coordinator")).unwrap_or_default().1
}

async fn counted(troupe: &Troupe) -> anyhow::Result<Counted> {
    let report = troupe.fedora.raw_report().await?;
    serde_json::from_value(report).context("understand the simulator's report")
}

/// Requests to Koji.
fn sum(counts: &BTreeMap<String, u64>) -> u64 {
    counts.iter().filter(|(name, _)| name.starts_with("koji ")).map(|(_, count)| count).sum()
}

/// What has come to it.
fn less(after: &BTreeMap<String, u64>, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let grown = after
        .iter()
        .map(|(name, count)| (name.clone(), count - before.get(name).copied().unwrap_or_default()));
    grown.filter(|(_, count)| *count > 0).collect()
}

/// The value of a field in a line of the log, with or without colours.
fn number_of(line: &str, field: &str) -> anyhow::Result<f64> {
    let plain: String = plain(line);
    let found = plain.split_ascii_whitespace().find_map(|word| {
        word.strip_prefix(field)?.strip_prefix('=')?.trim_matches('"').parse().ok()
    });
    found.with_context(|| format!("no `{field}` in {plain}"))
}

fn whole(line: &str, field: &str) -> anyhow::Result<u64> {
    let text = format!("{:.0}", number_of(line, field)?);
    text.parse().with_context(|| format!("`{field}` is no count"))
}

/// Without the colours of a terminal.
fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// Where a person asks.
struct Desk {
    http: Client,
    url: String,
    token: String,
}

impl Desk {
    fn new(folder: &Path, port: u16) -> anyhow::Result<Self> {
        let token = std::fs::read_to_string(folder.join(TOKEN)).context("read the token")?;
        let http = Client::builder().timeout(ASK_LIMIT).no_proxy().build()?;
        let url = format!("http://127.0.0.1:{port}/api/v1/reconcile");
        Ok(Self { http, url, token: token.trim().to_owned() })
    }

    /// Asks for a dry run; it begins soon.
    async fn ask(&self) -> anyhow::Result<()> {
        let body = json!({ "reason": "measuring", "dry_run": true });
        let asked = self.http.post(&self.url).bearer_auth(&self.token).json(&body).send().await?;
        if !asked.status().is_success() {
            let (status, text) = (asked.status(), asked.text().await?);
            bail!("reconcile was not taken: {status} {text}");
        }
        asked.json::<Value>().await.context("read the answer").map(drop)
    }
}

#[cfg(test)]
mod tests;
