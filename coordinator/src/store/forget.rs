//! Removing what is over and old: a portion at a time, and never what open work refers to.
//!
//! The newest row of a table whose numbers are given by counting on stays, so that no number is given twice.

use ebs_domain::id::BatchId;

use super::{
    Forget,
    cell::{Columns, Field},
    fault::Fault,
    link::{Transaction, Value},
};

/// Each removes at most `$2` rows that are older than `$1`. Only answered ones, and not the newest.
const AUDIT: &str = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE asked < $1 AND done IS NOT NULL \
     AND id < (SELECT MAX(id) FROM audit) ORDER BY asked LIMIT $2) RETURNING id";

/// Those of a batch go with it.
const TRIGGERS: &str = "DELETE FROM triggers WHERE id IN (SELECT id FROM triggers WHERE created < $1 AND answer IS NOT NULL \
     AND batch IS NULL AND id < (SELECT MAX(id) FROM triggers) ORDER BY created LIMIT $2) RETURNING id";

const ODD: &str = "DELETE FROM odd_messages WHERE id IN (SELECT id FROM odd_messages WHERE received < $1 ORDER BY received \
     LIMIT $2) RETURNING id";

const DENIED: &str = "DELETE FROM denied WHERE source IN (SELECT source FROM denied WHERE expires < $1 LIMIT $2) RETURNING source";

/// Those of a batch go with it.
const EFFECTS: &str = "DELETE FROM effects WHERE id IN (SELECT id FROM effects WHERE closed < $1 AND batch IS NULL LIMIT $2) \
     RETURNING id";

/// Terms of whoever leads now stay: by them a start knows that it has led.
const TERMS: &str = "DELETE FROM terms WHERE epoch IN (SELECT epoch FROM terms WHERE began < $1 \
     AND epoch < (SELECT epoch FROM leader) AND owner <> (SELECT owner FROM leader) LIMIT $2) RETURNING epoch";

/// Not while its batch runs, or while its group can still be posted for it.
const DEAD: &str = "DELETE FROM dead_letters WHERE job IN (SELECT job FROM dead_letters WHERE since < $1 \
     AND NOT EXISTS (SELECT 1 FROM batches WHERE batches.id = dead_letters.batch AND batches.ended IS NULL) \
     AND NOT EXISTS (SELECT 1 FROM update_groups WHERE update_groups.batch = dead_letters.batch AND update_groups.open = 1 \
     AND update_groups.number = dead_letters.update_group) ORDER BY since LIMIT $2) RETURNING job";

/// The oldest batch that nothing open refers to: no group, no effect, no trigger, no job set aside; and that holds neither the
/// newest trigger nor is the newest batch.
const BATCH: &str = "SELECT id FROM batches WHERE ended < $1 AND id < (SELECT MAX(id) FROM batches) \
     AND NOT EXISTS (SELECT 1 FROM update_groups WHERE update_groups.batch = batches.id AND update_groups.open = 1) \
     AND NOT EXISTS (SELECT 1 FROM effects WHERE effects.batch = batches.id AND effects.closed IS NULL) \
     AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE dead_letters.batch = batches.id) \
     AND NOT EXISTS (SELECT 1 FROM triggers WHERE triggers.batch = batches.id \
     AND (triggers.answer IS NULL OR triggers.id = (SELECT MAX(id) FROM triggers))) ORDER BY ended LIMIT 1";

/// What a batch (`$1`) has: at most `$2` rows of each.
const PARTS: [&str; 4] = [
    "DELETE FROM members WHERE batch = $1 AND component IN (SELECT component FROM members WHERE batch = $1 LIMIT $2) \
     RETURNING component",
    "DELETE FROM update_groups WHERE batch = $1 AND number IN (SELECT number FROM update_groups WHERE batch = $1 LIMIT $2) \
     RETURNING number",
    "DELETE FROM effects WHERE id IN (SELECT id FROM effects WHERE batch = $1 LIMIT $2) RETURNING id",
    "DELETE FROM triggers WHERE id IN (SELECT id FROM triggers WHERE batch = $1 LIMIT $2) RETURNING id",
];

/// See [`super::Store::forget`].
pub(super) async fn forget(transaction: &mut Transaction, forget: &Forget) -> Result<u64, Fault> {
    let plain = [
        (AUDIT, forget.audit),
        (TRIGGERS, forget.triggers),
        (ODD, forget.triggers),
        (DENIED, forget.history),
        (EFFECTS, forget.history),
        (TERMS, forget.history),
        (DEAD, forget.dead),
    ];
    let mut gone = 0;
    for (sql, before) in plain {
        gone += remove(transaction, sql, vec![before.write(), forget.most.write()]).await?;
    }
    Ok(gone + forget_batch(transaction, forget).await?)
}

/// A portion of the oldest batch: its row goes when nothing else of it is left.
async fn forget_batch(transaction: &mut Transaction, forget: &Forget) -> Result<u64, Fault> {
    let rows = transaction.query(BATCH, vec![forget.history.write()]).await?;
    let Some(row) = rows.first() else { return Ok(0) };
    let batch: BatchId = Columns::of(row).take()?;
    let (mut gone, mut whole) = (0, true);
    for sql in PARTS {
        let some = remove(transaction, sql, vec![batch.write(), forget.most.write()]).await?;
        whole &= some < u64::from(forget.most);
        gone += some;
    }
    if whole {
        const DELETE: &str = "DELETE FROM batches WHERE id = $1 RETURNING id";
        gone += remove(transaction, DELETE, vec![batch.write()]).await?;
    }
    Ok(gone)
}

async fn remove(
    transaction: &mut Transaction,
    sql: &'static str,
    values: Vec<Value>,
) -> Result<u64, Fault> {
    let rows = transaction.query(sql, values).await?;
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}
