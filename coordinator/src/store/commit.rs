//! Writing the changes of one decision.

use std::collections::HashSet;

use ebs_domain::{id::TriggerId, scm::ScmUrl};
use sqlx::AssertSqlSafe;

use super::{
    Change, Committed, DeadRow, MAX_DEAD_LETTERS, NewTrigger, OddMessage, TriggerAnswer,
    TriggerRow,
    bulk::{self, Around},
    cell::{Columns, Field},
    fault::Fault,
    link::Transaction,
    people, table,
};

/// The longest body of an odd message that is kept, in bytes.
const MAX_ODD_BODY_BYTES: usize = 64 * 1024;

/// Writes the changes in their order.
pub(super) async fn apply(
    transaction: &mut Transaction,
    changes: Vec<Change>,
) -> Result<Committed, Fault> {
    let mut committed = Committed::default();
    let mut triggers = Vec::new();
    for change in changes {
        // Triggers that follow each other are written together.
        if let Change::AddTrigger(trigger) = change {
            triggers.push(trigger);
            continue;
        }
        add_triggers(transaction, std::mem::take(&mut triggers), &mut committed).await?;
        apply_one(transaction, change, &mut committed).await?;
    }
    add_triggers(transaction, triggers, &mut committed).await?;
    Ok(committed)
}

async fn apply_one(
    transaction: &mut Transaction,
    change: Change,
    committed: &mut Committed,
) -> Result<(), Fault> {
    match change {
        Change::PutBatch(row) => drop(table::put(transaction, vec![row]).await?),
        Change::PutMembers(rows) => drop(table::put(transaction, rows).await?),
        Change::PutGroup(row) => drop(table::put(transaction, vec![row]).await?),
        Change::PutEffects(rows) => drop(table::put(transaction, rows).await?),
        Change::Deny(row) => drop(table::put(transaction, vec![row]).await?),
        Change::Undeny(sources) => undeny(transaction, sources).await?,
        Change::KeepMessage(message) => drop(table::put(transaction, vec![cut(message)]).await?),
        Change::AddTrigger(trigger) => add_triggers(transaction, vec![trigger], committed).await?,
        Change::PutDead(row) => put_dead(transaction, row).await?,
        Change::DropDead { job } => {
            const DROP: &str = "DELETE FROM dead_letters WHERE job = $1";
            transaction.query(DROP, vec![job.write()]).await?;
        }
        Change::PutOrphan(row) => drop(table::put(transaction, vec![row]).await?),
        Change::DropOrphan { kind, name } => {
            const DROP: &str = "DELETE FROM orphans WHERE kind = $1 AND name = $2";
            transaction.query(DROP, vec![kind.write(), name.write()]).await?;
        }
        Change::ConfirmList { name, since } => {
            const CONFIRM: &str = "UPDATE package_lists SET confirmed = $2 WHERE name = $1";
            transaction.query(CONFIRM, vec![name.write(), since.write()]).await?;
        }
        Change::AnswerRequest { id, done, result } => {
            people::answer(transaction, id, done, result).await?;
        }
        Change::AnswerTriggers(answers) => answer_triggers(transaction, answers).await?,
        Change::PutMark { name, value } => {
            const PUT: &str = "INSERT INTO marks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            transaction.query(PUT, vec![name.write(), value.write()]).await?;
        }
    }
    Ok(())
}

/// Numbers are given here, not by the database: writers come one after the other, and one text serves both databases.
async fn add_triggers(
    transaction: &mut Transaction,
    triggers: Vec<NewTrigger>,
    committed: &mut Committed,
) -> Result<(), Fault> {
    if triggers.is_empty() {
        return Ok(());
    }
    let rows = transaction.query("SELECT COALESCE(MAX(id), 0) FROM triggers", Vec::new()).await?;
    let last: i64 = rows.first().ok_or(sqlx::Error::RowNotFound)?.get(0)?;
    let ids: Vec<TriggerId> =
        (last.saturating_add(1)..).map(TriggerId::new).take(triggers.len()).collect();
    let rows = ids
        .iter()
        .zip(triggers)
        .map(|(&id, trigger)| TriggerRow { id, trigger, batch: None })
        .collect();
    let mut written = HashSet::new();
    for row in table::put(transaction, rows).await? {
        written.insert(Columns::of(&row).take::<TriggerId>()?);
    }
    committed.triggers.extend(ids.into_iter().map(|id| written.contains(&id).then_some(id)));
    Ok(())
}

/// The newest stay: a list that nobody looks at must not grow for ever.
async fn put_dead(transaction: &mut Transaction, row: DeadRow) -> Result<(), Fault> {
    const CUT: &str = "DELETE FROM dead_letters WHERE since < \
         (SELECT MIN(since) FROM (SELECT since FROM dead_letters ORDER BY since DESC LIMIT $1) AS newest)";
    table::put(transaction, vec![row]).await?;
    transaction.query(CUT, vec![MAX_DEAD_LETTERS.write()]).await?;
    Ok(())
}

/// A final answer yields to its own batch only. A trigger of a batch that is made pending without naming one leaves it.
async fn answer_triggers(
    transaction: &mut Transaction,
    answers: Vec<TriggerAnswer>,
) -> Result<(), Fault> {
    const AROUND: Around<'static> = Around {
        before: "WITH given (id, answer, shown, batch) AS (",
        after: ") UPDATE triggers SET answer = given.answer, shown = given.shown, batch = given.batch FROM given \
             WHERE triggers.id = given.id AND (triggers.answer IS NULL OR triggers.batch = given.batch \
             OR (given.answer IS NULL AND given.batch IS NULL AND triggers.batch IS NOT NULL))",
    };
    let rows = answers.into_iter().map(|TriggerAnswer { id, answer, shown, batch }| {
        vec![id.write(), answer.write(), shown.write(), batch.write()]
    });
    bulk::run(transaction, AROUND, rows.collect(), 1).await?;
    Ok(())
}

async fn undeny(transaction: &mut Transaction, sources: Vec<ScmUrl>) -> Result<(), Fault> {
    for some in sources.chunks(bulk::MAX_KEYS) {
        let sql =
            format!("DELETE FROM denied WHERE source IN {}", bulk::placeholders(1, some.len()));
        let values = some.iter().cloned().map(Field::write).collect();
        transaction.query(AssertSqlSafe(sql), values).await?;
    }
    Ok(())
}

fn cut(mut message: OddMessage) -> OddMessage {
    message.body.truncate(message.body.floor_char_boundary(MAX_ODD_BODY_BYTES));
    message
}
