//! `ebsctl`, the operator's command line: says in words what a coordinator tells at its HTTP addresses, and asks it for
//! changes. Keeps nothing.

mod alive;
mod batch;
mod client;
mod config;
mod dead;
mod deny;
mod group;
mod import;
mod log;
mod manual;
mod model;
mod paint;
mod pause;
mod program;
mod reconcile;
mod settings;
mod shadow;
mod status;
mod table;
mod text;
mod token;
mod trigger;
mod verb;
mod words;

use std::{io::Write, path::PathBuf, process::ExitCode};

use anstream::{AutoStream, stream::RawStream};
use anyhow::Context as _;
use clap::{ColorChoice, Parser};
use ebs_shared::{
    clock::{Clock as _, System},
    config::SecretText,
};
use url::Url;

use batch::BatchVerb;
use client::{Change, Client};
use dead::DeadVerb;
use deny::DenyVerb;
use group::GroupVerb;
use log::Log;
use model::{Answered, Dead, Explanation, List, Orphan, Preview, Readiness, Status};
pub use program::program;
use reconcile::ReconcileVerb;
use settings::Settings;
use token::TokenVerb;
use trigger::Trigger;
use verb::{Confirmation, ListsVerb, Verb};

/// Shows how an ELNBuildSync coordinator is doing, and asks it for changes.
///
/// Exit codes: 0 as it should be, 1 not ready, not answered yet or not all that was asked for, 2 usage, 3 no answer, a refusal, or nothing that can be
/// read.
#[derive(Debug, Parser)]
#[command(name = "ebsctl", version)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// The coordinator's address; without one here or in the settings file, http://127.0.0.1:8080.
    #[arg(long, global = true, env = "EBS_URL")]
    url: Option<Url>,
    /// Print the answer as JSON, unchanged.
    #[arg(long, global = true)]
    json: bool,
    /// Colours: `auto` is on a terminal only, and not where `NO_COLOR` is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// File with the token that changes need; its first line is taken.
    #[arg(long, global = true, env = "EBS_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// File with `url = "…"` and `token_file = "…"` for what is not said otherwise; without one, ebsctl.toml in the folder
    /// `XDG_CONFIG_HOME`, or `~/.config`.
    #[arg(long, global = true, value_name = "FILE", env = "EBS_SETTINGS_FILE")]
    settings_file: Option<PathBuf>,
    #[arg(skip)]
    usual_settings: Option<PathBuf>,
}

impl Arguments {
    /// With this file for settings, if there is one and no other is named.
    #[must_use]
    pub fn with_usual_settings(self, file: Option<PathBuf>) -> Self {
        Self { usual_settings: file, ..self }
    }

    /// With what the settings file says.
    fn completed(self) -> anyhow::Result<Self> {
        let local = matches!(
            self.verb,
            Verb::Config(_) | Verb::Completion(_) | Verb::Man(_) | Verb::Token(_)
        );
        if local {
            return Ok(self);
        }
        let (named, usual) = (self.settings_file.as_deref(), self.usual_settings.as_deref());
        let settings = Settings::read(named, usual)?;
        let url = self.url.or(settings.url);
        Ok(Self { url, token_file: self.token_file.or(settings.token_file), ..self })
    }

    /// With what `auto` means where this is written to, by the stream and the environment.
    #[must_use]
    pub fn written_to(self, stream: &impl RawStream) -> Self {
        let color = match self.color {
            ColorChoice::Auto => match AutoStream::choice(stream) {
                anstream::ColorChoice::Never => ColorChoice::Never,
                anstream::ColorChoice::Auto
                | anstream::ColorChoice::Always
                | anstream::ColorChoice::AlwaysAnsi => ColorChoice::Always,
            },
            said @ (ColorChoice::Always | ColorChoice::Never) => said,
        };
        Self { color, ..self }
    }
}

/// Where a coordinator is, if nobody says otherwise.
const USUAL_URL: &str = "http://127.0.0.1:8080";

/// Not ready, or not answered yet.
const NOT_READY: u8 = 1;

/// What was asked, or the settings file, cannot be understood.
const USAGE: u8 = 2;

/// No answer, or none that can be read.
const NO_ANSWER: u8 = 3;

/// Does what was asked and prints it, with colours if they are asked for always; what went wrong goes to `complaints`.
pub async fn run(
    arguments: Arguments,
    out: &mut impl Write,
    complaints: &mut impl Write,
) -> ExitCode {
    let arguments = match arguments.completed() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = writeln!(complaints, "ebsctl: {error:#}");
            return ExitCode::from(USAGE);
        }
    };
    match answer(&arguments, out).await {
        Ok(code) => code,
        Err(error) => {
            // There is nobody left to tell if this cannot be written.
            let _ = writeln!(complaints, "ebsctl: {error:#}");
            ExitCode::from(NO_ANSWER)
        }
    }
}

async fn answer(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let (text, code) = told(arguments).await?;
    // JSON goes as it came.
    let text = match arguments.color {
        _ if arguments.json => text,
        ColorChoice::Always => paint::shown(&text, true),
        ColorChoice::Auto | ColorChoice::Never => paint::shown(&text, false),
    };
    writeln!(out, "{}", text.trim_end()).context("cannot be printed")?;
    Ok(code)
}

/// What there is to print, and the exit code.
async fn told(arguments: &Arguments) -> anyhow::Result<(String, ExitCode)> {
    let url = arguments.url.clone().map_or_else(|| USUAL_URL.parse(), Ok)?;
    let client = Client::new(url)?;
    Ok(match &arguments.verb {
        Verb::Status => {
            let body = client.status().await?;
            let status: Status = serde_json::from_slice(&body).context("not a status")?;
            (pick(arguments, &body, || status::words(&status)), ExitCode::SUCCESS)
        }
        Verb::Ready => {
            let body = client.readiness().await?;
            let readiness: Readiness = serde_json::from_slice(&body).context("not a readiness")?;
            let code = if readiness.ok { ExitCode::SUCCESS } else { ExitCode::from(NOT_READY) };
            (pick(arguments, &body, || words::readiness(&readiness)), code)
        }
        Verb::Alive => alive::told(&client, arguments.json).await?,
        Verb::Dead(verb) => set_aside(arguments, &client, verb).await?,
        Verb::Trigger(trigger) => triggers(arguments, &client, trigger).await?,
        Verb::Deny(verb) => denials(arguments, &client, verb).await?,
        Verb::Reconcile(verb) => reconciled(arguments, &client, verb).await?,
        Verb::Batch(verb) => batches(arguments, &client, verb).await?,
        Verb::Group(verb) => groups(arguments, &client, verb).await?,
        Verb::Pause(pause) => {
            change(arguments, &client, pause.change(System.now().millis())?).await?
        }
        Verb::Unpause(why) => change(arguments, &client, why.change("unpause")).await?,
        Verb::Refresh(why) => change(arguments, &client, why.change("refresh")).await?,
        Verb::Next => {
            let body = client.next().await?;
            let told: Preview = serde_json::from_slice(&body).context("not a preview")?;
            (pick(arguments, &body, || words::preview(&told)), ExitCode::SUCCESS)
        }
        Verb::Explain { name } => {
            let body = client.component(name).await?;
            let told: Explanation = serde_json::from_slice(&body).context("not an explanation")?;
            (pick(arguments, &body, || words::explanation(&told)), ExitCode::SUCCESS)
        }
        Verb::Log(verb) => logged(arguments, &client, verb).await?,
        Verb::Lists(verb) => lists(arguments, &client, verb).await?,
        Verb::Orphans => {
            let body = client.orphans().await?;
            let orphans: Vec<Orphan> = serde_json::from_slice(&body).context("not a list")?;
            (pick(arguments, &body, || words::orphans(&orphans)), ExitCode::SUCCESS)
        }
        Verb::Shadow => shadow::told(arguments, &client).await?,
        Verb::Import(import) => {
            import::run(import, &client, &token(arguments)?, arguments.json).await?
        }
        Verb::Config(verb) => config::run(verb, arguments.json).await?,
        Verb::Completion(completion) => (completion.text(), ExitCode::SUCCESS),
        Verb::Man(manual) => (manual.text()?, ExitCode::SUCCESS),
        Verb::Token(TokenVerb::New(new)) => (new.text()?, ExitCode::SUCCESS),
    })
}

/// Shows the jobs set aside, or decides on one.
async fn set_aside(
    arguments: &Arguments,
    client: &Client,
    verb: &DeadVerb,
) -> anyhow::Result<(String, ExitCode)> {
    match verb {
        DeadVerb::List => {
            let body = client.dead().await?;
            let dead: Vec<Dead> = serde_json::from_slice(&body).context("not a list")?;
            Ok((pick(arguments, &body, || words::dead(&dead)), ExitCode::SUCCESS))
        }
        DeadVerb::Redrive(decision) => change(arguments, client, decision.change("redrive")).await,
        DeadVerb::GiveUp(decision) => change(arguments, client, decision.change("give-up")).await,
    }
}

/// Shows what is logged, or changes it.
async fn logged(
    arguments: &Arguments,
    client: &Client,
    verb: &Log,
) -> anyhow::Result<(String, ExitCode)> {
    let (body, text) = verb.answer(client, || token(arguments)).await?;
    Ok((pick(arguments, &body, || text), ExitCode::SUCCESS))
}

/// Shows lists, or lets one jump: the jump that stands there at this moment.
async fn lists(
    arguments: &Arguments,
    client: &Client,
    verb: &ListsVerb,
) -> anyhow::Result<(String, ExitCode)> {
    let body = client.lists().await?;
    let lists: Vec<List> = serde_json::from_slice(&body).context("not a list of lists")?;
    let Confirmation { list: name, reason } = match verb {
        ListsVerb::Show => {
            return Ok((pick(arguments, &body, || words::lists(&lists)), ExitCode::SUCCESS));
        }
        ListsVerb::Confirm(confirmation) => confirmation,
    };
    let list = lists.iter().find(|list| list.name == *name);
    let list = list.with_context(|| {
        let known: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
        format!("there is no package list `{name}`; there are: {}", known.join(", "))
    })?;
    let held = list.held.as_ref();
    let held = held.with_context(|| format!("the package list `{name}` is not held"))?;
    let place = ["api", "v1", "lists"].into_iter().chain(name.split('/')).chain(["confirm"]);
    let body = serde_json::json!({ "reason": reason, "since": held.since });
    change(arguments, client, Change { place: place.collect(), body }).await
}

/// Shows the deny list, or takes something off it.
async fn denials(
    arguments: &Arguments,
    client: &Client,
    verb: &DenyVerb,
) -> anyhow::Result<(String, ExitCode)> {
    let (name, whole) = match verb {
        DenyVerb::List { name } => (name.as_ref(), false),
        DenyVerb::Show { name } => (Some(name), true),
        DenyVerb::Remove(remove) if remove.dry_run => {
            let body = client.change(&remove.change(), &token(arguments)?).await?;
            let denials = deny::would_remove(&body)?;
            let text = pick(arguments, &body, || words::denials(&denials, false));
            return Ok((text, ExitCode::SUCCESS));
        }
        DenyVerb::Remove(remove) => return change(arguments, client, remove.change()).await,
    };
    let body = client.denied().await?;
    let mut denials = deny::listed(&body)?;
    denials.retain(|denial| name.is_none_or(|name| denial.component == *name));
    // Of one component, its entries alone; what a program wants of the whole list is there unchanged.
    let body = if name.is_some() { serde_json::to_vec(&denials)? } else { body };
    Ok((pick(arguments, &body, || words::denials(&denials, whole)), ExitCode::SUCCESS))
}

/// Shows what was found, or has it looked for.
async fn reconciled(
    arguments: &Arguments,
    client: &Client,
    verb: &ReconcileVerb,
) -> anyhow::Result<(String, ExitCode)> {
    let (body, text, code) = match verb {
        ReconcileVerb::Show { dry_run } => {
            let (body, text) = reconcile::show(client, *dry_run).await?;
            (body, text, ExitCode::SUCCESS)
        }
        ReconcileVerb::Run(run) => reconcile::run(client, run, &token(arguments)?).await?,
    };
    Ok((pick(arguments, &body, || text), code))
}

/// Asks something of the batch under way, or says what that would do.
async fn batches(
    arguments: &Arguments,
    client: &Client,
    verb: &BatchVerb,
) -> anyhow::Result<(String, ExitCode)> {
    let number = verb.number();
    if !verb.is_dry() {
        return change(arguments, client, verb.change(&number)).await;
    }
    let body = client.change(&verb.change(&number), &token(arguments)?).await?;
    let would = batch::would(&body)?;
    Ok((pick(arguments, &body, || would), ExitCode::SUCCESS))
}

/// Decides on a held group, or says what that would do.
async fn groups(
    arguments: &Arguments,
    client: &Client,
    verb: &GroupVerb,
) -> anyhow::Result<(String, ExitCode)> {
    let numbers = verb.numbers();
    if !verb.is_dry() {
        return change(arguments, client, verb.change(&numbers)).await;
    }
    let body = client.change(&verb.change(&numbers), &token(arguments)?).await?;
    let would = group::would(&body)?;
    Ok((pick(arguments, &body, || format!("would: {would}")), ExitCode::SUCCESS))
}

/// Asks for builds. Exit code 1 if some of the names will not be built, or nobody has answered yet.
async fn triggers(
    arguments: &Arguments,
    client: &Client,
    trigger: &Trigger,
) -> anyhow::Result<(String, ExitCode)> {
    let body = client.change(&trigger.change(), &token(arguments)?).await?;
    let told = trigger::told(&body)?;
    let open = told.request.is_some() && told.result.is_none();
    let all = told.names.iter().all(|verdict| verdict.will);
    let code = if all && !open { ExitCode::SUCCESS } else { ExitCode::from(NOT_READY) };
    Ok((pick(arguments, &body, || words::triggered(&told)), code))
}

fn token(arguments: &Arguments) -> anyhow::Result<SecretText> {
    let file = arguments.token_file.as_ref();
    let file = file.context(
        "this needs a token: name its file with --token-file, or as `token_file` in the settings file",
    )?;
    Ok(SecretText::read(file)?)
}

/// Asks for a change; what is refused is an error.
async fn change(
    arguments: &Arguments,
    client: &Client,
    change: Change<'_>,
) -> anyhow::Result<(String, ExitCode)> {
    let body = client.change(&change, &token(arguments)?).await?;
    let answered: Answered = serde_json::from_slice(&body).context("not an answer")?;
    let code = if answered.result.is_some() { 0 } else { NOT_READY };
    Ok((pick(arguments, &body, || words::answered(&answered)), ExitCode::from(code)))
}

fn pick(arguments: &Arguments, body: &[u8], words: impl FnOnce() -> String) -> String {
    if arguments.json { String::from_utf8_lossy(body).into_owned() } else { words() }
}

#[cfg(test)]
mod tests;
