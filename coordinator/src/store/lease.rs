//! Who leads, by the database's clock.

use ebs_domain::id::Epoch;
use sqlx::SqlSafeStr;

use std::time::Duration;

use super::{
    Candidate, Lease,
    cell::{Columns, Field},
    fault::Fault,
    link::{Transaction, Value},
};

/// The lease as stored. Without an owner nobody leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    epoch: i64,
    owner: String,
    instance: String,
    expires: i64,
}

/// What becomes of the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Decision {
    /// The candidate has it; its term goes on or begins.
    Has { epoch: i64, new: bool },
    /// Someone else has it, for so many ms.
    Waits { remaining: i64 },
}

/// Touches the row, so that every other writer waits for us, on both databases.
const LOCK: &str =
    "UPDATE leader SET id = id WHERE id = 1 RETURNING epoch, owner, instance, expires";

/// See [`super::Store::lead`].
pub(super) async fn lead(
    transaction: &mut Transaction,
    candidate: &Candidate,
) -> Result<Lease, Fault> {
    let held = lock(transaction).await?;
    // Read after the row is ours: waiting for it can take long.
    let now = transaction.now().await?;
    let led = transaction
        .query(
            "SELECT epoch FROM terms WHERE owner = $1 LIMIT 1",
            vec![candidate.owner.clone().write()],
        )
        .await?;
    match decide(&held, candidate, now, !led.is_empty()) {
        Decision::Waits { remaining } => {
            Ok(Lease::Following { leader: held.instance, remaining: millis(remaining) })
        }
        Decision::Has { epoch, new } => {
            let ttl = i64::try_from(candidate.ttl.as_millis()).unwrap_or(i64::MAX);
            let (owner, instance) = (candidate.owner.clone(), candidate.instance.clone());
            write(transaction, Held { epoch, owner, instance, expires: now.saturating_add(ttl) })
                .await?;
            if new {
                begin_term(transaction, candidate, epoch, now).await?;
            }
            Ok(Lease::Leading { epoch: Epoch::new(epoch) })
        }
    }
}

/// See [`super::Store::resign`]. Raises the epoch, so that nothing more can be written in the old one.
pub(super) async fn resign(
    transaction: &mut Transaction,
    candidate: &Candidate,
) -> Result<(), Fault> {
    let held = lock(transaction).await?;
    if held.owner == candidate.owner {
        let free = Held {
            epoch: held.epoch.saturating_add(1),
            owner: String::new(),
            instance: String::new(),
            expires: 0,
        };
        write(transaction, free).await?;
    }
    Ok(())
}

/// Fails unless this epoch leads. Until the transaction ends nobody else can begin to.
pub(super) async fn fence(transaction: &mut Transaction, epoch: Epoch) -> Result<(), Fault> {
    const CHECK: &str = "UPDATE leader SET commits = commits + 1 WHERE id = 1 AND epoch = $1 AND owner <> '' RETURNING epoch";
    let rows = transaction.query(CHECK, vec![epoch.get().write()]).await?;
    if rows.is_empty() { Err(Fault::Fenced) } else { Ok(()) }
}

/// The rules of taking over. `led` says whether the candidate has had a term before: if it then lost the lease to a newer
/// start of its own instance, it does not snatch it back.
fn decide(held: &Held, candidate: &Candidate, now: i64, led: bool) -> Decision {
    if held.owner == candidate.owner {
        return Decision::Has { epoch: held.epoch, new: false };
    }
    let free = held.owner.is_empty() || held.expires <= now;
    let restarted = held.instance == candidate.instance && !led;
    if free || restarted {
        // The clock keeps epochs rising when an old backup was restored; the count does when the clock was set back.
        Decision::Has { epoch: held.epoch.saturating_add(1).max(now), new: true }
    } else {
        Decision::Waits { remaining: held.expires.saturating_sub(now) }
    }
}

fn millis(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}

/// Makes every other writer wait until the transaction ends.
pub(super) async fn lock(transaction: &mut Transaction) -> Result<Held, Fault> {
    let rows = transaction.query(LOCK.into_sql_str(), Vec::new()).await?;
    let row =
        rows.first().ok_or_else(|| Fault::Broken("the leader's row is missing".to_owned()))?;
    let mut columns = Columns::of(row);
    Ok(Held {
        epoch: columns.take()?,
        owner: columns.take()?,
        instance: columns.take()?,
        expires: columns.take()?,
    })
}

async fn write(transaction: &mut Transaction, held: Held) -> Result<(), Fault> {
    let values =
        vec![held.epoch.write(), held.owner.write(), held.instance.write(), held.expires.write()];
    transaction
        .query(
            "UPDATE leader SET epoch = $1, owner = $2, instance = $3, expires = $4 WHERE id = 1",
            values,
        )
        .await?;
    Ok(())
}

async fn begin_term(
    transaction: &mut Transaction,
    candidate: &Candidate,
    epoch: i64,
    now: i64,
) -> Result<(), Fault> {
    let values: Vec<Value> = vec![
        epoch.write(),
        candidate.owner.clone().write(),
        candidate.instance.clone().write(),
        now.write(),
    ];
    transaction
        .query("INSERT INTO terms (epoch, owner, instance, began) VALUES ($1, $2, $3, $4)", values)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
