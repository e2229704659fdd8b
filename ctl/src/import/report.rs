//! What came over and what did not, for people and for programs.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::{database::Database, rows::Rows};
use crate::{
    config::Check,
    paint::{Tone, toned},
    table::Table,
    text::{line, moment},
};

/// Most rows of one fate that are shown to people; the others are counted.
const SHOWN: usize = 40;

/// What a coordinator answers to one request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    request: Option<i64>,
    result: Option<String>,
    triggers: Vec<Verdict>,
    denied: Vec<Verdict>,
}

/// What becomes of one row.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Verdict {
    asked: String,
    component: Option<String>,
    nvr: Option<String>,
    /// `taken`, `here`, `over` or `refused`.
    fate: String,
    why: String,
}

/// What there is to say.
pub(super) struct Report<'a> {
    check: &'a Check,
    database: String,
    dry_run: bool,
    triggers: Vec<Verdict>,
    denied: Vec<Verdict>,
    /// Failures that are not read, for there are too many newer ones; and since when these are.
    left: (u64, Option<i64>),
    requests: Vec<i64>,
    /// How many of them nobody has answered yet.
    open: usize,
}

impl<'a> Report<'a> {
    /// Before anything was asked.
    pub(super) fn new(check: &'a Check, database: &Database, dry_run: bool, rows: &Rows) -> Self {
        let superseded = rows.superseded.iter().map(|(row, by)| Verdict {
            asked: format!("{} {}", row.component, row.build),
            component: Some(row.component.clone()),
            nvr: None,
            fate: "over".to_owned(),
            why: format!("superseded by build {by}, of which that service heard later"),
        });
        Self {
            check,
            database: database.to_string(),
            dry_run,
            triggers: superseded.collect(),
            denied: Vec::new(),
            left: (rows.left, rows.failed.last().map(|row| row.created)),
            requests: Vec::new(),
            open: 0,
        }
    }

    /// With what was answered to a portion.
    pub(super) fn add(&mut self, answer: Answer) {
        let Answer { request, result, triggers, denied } = answer;
        self.triggers.extend(triggers);
        self.denied.extend(denied);
        self.open += usize::from(request.is_some() && result.is_none());
        self.requests.extend(request);
    }

    /// Whether all that can be used is here, and the configuration can be used too.
    pub(super) fn fine(&self) -> bool {
        self.open == 0 && self.check.fine(false)
    }

    /// As JSON, version 1.
    pub(super) fn json(&self) -> anyhow::Result<String> {
        let check: serde_json::Value = serde_json::from_str(&self.check.json()?)?;
        let Self { database, dry_run, triggers, denied, requests, open, left, .. } = self;
        let whole = serde_json::json!({
            "version": 1, "fine": self.fine(), "dry_run": dry_run, "configuration": check, "database": database,
            "triggers": triggers, "denied": denied, "not_read": left.0, "requests": requests, "unanswered": open,
        });
        serde_json::to_string_pretty(&whole).context("cannot be written as JSON")
    }

    /// For people: the configuration, how much of what, then the rows.
    pub(super) fn words(&self) -> String {
        let mut text = self.check.words();
        line(&mut text, format_args!("database {}:", self.database));
        let head = ["ROWS", "COME OVER", "HERE ALREADY", "OVER", "NOT USED HERE"];
        let mut table = Table::new("  ", head);
        for (name, verdicts) in self.both() {
            let count = |fate: &str| {
                verdicts.iter().filter(|verdict| verdict.fate == fate).count().to_string()
            };
            let (taken, here) = (count("taken"), count("here"));
            table.row([name.to_owned(), taken, here, count("over"), count("refused")]);
        }
        table.write(&mut text);
        if let (left @ 1.., since) = self.left {
            let since = since.map(moment).unwrap_or_default();
            line(
                &mut text,
                format_args!("  {left} failed builds from before {since} are not read"),
            );
        }
        for (name, verdicts) in self.both() {
            rows(&mut text, name, verdicts);
        }
        let Self { requests, open, .. } = self;
        let numbers = requests.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (self.dry_run, requests.is_empty()) {
            (true, _) => line(&mut text, format_args!("nothing was asked for: this was a dry run")),
            (false, true) => line(&mut text, format_args!("nothing to take over")),
            (false, false) if *open > 0 => {
                line(
                    &mut text,
                    format_args!("requests {numbers}: {open} not answered by a leader yet"),
                );
            }
            (false, false) => line(&mut text, format_args!("requests {numbers}: done")),
        }
        text
    }

    fn both(&self) -> [(&'static str, &[Verdict]); 2] {
        [("open triggers", &self.triggers), ("failed builds", &self.denied)]
    }
}

/// The rows of one table, those that come over first.
fn rows(text: &mut String, name: &str, verdicts: &[Verdict]) {
    let fates = [
        ("taken", "come over", Tone::Good),
        ("refused", "not used here", Tone::Bad),
        ("over", "over", Tone::Odd),
        ("here", "here already", Tone::Good),
    ];
    let mut by_fate: BTreeMap<&str, Vec<&Verdict>> = BTreeMap::new();
    for verdict in verdicts {
        by_fate.entry(&verdict.fate).or_default().push(verdict);
    }
    for (fate, words, tone) in fates {
        let Some(verdicts) = by_fate.get(fate) else { continue };
        line(text, format_args!("{name}: {}", toned(tone, words)));
        let mut table = Table::new("  ", ["ROW", "COMPONENT", "BUILD", "WHY"]);
        for verdict in verdicts.iter().take(SHOWN) {
            let Verdict { asked, component, nvr, why, .. } = verdict;
            let [component, nvr] = [component, nvr].map(|name| name.clone().unwrap_or_default());
            table.row([asked.clone(), component, nvr, why.clone()]);
        }
        table.write(text);
        if let Some(more @ 1..) = verdicts.len().checked_sub(SHOWN) {
            line(text, format_args!("  and {more} more; --json has all"));
        }
    }
}
