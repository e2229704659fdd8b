//! The rows that are open in the Python service's database. Times may be with or without a zone there; without one they are UTC.

use std::collections::BTreeMap;

use anyhow::ensure;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, postgres::PgRow};

/// Rows read at a time.
const PAGE: usize = 500;

/// Most open triggers; a service that works them off has some hundreds, and 20,000 after a mass rebuild.
const MAX_OPEN: usize = 100_000;

/// Most failures, the newest: one of them is of use for some weeks.
const MAX_FAILED: usize = 20_000;

/// Open triggers, the oldest first. The table is never pruned: completed ones stay where they are.
const OPEN: &str = "SELECT component::TEXT, build_id::BIGINT, \
     COALESCE((EXTRACT(EPOCH FROM created_at) * 1000)::BIGINT, 0) \
     FROM build_trigger WHERE completed_at IS NULL ORDER BY created_at, id";

/// Failures, the newest first.
const FAILED: &str = "SELECT url::TEXT, COALESCE((EXTRACT(EPOCH FROM created_at) * 1000)::BIGINT, 0) \
     FROM failed_builds ORDER BY created_at DESC, id DESC";

/// A trigger that waits there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) component: String,
    pub(super) build: i64,
    /// In ms since the Unix epoch.
    pub(super) created: i64,
}

/// A source that failed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) source: String,
    /// In ms since the Unix epoch.
    pub(super) created: i64,
}

/// What is open there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    /// The newest open trigger of each component, in order of name.
    pub(super) waiting: Vec<Waiting>,
    /// Older ones, which that service would drop for the newest, and that one's build.
    pub(super) superseded: Vec<(Waiting, i64)>,
    /// The newest failures.
    pub(super) failed: Vec<Failed>,
    /// Older ones, which are not read.
    pub(super) left: u64,
}

impl Rows {
    /// Reads both tables.
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let open = page_by_page(connection, OPEN, MAX_OPEN, |row| {
            Ok(Waiting {
                component: row.try_get(0)?,
                build: row.try_get(1)?,
                created: row.try_get(2)?,
            })
        })
        .await?;
        let failed = page_by_page(connection, FAILED, MAX_FAILED, |row| {
            Ok(Failed { source: row.try_get(0)?, created: row.try_get(1)? })
        })
        .await?;
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM failed_builds").fetch_one(connection).await?;
        let read = u64::try_from(failed.len()).unwrap_or(u64::MAX);
        let left = u64::try_from(count).unwrap_or(0).saturating_sub(read);
        Ok(Self { failed, left, ..Self::of_open(open) })
    }

    /// Of each component the newest stays, as that service does it; they come the oldest first.
    pub(super) fn of_open(open: Vec<Waiting>) -> Self {
        let mut newest: BTreeMap<String, Waiting> = BTreeMap::new();
        let mut older = Vec::new();
        for row in open {
            older.extend(newest.insert(row.component.clone(), row));
        }
        let by = |row: Waiting| {
            let build = newest.get(&row.component).map_or(row.build, |newest| newest.build);
            (row, build)
        };
        let superseded = older.into_iter().map(by).collect();
        let waiting = newest.into_values().collect();
        Self { waiting, superseded, ..Self::default() }
    }

    /// The same, unless it is more than any service works off.
    pub(super) fn within_limits(self) -> anyhow::Result<Self> {
        let open = self.waiting.len() + self.superseded.len();
        ensure!(
            open < MAX_OPEN,
            "{MAX_OPEN} triggers or more are open there, which no service works off: set `completed_at` of those that \
             nobody wants any more"
        );
        Ok(self)
    }
}

/// The first rows of a query, at most so many.
async fn page_by_page<T>(
    connection: &mut PgConnection,
    sql: &'static str,
    most: usize,
    read: impl Fn(&PgRow) -> Result<T, sqlx::Error>,
) -> Result<Vec<T>, sqlx::Error> {
    let declare = format!("DECLARE pages NO SCROLL CURSOR FOR {sql} LIMIT {most}");
    sqlx::query(AssertSqlSafe(declare)).execute(&mut *connection).await?;
    let fetch = format!("FETCH {PAGE} FROM pages");
    let mut all = Vec::new();
    loop {
        // Another query has other columns under the same words: nothing of them is kept.
        let page = sqlx::query(AssertSqlSafe(fetch.clone())).persistent(false);
        let page = page.fetch_all(&mut *connection).await?;
        for row in &page {
            all.push(read(row)?);
        }
        if page.len() < PAGE {
            break;
        }
    }
    sqlx::query("CLOSE pages").execute(&mut *connection).await?;
    Ok(all)
}
