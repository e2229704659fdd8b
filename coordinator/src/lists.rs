//! The package lists as they are kept: each is fetched, counted by the domain's guards, and stored with what came of it.
//!
//! Whoever makes snapshots keeps them, leader or not: two fetches at nearly the same time count as one, and a list that
//! another instance has written is read again. Does *not* know what a component is.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::Context as _;
use ebs_domain::{
    id::PackageName,
    package_list::{Guards, Heard, PackageList, VERSION},
    policy::Listed,
};
use ebs_shared::{
    clock::Clock,
    config::Autopackagelist,
    content::{ContentResolver, on_list},
    telemetry::{Metrics, MetricsError},
};
use prometheus::IntGaugeVec;
use serde::{Deserialize, Serialize};

use crate::{
    report::chain,
    store::{ListRow, Store},
};

/// How often a list is read again that others write at the same time.
const TRIES: u32 = 3;

/// Most names that are told of one change.
const TOLD: usize = 20;

/// Keeps lists.
pub struct Lists {
    /// Where they come from.
    pub resolver: ContentResolver,
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// When a name acts, and what is a jump.
    pub guards: Guards,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: ListMetrics,
}

/// Metrics of lists, by list.
#[derive(Clone)]
pub struct ListMetrics {
    names: IntGaugeVec,
    held: IntGaugeVec,
    accepted: IntGaugeVec,
}

impl ListMetrics {
    /// Registers them.
    ///
    /// # Errors
    ///
    /// A metric's name is taken.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let gauge = |name, help| metrics.gauge(name, help, &["list"]);
        Ok(Self {
            names: gauge("ebs_list_names", "Names on a package list that act")?,
            held: gauge("ebs_list_held", "Whether a package list jumps and waits for a person")?,
            accepted: gauge(
                "ebs_list_accepted_timestamp_seconds",
                "When a package list was last had, in seconds since the Unix epoch",
            )?,
        })
    }

    fn tell(&self, name: &str, list: &PackageList) {
        let names = i64::try_from(list.count().acting).unwrap_or(i64::MAX);
        self.names.with_label_values(&[name]).set(names);
        self.held.with_label_values(&[name]).set(i64::from(list.held().is_some()));
        let accepted = list.accepted().map_or(0, |at| at.millis() / 1000);
        self.accepted.with_label_values(&[name]).set(accepted);
    }
}

/// A list as it stands in its row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The version of this shape, [`VERSION`].
    pub v: u32,
    /// The list.
    pub list: PackageList,
}

/// What a fetch showed, or why it showed nothing.
type Fetched = Result<BTreeSet<PackageName>, String>;

impl Lists {
    /// Fetches each of these lists, and gives the names that act, in the order of the configuration. One that cannot be had
    /// stays as it was, and holds up no other.
    ///
    /// # Errors
    ///
    /// The store cannot be read or written, or no list has ever been had.
    pub async fn round(&self, wanted: &Autopackagelist) -> anyhow::Result<Vec<Listed>> {
        let mut listed = Vec::new();
        let (mut known, mut faults) = (0_usize, Vec::new());
        for view in &wanted.views {
            for source in &wanted.sources {
                let name = format!("{view}/{source}");
                let fetched = self.resolver.fetch(&wanted.content_resolver, view, source).await;
                let fetched = fetched.map_err(|error| chain(&error));
                if let Err(why) = &fetched {
                    tracing::warn!(list = name, error = why, "a package list stays as it was");
                    faults.push(format!("{name}: {why}"));
                }
                let list = self.keep(&name, &fetched).await?;
                known += usize::from(list.accepted().is_some());
                listed.extend(on_list(&name, &list.acting()));
            }
        }
        anyhow::ensure!(known > 0, "no package list was ever had: {}", faults.join("; "));
        Ok(listed)
    }

    /// Counts a fetch and stores what came of it.
    async fn keep(&self, name: &str, fetched: &Fetched) -> anyhow::Result<PackageList> {
        for _ in 0..TRIES {
            let rows = self.store.lists().await.context("cannot read the package lists")?;
            let row = rows.into_iter().find(|row| row.name == name);
            let (row, list, heard) = self.hear(name, row.as_ref(), fetched)?;
            if self.store.put_list(row.clone()).await.context("cannot keep a package list")? {
                self.metrics.tell(name, &list);
                tell(&row, &list, heard);
                return Ok(list);
            }
        }
        anyhow::bail!("others write the package list {name} at the same time: again later")
    }

    fn hear(
        &self,
        name: &str,
        row: Option<&ListRow>,
        fetched: &Fetched,
    ) -> anyhow::Result<(ListRow, PackageList, Option<Heard>)> {
        let now = self.clock.now();
        let (revision, confirmed) = row.map_or((0, None), |row| (row.revision, row.confirmed));
        let mut list = row.map_or_else(|| Ok(PackageList::default()), read)?;
        let hear = |shown| list.hear(shown, &self.guards, confirmed, now);
        let heard = fetched.as_ref().ok().map(hear);
        let row = ListRow {
            name: name.to_owned(),
            revision: revision + 1,
            state: serde_json::to_string(&Kept { v: VERSION, list: list.clone() })?,
            tried: now,
            fault: fetched.as_ref().err().cloned(),
            confirmed: None,
        };
        Ok((row, list, heard))
    }
}

/// The list in a row.
///
/// # Errors
///
/// A newer program wrote it, or it cannot be read: this says which list and what to do.
pub fn read(row: &ListRow) -> anyhow::Result<PackageList> {
    let kept: Kept = serde_json::from_str(&row.state)
        .with_context(|| format!("cannot read the package list {} as it is stored", row.name))?;
    anyhow::ensure!(
        kept.v <= VERSION,
        "the package list {} has version {}, this program knows {VERSION}: run the newer program",
        row.name,
        kept.v
    );
    Ok(kept.list)
}

/// Says what a fetch has changed, once.
fn tell(row: &ListRow, list: &PackageList, heard: Option<Heard>) {
    match heard {
        Some(Heard::Accepted { entered, left }) if !entered.is_empty() || !left.is_empty() => {
            tracing::info!(
                list = row.name,
                names = list.acting().len(),
                entered = some(&entered),
                left = some(&left),
                "a package list has changed"
            );
        }
        Some(Heard::Held(held)) if held.since == row.tried => {
            tracing::warn!(
                list = row.name,
                entering = held.entering,
                leaving = held.leaving,
                "a package list jumps: it stays as it was until somebody confirms the jump"
            );
        }
        Some(Heard::Accepted { .. } | Heard::Held(_)) | None => {}
    }
}

/// The first of these names, and how many more there are.
fn some(names: &[PackageName]) -> String {
    let told: Vec<&str> = names.iter().take(TOLD).map(PackageName::as_str).collect();
    let more = names.len().saturating_sub(TOLD);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", told.join(" "))
}
