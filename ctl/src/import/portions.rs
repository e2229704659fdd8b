//! All rows cut into requests that a coordinator takes.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::rows::{Failed, Rows, Waiting};

/// Most rows of one request: so many a coordinator takes.
const MAX_ROWS: usize = 200;

/// Most bytes of the rows of one request, of the 64 KiB that a coordinator takes.
const MAX_BYTES: usize = 48 * 1024;

/// The rows of one request.
#[derive(Debug, Default)]
pub(super) struct Portion {
    triggers: Vec<Value>,
    denied: Vec<Value>,
    bytes: usize,
}

impl Portion {
    /// What is denied first: a trigger of such a source has nothing left to do.
    pub(super) fn cut(rows: &Rows) -> anyhow::Result<Vec<Self>> {
        let mut portions: Vec<Self> = Vec::new();
        for Failed { source, created } in &rows.failed {
            let row = json!({ "source": source, "created": created });
            Self::with_room(&mut portions, &row)?.denied.push(row);
        }
        for Waiting { component, build, created } in &rows.waiting {
            let row = json!({ "component": component, "build": build, "created": created });
            Self::with_room(&mut portions, &row)?.triggers.push(row);
        }
        Ok(portions)
    }

    /// One that has room for this row, which is then counted.
    fn with_room<'a>(portions: &'a mut Vec<Self>, row: &Value) -> anyhow::Result<&'a mut Self> {
        let bytes = row.to_string().len();
        let full = |portion: &Self| {
            portion.triggers.len() + portion.denied.len() >= MAX_ROWS
                || portion.bytes + bytes > MAX_BYTES
        };
        if portions.last().is_none_or(full) {
            portions.push(Self::default());
        }
        let portion = portions.last_mut().context("there is one now")?;
        portion.bytes += bytes;
        Ok(portion)
    }

    /// The request.
    pub(super) fn body(&self, reason: &str, dry_run: bool) -> Value {
        let Self { triggers, denied, .. } = self;
        json!({ "reason": reason, "triggers": triggers, "denied": denied, "dry_run": dry_run })
    }
}
