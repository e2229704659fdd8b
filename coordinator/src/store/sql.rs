//! The store on PostgreSQL and SQLite.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use ebs_domain::{
    id::{BatchId, BuildId, Component, Epoch, RequestId, TagName},
    scm::ScmUrl,
    time::Timestamp,
};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::{
    AuditRow, BatchRow, Candidate, Change, Committed, DeadRow, DenyRow, EffectRow, Forget,
    GroupRow, Lease, ListRow, MemberRow, NewRequest, OrphanRow, RequestRow, Store, StoreError,
    TriggerRow, bulk,
    cell::{Columns, Field},
    commit,
    fault::Fault,
    forget, lease,
    link::{Pools, Row, Transaction, Value},
    number,
    open::{self, StoreOptions},
    people,
    table::{self, Record},
};

/// The most builds asked for in one statement: SQLite looks each value up by its name among all the others.
const MAX_BUILDS: usize = 500;

/// The store on a database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct SqlStore {
    pools: Pools,
    limit: Duration,
}

impl SqlStore {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`super::StoreErrorKind::TooNew`] if a newer program made it, `Unavailable` if it does not answer, `Broken` if it
    /// cannot be used: no such database, wrong password, no database file, file in use.
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        let pools = open::open(options).await?;
        Ok(Self { pools, limit: options.statement_limit })
    }

    /// Closes all connections, of all clones.
    pub async fn close(&self) {
        self.pools.close().await;
    }

    /// The rows of a table that `tail` asks for.
    async fn all<R: Record>(
        &self,
        what: &'static str,
        tail: &str,
        values: Vec<Value>,
    ) -> Result<Vec<R>, StoreError> {
        let reading =
            async { table::select(&mut self.pools.reader(self.limit).await?, tail, values).await };
        reading.await.map_err(|fault| fault.while_trying(what))
    }

    /// The one row that `tail` asks for.
    async fn one<R: Record>(
        &self,
        what: &'static str,
        tail: &str,
        values: Vec<Value>,
    ) -> Result<Option<R>, StoreError> {
        Ok(self.all(what, tail, values).await?.pop())
    }

    /// The answer to a question that is not for whole rows.
    async fn ask<T>(
        &self,
        what: &'static str,
        sql: impl SqlSafeStr + Send,
        values: Vec<Value>,
        read: impl Fn(&Row) -> Result<T, Fault> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let asking = async {
            let rows = self.pools.reader(self.limit).await?.query(sql, values).await?;
            rows.iter().map(read).collect::<Result<Vec<T>, Fault>>()
        };
        asking.await.map_err(|fault| fault.while_trying(what))
    }
}

/// Ends a transaction as its work ended.
async fn end<T>(transaction: Transaction, done: Result<T, Fault>) -> Result<T, Fault> {
    match done {
        Ok(done) => {
            transaction.commit().await?;
            Ok(done)
        }
        Err(fault) => {
            // What went wrong first is told. A rollback that fails closes the connection, which undoes everything too.
            let _ = transaction.rollback().await;
            Err(fault)
        }
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn lead(&self, candidate: &Candidate) -> Result<Lease, StoreError> {
        let leading = async {
            let mut transaction = self.pools.begin(self.limit).await?;
            let done = lease::lead(&mut transaction, candidate).await;
            end(transaction, done).await
        };
        leading.await.map_err(|fault: Fault| fault.while_trying("take the lease"))
    }

    async fn resign(&self, candidate: &Candidate) -> Result<(), StoreError> {
        let resigning = async {
            let mut transaction = self.pools.begin(self.limit).await?;
            let done = lease::resign(&mut transaction, candidate).await;
            end(transaction, done).await
        };
        resigning.await.map_err(|fault: Fault| fault.while_trying("give the lease up"))
    }

    async fn commit(&self, epoch: Epoch, changes: Vec<Change>) -> Result<Committed, StoreError> {
        let committing = async {
            let mut transaction = self.pools.begin(self.limit).await?;
            let done = match lease::fence(&mut transaction, epoch).await {
                Ok(()) => commit::apply(&mut transaction, changes).await,
                Err(fault) => Err(fault),
            };
            end(transaction, done).await
        };
        committing.await.map_err(|fault: Fault| fault.while_trying("commit"))
    }

    async fn open_batch(&self) -> Result<Option<BatchRow>, StoreError> {
        let condition = "WHERE ended IS NULL AND lingers = 0";
        self.one("read the open batch", condition, Vec::new()).await
    }

    async fn lingering_batches(&self) -> Result<Vec<BatchRow>, StoreError> {
        let condition = "WHERE ended IS NULL AND lingers = 1 ORDER BY id";
        self.all("read the lingering batches", condition, Vec::new()).await
    }

    async fn batch(&self, id: BatchId) -> Result<Option<BatchRow>, StoreError> {
        self.one("read a batch", "WHERE id = $1", vec![id.write()]).await
    }

    async fn recent_batches(&self, limit: u32) -> Result<Vec<BatchRow>, StoreError> {
        self.all("read the recent batches", "ORDER BY id DESC LIMIT $1", vec![limit.write()]).await
    }

    async fn members(&self, batch: BatchId) -> Result<Vec<MemberRow>, StoreError> {
        let mut members: Vec<MemberRow> =
            self.all("read the members", "WHERE batch = $1", vec![batch.write()]).await?;
        members.sort_by(|a, b| a.component.cmp(&b.component));
        Ok(members)
    }

    async fn groups(&self, batch: BatchId) -> Result<Vec<GroupRow>, StoreError> {
        self.all("read the groups", "WHERE batch = $1 ORDER BY number", vec![batch.write()]).await
    }

    async fn open_groups(&self) -> Result<Vec<GroupRow>, StoreError> {
        self.all("read the open groups", "WHERE open = 1 ORDER BY batch, number", Vec::new()).await
    }

    async fn open_effects(&self) -> Result<Vec<EffectRow>, StoreError> {
        let mut effects: Vec<EffectRow> =
            self.all("read the open effects", "WHERE closed IS NULL", Vec::new()).await?;
        effects.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(effects)
    }

    async fn effect(&self, id: &str) -> Result<Option<EffectRow>, StoreError> {
        self.one("read an effect", "WHERE id = $1", vec![id.to_owned().write()]).await
    }

    async fn pending_triggers(&self, limit: u32) -> Result<Vec<TriggerRow>, StoreError> {
        let tail = "WHERE answer IS NULL ORDER BY created, id LIMIT $1";
        self.all("read the pending triggers", tail, vec![limit.write()]).await
    }

    async fn pending_count(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        const COUNT: &str = "SELECT COUNT(*), MIN(created) FROM triggers WHERE answer IS NULL";
        let read = |row: &Row| {
            let mut columns = Columns::of(row);
            Ok((count(columns.take()?), columns.take()?))
        };
        Ok(self
            .ask("count the pending triggers", COUNT, Vec::new(), read)
            .await?
            .pop()
            .unwrap_or_default())
    }

    async fn batch_triggers(&self, batch: BatchId) -> Result<Vec<TriggerRow>, StoreError> {
        self.all("read a batch's triggers", "WHERE batch = $1 ORDER BY id", vec![batch.write()])
            .await
    }

    async fn triggered(
        &self,
        tag: &TagName,
        builds: &[BuildId],
    ) -> Result<BTreeSet<BuildId>, StoreError> {
        let mut found = BTreeSet::new();
        for some in builds.chunks(MAX_BUILDS) {
            // As the unique index has it. The numbers are the values before the tag, so their places are known.
            let sql = format!(
                "SELECT build FROM triggers WHERE build IN {} AND tag = ${} AND by_person = 0 \
                 AND (shown IS NULL OR shown <> 'withdrawn')",
                bulk::placeholders(1, some.len()),
                some.len() + 1
            );
            let values = some.iter().copied().map(Field::write);
            let values = values.chain([tag.as_str().to_owned().write()]).collect();
            let read = |row: &Row| Columns::of(row).take::<BuildId>();
            found.extend(self.ask("look for triggers", AssertSqlSafe(sql), values, read).await?);
        }
        Ok(found)
    }

    async fn component_triggers(
        &self,
        component: &Component,
        limit: u32,
    ) -> Result<Vec<TriggerRow>, StoreError> {
        let tail = "WHERE component = $1 ORDER BY id DESC LIMIT $2";
        let values = vec![component.clone().write(), limit.write()];
        self.all("read a component's triggers", tail, values).await
    }

    async fn component_members(
        &self,
        component: &Component,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError> {
        let tail = "WHERE component = $1 ORDER BY batch DESC LIMIT $2";
        let values = vec![component.clone().write(), limit.write()];
        self.all("read what became of a component", tail, values).await
    }

    async fn triggers_by_answer(&self) -> Result<Vec<(String, u64)>, StoreError> {
        const COUNT: &str = "SELECT CASE WHEN answer IS NULL THEN 'pending' ELSE COALESCE(shown, '') END, COUNT(*) \
             FROM triggers GROUP BY 1";
        let read = |row: &Row| {
            let mut columns = Columns::of(row);
            Ok((columns.take()?, count(columns.take()?)))
        };
        let mut counts = self.ask("count the triggers", COUNT, Vec::new(), read).await?;
        counts.sort();
        Ok(counts)
    }

    async fn denied(&self, sources: &[ScmUrl], now: Timestamp) -> Result<Vec<DenyRow>, StoreError> {
        let mut denied: Vec<DenyRow> = Vec::new();
        for some in sources.chunks(bulk::MAX_KEYS) {
            let values = some.iter().cloned().map(Field::write).chain([now.write()]).collect();
            let tail = format!(
                "WHERE source IN {} AND expires > ${}",
                bulk::placeholders(1, some.len()),
                some.len() + 1
            );
            denied.extend(self.all("read the deny list", &tail, values).await?);
        }
        denied.sort_by(|a, b| a.source.cmp(&b.source));
        // A source asked for twice, in two statements, is told once.
        denied.dedup();
        Ok(denied)
    }

    async fn denials(&self, now: Timestamp, limit: u32) -> Result<Vec<DenyRow>, StoreError> {
        let tail = "WHERE expires > $1 ORDER BY last DESC, source LIMIT $2";
        self.all("read the deny list", tail, vec![now.write(), limit.write()]).await
    }

    async fn odd_messages(&self) -> Result<u64, StoreError> {
        let read = |row: &Row| Ok(count(row.get(0)?));
        let counts = self
            .ask("count the odd messages", "SELECT COUNT(*) FROM odd_messages", Vec::new(), read)
            .await?;
        Ok(counts.first().copied().unwrap_or(0))
    }

    async fn ask(&self, request: NewRequest) -> Result<Option<RequestId>, StoreError> {
        let asking = async {
            let mut transaction = self.pools.begin(self.limit).await?;
            let done = people::ask(&mut transaction, request).await;
            end(transaction, done).await
        };
        asking.await.map_err(|fault: Fault| fault.while_trying("store a request"))
    }

    async fn note(&self, entry: AuditRow) -> Result<RequestId, StoreError> {
        let noting = async {
            let mut transaction = self.pools.begin(self.limit).await?;
            let done = people::note(&mut transaction, entry).await;
            end(transaction, done).await
        };
        noting.await.map_err(|fault: Fault| fault.while_trying("write into the audit"))
    }

    async fn requests(&self, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        self.all("read the requests", "ORDER BY id LIMIT $1", vec![limit.write()]).await
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.all("read the audit", "ORDER BY id DESC LIMIT $1", vec![limit.write()]).await
    }

    async fn audited(&self, id: RequestId) -> Result<Option<AuditRow>, StoreError> {
        self.one("read an audit entry", "WHERE id = $1", vec![id.write()]).await
    }

    async fn dead_letters(&self, limit: u32) -> Result<Vec<DeadRow>, StoreError> {
        self.all("read the dead letters", "ORDER BY since, job LIMIT $1", vec![limit.write()]).await
    }

    async fn orphans(&self, limit: u32) -> Result<Vec<OrphanRow>, StoreError> {
        let tail = "ORDER BY first_seen, kind, name LIMIT $1";
        self.all("read the orphans", tail, vec![limit.write()]).await
    }

    async fn group_names(&self, name: &str) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT batch FROM update_groups WHERE state LIKE $1 LIMIT 1";
        // A name with a wildcard in it is found too often rather than too rarely.
        let values = vec![format!("%\"{name}\"%").write()];
        Ok(!self.ask("look for a name in groups", SQL, values, |_| Ok(())).await?.is_empty())
    }

    async fn lists(&self) -> Result<Vec<ListRow>, StoreError> {
        let mut lists: Vec<ListRow> = self.all("read the package lists", "", Vec::new()).await?;
        lists.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(lists)
    }

    async fn put_list(&self, list: ListRow) -> Result<bool, StoreError> {
        let writing = async {
            let mut transaction = self.pools.begin(self.limit).await?;
            let done = table::put(&mut transaction, vec![list]).await;
            Ok(!end(transaction, done).await?.is_empty())
        };
        writing.await.map_err(|fault: Fault| fault.while_trying("write a package list"))
    }

    async fn next_number(&self, name: &str, above: u64) -> Result<u64, StoreError> {
        let numbering = async {
            let mut transaction = self.pools.begin(self.limit).await?;
            let done = number::next(&mut transaction, name, above).await;
            end(transaction, done).await
        };
        numbering.await.map_err(|fault: Fault| fault.while_trying("give a number"))
    }

    async fn mark(&self, name: &str) -> Result<Option<String>, StoreError> {
        let read = |row: &Row| Ok(row.get(0)?);
        let values = vec![name.to_owned().write()];
        Ok(self
            .ask("read a mark", "SELECT value FROM marks WHERE name = $1", values, read)
            .await?
            .pop())
    }

    async fn forget(&self, epoch: Epoch, before: &Forget) -> Result<u64, StoreError> {
        let forgetting = async {
            let mut transaction = self.pools.begin(self.limit).await?;
            let done = match lease::fence(&mut transaction, epoch).await {
                Ok(()) => forget::forget(&mut transaction, before).await,
                Err(fault) => Err(fault),
            };
            end(transaction, done).await
        };
        forgetting.await.map_err(|fault: Fault| fault.while_trying("forget what is over"))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.ask("reach the database", "SELECT epoch FROM leader", Vec::new(), |_| Ok(()))
            .await
            .map(drop)
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
