//! The tables whose rows are the contract's types: which columns, which key; and the statements made from that.

use ebs_domain::id::BatchId;
use sqlx::AssertSqlSafe;

use super::{
    AuditRow, BatchRow, DeadRow, DenyRow, EffectRow, GroupRow, ListRow, MemberRow, NewTrigger,
    OddMessage, OrphanRow, RequestRow, TriggerRow,
    bulk::{self, Around},
    cell::{Columns, Field},
    fault::Fault,
    link::{Conn, Row, Transaction, Value},
};

/// A type whose values are the rows of a table.
pub(super) trait Record: Sized {
    /// The table.
    const TABLE: &'static str;
    /// Its columns, the key first.
    const COLUMNS: &'static [&'static str];
    /// How many columns make the key.
    const KEY: usize;
    /// What happens to a row that is there already, if it is not simply replaced.
    const ON_CONFLICT: Option<&'static str> = None;

    /// In the order of the columns.
    fn write(self) -> Vec<Value>;
    /// In the order of the columns.
    fn read(columns: &mut Columns<'_>) -> Result<Self, Fault>;
}

/// Makes a type whose fields are named as the columns a [`Record`].
macro_rules! record {
    ($type:ident in $table:literal, key [$($key:ident),+], then [$($field:ident),+] $(, on conflict $conflict:expr)?) => {
        impl Record for $type {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($key),)+ $(stringify!($field),)+];
            const KEY: usize = [$(stringify!($key)),+].len();
            $(const ON_CONFLICT: Option<&'static str> = Some($conflict);)?

            fn write(self) -> Vec<Value> {
                vec![$(self.$key.write(),)+ $(self.$field.write(),)+]
            }

            fn read(columns: &mut Columns<'_>) -> Result<Self, Fault> {
                Ok(Self { $($key: columns.take()?,)+ $($field: columns.take()?,)+ })
            }
        }
    };
}

/// One that is closed stays as it is.
const UNLESS_CLOSED: &str = "(id) DO UPDATE SET batch = excluded.batch, kind = excluded.kind, runner = excluded.runner, \
     payload = excluded.payload, run = excluded.run, first_issued = excluded.first_issued, \
     last_issued = excluded.last_issued, due = excluded.due, unavailable_since = excluded.unavailable_since, \
     last_error = excluded.last_error, created = excluded.created, closed = excluded.closed, \
     outcome = excluded.outcome WHERE effects.closed IS NULL";

/// Counts batches, not reports: a commit whose answer was lost may come twice.
const DENY_AGAIN: &str = "(source) DO UPDATE SET component = excluded.component, class = excluded.class, \
     text = excluded.text, batch = excluded.batch, task = excluded.task, last = excluded.last, \
     count = denied.count + CASE WHEN denied.batch = excluded.batch THEN 0 ELSE 1 END, expires = excluded.expires \
     WHERE excluded.batch <> 0 OR denied.expires < excluded.expires";

/// Only over what was read; what a person has confirmed is written elsewhere.
const UNLESS_WRITTEN: &str = "(name) DO UPDATE SET revision = excluded.revision, state = excluded.state, tried = excluded.tried, \
     fault = excluded.fault WHERE package_lists.revision = excluded.revision - 1 RETURNING name";

record!(BatchRow in "batches", key [id], then [phase, state, created, phase_since, ended, summary, lingers]);
record!(MemberRow in "members", key [batch, component], then [state, shown]);
record!(GroupRow in "update_groups", key [batch, number], then [state, shown, open]);
record!(EffectRow in "effects", key [id], then [
    batch, kind, runner, payload, run, first_issued, last_issued, due, unavailable_since, last_error, created, closed, outcome
], on conflict UNLESS_CLOSED);
record!(OddMessage in "odd_messages", key [id], then [topic, body, fault, received], on conflict "(id) DO NOTHING");
record!(AuditRow in "audit", key [id], then [who, asked, action, subject, why, done, result]);
record!(RequestRow in "requests", key [id], then [payload]);
record!(DeadRow in "dead_letters", key [job], then [
    batch, update_group, kind, what, attempts, error, since, workers, suffers
]);
record!(OrphanRow in "orphans", key [kind, name], then [what, first_seen, last_seen, removal]);
record!(ListRow in "package_lists", key [name], then [revision, state, tried, fault, confirmed], on conflict UNLESS_WRITTEN);

/// What stands for no batch in a column that must not be empty: ours are numbered from 1.
const NO_BATCH: BatchId = BatchId::new(0);

impl Record for DenyRow {
    const TABLE: &'static str = "denied";
    const COLUMNS: &'static [&'static str] = &[
        "source",
        "component",
        "class",
        "text",
        "batch",
        "task",
        "first",
        "last",
        "count",
        "expires",
    ];
    const KEY: usize = 1;
    const ON_CONFLICT: Option<&'static str> = Some(DENY_AGAIN);

    fn write(self) -> Vec<Value> {
        vec![
            self.source.write(),
            self.component.write(),
            self.class.write(),
            self.text.write(),
            self.batch.unwrap_or(NO_BATCH).write(),
            self.task.write(),
            self.first.write(),
            self.last.write(),
            self.count.write(),
            self.expires.write(),
        ]
    }

    fn read(columns: &mut Columns<'_>) -> Result<Self, Fault> {
        Ok(Self {
            source: columns.take()?,
            component: columns.take()?,
            class: columns.take()?,
            text: columns.take()?,
            batch: Some(columns.take()?).filter(|batch| *batch != NO_BATCH),
            task: columns.take()?,
            first: columns.take()?,
            last: columns.take()?,
            count: columns.take()?,
            expires: columns.take()?,
        })
    }
}

impl Record for TriggerRow {
    const TABLE: &'static str = "triggers";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "batch",
        "component",
        "tag",
        "build",
        "nvr",
        "cause",
        "by_person",
        "message",
        "created",
        "answer",
        "shown",
    ];
    const KEY: usize = 1;
    /// Whatever it repeats: the tagging, or the message.
    const ON_CONFLICT: Option<&'static str> = Some("DO NOTHING RETURNING id");

    fn write(self) -> Vec<Value> {
        let NewTrigger {
            component,
            tag,
            build,
            nvr,
            cause,
            by_person,
            message,
            created,
            answer,
            shown,
        } = self.trigger;
        vec![
            self.id.write(),
            self.batch.write(),
            component.write(),
            tag.write(),
            build.write(),
            nvr.write(),
            cause.write(),
            by_person.write(),
            message.write(),
            created.write(),
            answer.write(),
            shown.write(),
        ]
    }

    fn read(columns: &mut Columns<'_>) -> Result<Self, Fault> {
        let (id, batch) = (columns.take()?, columns.take()?);
        let trigger = NewTrigger {
            component: columns.take()?,
            tag: columns.take()?,
            build: columns.take()?,
            nvr: columns.take()?,
            cause: columns.take()?,
            by_person: columns.take()?,
            message: columns.take()?,
            created: columns.take()?,
            answer: columns.take()?,
            shown: columns.take()?,
        };
        Ok(Self { id, trigger, batch })
    }
}

/// Inserts or replaces rows, in few statements. As if one after the other. Returns what the statements return.
pub(super) async fn put<R: Record>(
    transaction: &mut Transaction,
    rows: Vec<R>,
) -> Result<Vec<Row>, Fault> {
    let (before, after) = insert::<R>();
    let around = Around { before: &before, after: &after };
    let rows = rows.into_iter().map(R::write).collect();
    bulk::run(transaction, around, rows, R::KEY).await
}

/// Reads the rows of a table that `tail` (where, order, limit) asks for.
pub(super) async fn select<R: Record>(
    conn: &mut Conn,
    tail: &str,
    values: Vec<Value>,
) -> Result<Vec<R>, Fault> {
    let sql = format!("SELECT {} FROM {} {tail}", R::COLUMNS.join(", "), R::TABLE);
    let rows = conn.query(AssertSqlSafe(sql), values).await?;
    rows.iter().map(|row| R::read(&mut Columns::of(row))).collect()
}

/// An insertion around its rows.
fn insert<R: Record>() -> (String, String) {
    let conflict = R::ON_CONFLICT.map_or_else(
        || {
            let (key, rest) = R::COLUMNS.split_at(R::KEY);
            let set: Vec<String> =
                rest.iter().map(|column| format!("{column} = excluded.{column}")).collect();
            format!("({}) DO UPDATE SET {}", key.join(", "), set.join(", "))
        },
        str::to_owned,
    );
    let before = format!("INSERT INTO {} ({})", R::TABLE, R::COLUMNS.join(", "));
    (before, format!("ON CONFLICT {conflict}"))
}

#[cfg(test)]
mod tests;
