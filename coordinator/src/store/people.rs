//! What people ask for: a request for the leader, and its entry in the audit. Does *not* know what is asked.

use ebs_domain::{id::RequestId, time::Timestamp};

use super::{
    AuditRow, MAX_REQUESTS, NewRequest, RequestRow, cell::Field, fault::Fault, lease,
    link::Transaction, table,
};

/// See [`super::Store::ask`]. The leader's row is locked meanwhile, as every writer does: so numbers can be given here.
pub(super) async fn ask(
    transaction: &mut Transaction,
    request: NewRequest,
) -> Result<Option<RequestId>, Fault> {
    const COUNT: &str =
        "SELECT (SELECT COUNT(*) FROM requests), (SELECT COALESCE(MAX(id), 0) FROM audit)";
    lease::lock(transaction).await?;
    let rows = transaction.query(COUNT, Vec::new()).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let (waiting, last): (i64, i64) = (row.get(0)?, row.get(1)?);
    if waiting >= i64::from(MAX_REQUESTS) {
        return Ok(None);
    }
    let id = RequestId::new(last.saturating_add(1));
    let NewRequest { who, asked, action, subject, why, payload } = request;
    let entry = AuditRow { id, who, asked, action, subject, why, done: None, result: None };
    table::put(transaction, vec![entry]).await?;
    table::put(transaction, vec![RequestRow { id, payload }]).await?;
    Ok(Some(id))
}

/// See [`super::Store::note`].
pub(super) async fn note(
    transaction: &mut Transaction,
    entry: AuditRow,
) -> Result<RequestId, Fault> {
    const LAST: &str = "SELECT COALESCE(MAX(id), 0) FROM audit";
    lease::lock(transaction).await?;
    let rows = transaction.query(LAST, Vec::new()).await?;
    let last: i64 = rows.first().ok_or(sqlx::Error::RowNotFound)?.get(0)?;
    let id = RequestId::new(last.saturating_add(1));
    table::put(transaction, vec![AuditRow { id, ..entry }]).await?;
    Ok(id)
}

/// See [`super::Change::AnswerRequest`].
pub(super) async fn answer(
    transaction: &mut Transaction,
    id: RequestId,
    done: Timestamp,
    result: String,
) -> Result<(), Fault> {
    const ANSWER: &str = "UPDATE audit SET done = $2, result = $3 WHERE id = $1 AND done IS NULL";
    transaction.query("DELETE FROM requests WHERE id = $1", vec![id.write()]).await?;
    transaction.query(ANSWER, vec![id.write(), done.write(), result.write()]).await?;
    Ok(())
}
