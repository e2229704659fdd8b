//! The steady stream of the demo: single builds, and now and then a merge of many, with a realistic mix of failures. Time is
//! kept elsewhere.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::{
    fedora::{Announce, Fedora},
    scenario::{Cast, Part},
};

/// Time between two things that happen.
pub const PACE: Duration = Duration::from_secs(6);

/// One in so many events is a merge.
const MERGE_EVERY: u32 = 5;

/// Of a thousand packages: how many end in which way. The rest succeed.
const MIX: &[(u64, &[&str])] = &[
    (25, &["fail_build"]),
    (30, &["fail_build", "succeed"]),
    (10, &["fail_srpm"]),
    (15, &["fail_dependency"]),
    (10, &["infrastructure", "succeed"]),
    (5, &["back_to_free"]),
    (5, &["failed_but_complete"]),
    (20, &["slow"]),
];

/// The script of the demo: how builds end, and that they take some seconds.
#[must_use]
pub fn script(cast: &Cast, seed: u64) -> Value {
    let mut outcomes = Map::new();
    for part in &cast.parts {
        let mut lot = draw(seed, &part.upstream) % 1000;
        for (share, attempts) in MIX {
            if lot < *share {
                outcomes.insert(part.upstream.clone(), json!(attempts));
                break;
            }
            lot -= share;
        }
    }
    json!({
        "seed": seed,
        "outcomes": outcomes,
        "timing": {
            "request_ms": 20, "pickup_ms": 500, "build_min_ms": 1000, "build_max_ms": 3500, "tagging_ms": 300,
            "repo_ms": 1500, "repo_queue_ms": 500, "slow_factor": 2,
        },
    })
}

/// A stream, and how far it has come.
#[derive(Clone, Debug)]
pub struct Stream {
    seed: u64,
    moment: u32,
}

impl Stream {
    /// At its beginning.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, moment: 0 }
    }

    /// Tags the builds of the next moment; how many.
    ///
    /// # Errors
    ///
    /// The simulator refuses one.
    pub async fn next(&mut self, fedora: &Fedora, cast: &Cast) -> anyhow::Result<u64> {
        let mut tagged = 0;
        for part in chosen(cast, self.seed, self.moment) {
            fedora.tag(part, 2 + self.moment, Announce::Once).await?;
            tagged += 1;
        }
        self.moment += 1;
        Ok(tagged)
    }
}

/// The packages of one moment: one, or up to thirty that stand side by side.
fn chosen(cast: &Cast, seed: u64, moment: u32) -> impl Iterator<Item = &Part> {
    let count = if moment.is_multiple_of(MERGE_EVERY) {
        5 + draw(seed, &format!("size {moment}")) % 26
    } else {
        1
    };
    let packages = u64::try_from(cast.parts.len()).unwrap_or(1).max(1);
    let first = draw(seed, &format!("first {moment}")) % packages;
    (0..count.min(packages))
        .filter_map(move |n| cast.parts.get(usize::try_from((first + n) % packages).ok()?))
}

/// A number that depends on seed and text only.
fn draw(seed: u64, text: &str) -> u64 {
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, format!("{seed} {text}").as_bytes());
    id.as_u64_pair().0
}

#[cfg(test)]
mod tests;
