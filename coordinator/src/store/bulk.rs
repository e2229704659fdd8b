//! Statements over many rows: which rows go into one statement, and in which form. Does *not* know any table.
//!
//! PostgreSQL gets one list for each column, so one text and one plan serve any number of rows. SQLite knows no lists: it gets
//! one value for each cell, in pieces of few different lengths.

use std::{collections::HashSet, fmt::Write as _};

use sqlx::AssertSqlSafe;

use super::{
    fault::Fault,
    link::{List, Row, Transaction, Value},
};

/// The most keys that one statement asks for or removes.
pub(super) const MAX_KEYS: usize = 1_000;

/// The most rows of one statement with lists, so that a statement and its time stay bounded.
const MAX_LISTED: usize = 4_096;

/// The most values of one statement without lists. SQLite takes 32,766, but looks each up by its name among all the others:
/// 5,000 effects took 3 s with 3,584 values at a time.
const MAX_VALUES: usize = 512;

/// A statement over rows: the text before the rows, and the text after them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// Ends where an expression can stand that gives rows.
    pub(super) before: &'a str,
    /// Goes on behind it.
    pub(super) after: &'a str,
}

/// Runs a statement over rows, as often as it takes, as if it took one row after the other. The first `key` columns tell rows
/// apart. Returns what the statements return.
pub(super) async fn run(
    transaction: &mut Transaction,
    around: Around<'_>,
    rows: Vec<Vec<Value>>,
    key: usize,
) -> Result<Vec<Row>, Fault> {
    let sql = |table: String| AssertSqlSafe(format!("{} {table} {}", around.before, around.after));
    let mut answers = Vec::new();
    if transaction.takes_lists() {
        for rows in distinct(rows, key, |_| MAX_LISTED) {
            let lists = columns(rows)?;
            answers.extend(transaction.query_lists(sql(unnest(&lists)), lists).await?);
        }
    } else {
        let few = distinct(rows, key, |columns| MAX_VALUES / columns.max(1));
        for rows in few.into_iter().flat_map(powers_of_two) {
            let table = format!("VALUES {}", placeholders(rows.len(), rows[0].len()));
            answers.extend(transaction.query(sql(table), rows.concat()).await?);
        }
    }
    Ok(answers)
}

/// Cuts rows into pieces of at most `most(columns)` rows with no key twice in one: PostgreSQL refuses that.
fn distinct(
    rows: Vec<Vec<Value>>,
    key: usize,
    most: impl Fn(usize) -> usize,
) -> Vec<Vec<Vec<Value>>> {
    let (mut done, mut piece, mut keys) = (Vec::new(), Vec::new(), HashSet::new());
    for row in rows {
        let own: Vec<Value> = row.iter().take(key).cloned().collect();
        if piece.len() >= most(row.len()) || !keys.insert(own.clone()) {
            done.push(std::mem::take(&mut piece));
            keys = HashSet::from([own]);
        }
        piece.push(row);
    }
    if !piece.is_empty() {
        done.push(piece);
    }
    done
}

/// Pieces that are each as long as a power of two, so that few different statements are ever prepared.
fn powers_of_two<T>(mut rows: Vec<T>) -> Vec<Vec<T>> {
    let mut pieces = Vec::new();
    while let Some(log) = rows.len().checked_ilog2() {
        let rest = rows.split_off(1 << log);
        pieces.push(std::mem::replace(&mut rows, rest));
    }
    pieces
}

/// Placeholders for so many rows of so many columns: `($1, $2), ($3, $4)`.
pub(super) fn placeholders(rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for number in 1..=rows * columns {
        let before = match (number, number % columns == 1 % columns) {
            (1, _) => "(",
            (_, true) => "), (",
            (_, false) => ", ",
        };
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{before}${number}");
    }
    text.push(')');
    text
}

/// The rows that PostgreSQL makes of one list for each column.
fn unnest(lists: &[List]) -> String {
    let given = lists.iter().enumerate().map(|(place, list)| {
        let element = match list {
            List::Int(_) => "bigint",
            List::Text(_) => "text",
        };
        format!("${}::{element}[]", place + 1)
    });
    format!("SELECT * FROM UNNEST({})", given.collect::<Vec<_>>().join(", "))
}

/// One list for each column.
fn columns(rows: Vec<Vec<Value>>) -> Result<Vec<List>, Fault> {
    let count = rows.len();
    let empty = |value: &Value| match value {
        Value::Int(_) => List::Int(Vec::with_capacity(count)),
        Value::Text(_) => List::Text(Vec::with_capacity(count)),
    };
    let mut lists: Vec<List> = rows.iter().take(1).flatten().map(empty).collect();
    for row in rows {
        for (list, value) in lists.iter_mut().zip(row) {
            match (list, value) {
                (List::Int(list), Value::Int(number)) => list.push(number),
                (List::Text(list), Value::Text(text)) => list.push(text),
                (List::Int(_), Value::Text(_)) | (List::Text(_), Value::Int(_)) => {
                    return Err(Fault::Broken("a column of numbers and texts".to_owned()));
                }
            }
        }
    }
    Ok(lists)
}

#[cfg(test)]
mod tests;
