//! Numbers that are given once, to whichever instance asks. Does *not* know what is numbered.

use super::{
    cell::Field,
    fault::Fault,
    lease,
    link::{Row, Transaction},
};

/// See [`super::Store::next_number`]. The leader's row is locked meanwhile, as every writer does: one gives a number at a time.
pub(super) async fn next(
    transaction: &mut Transaction,
    name: &str,
    above: u64,
) -> Result<u64, Fault> {
    const LAST: &str = "SELECT value FROM marks WHERE name = $1";
    const PUT: &str = "INSERT INTO marks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    lease::lock(transaction).await?;
    let rows = transaction.query(LAST, vec![name.to_owned().write()]).await?;
    let last = rows.first().map_or(Ok(0), |row| number(row, name))?;
    let next = last.max(above).saturating_add(1);
    transaction.query(PUT, vec![name.to_owned().write(), next.to_string().write()]).await?;
    Ok(next)
}

fn number(row: &Row, name: &str) -> Result<u64, Fault> {
    let text: String = row.get(0)?;
    text.parse().map_err(|_| Fault::Broken(format!("the mark `{name}` is no number: `{text}`")))
}
