//! The one place that speaks to both databases: connections, statements, rows.
//!
//! Two types of column are enough here (whole numbers and text), so a statement is a text with a list of [`Value`]s and its
//! answer is a list of [`Row`]s. sqlx's own `Any` driver was turned down: it loses the types of nulls.

use std::{fs::File, io, sync::Arc, time::Duration};

use sqlx::{
    Arguments, Database, Decode, Encode, IntoArguments, PgPool, Postgres, Row as _, SqlSafeStr,
    Sqlite, SqlitePool, Type, pool::PoolConnection, postgres::PgRow, query::Query,
    sqlite::SqliteRow,
};

/// A value for a statement. Even an absent one has a type: PostgreSQL wants to know it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// A whole number.
    Int(Option<i64>),
    /// A text.
    Text(Option<String>),
}

/// Where connections come from.
#[derive(Clone, Debug)]
pub(super) enum Pools {
    /// A server.
    Postgres(PgPool),
    /// A file of ours alone.
    Sqlite {
        /// The one connection that writes.
        writer: SqlitePool,
        /// Those that read.
        readers: SqlitePool,
        /// Held while the file is in use, so that no second process opens it.
        _lock: Arc<File>,
    },
}

impl Pools {
    /// A connection to read with.
    pub(super) async fn reader(&self, limit: Duration) -> Result<Conn, sqlx::Error> {
        let inner = match self {
            Self::Postgres(pool) => Inner::Postgres(pool.acquire().await?),
            Self::Sqlite { readers, .. } => Inner::Sqlite(readers.acquire().await?),
        };
        Ok(Conn { inner, limit, unclean: false })
    }

    /// A connection with a transaction begun that is going to write.
    pub(super) async fn begin(&self, limit: Duration) -> Result<Transaction, sqlx::Error> {
        let (inner, begin) = match self {
            Self::Postgres(pool) => (Inner::Postgres(pool.acquire().await?), "BEGIN"),
            Self::Sqlite { writer, .. } => {
                (Inner::Sqlite(writer.acquire().await?), "BEGIN IMMEDIATE")
            }
        };
        let mut transaction = Transaction { conn: Conn { inner, limit, unclean: false } };
        transaction.conn.query(begin, Vec::new()).await?;
        transaction.conn.unclean = true;
        Ok(transaction)
    }

    /// Closes all connections.
    pub(super) async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

#[derive(Debug)]
enum Inner {
    Postgres(PoolConnection<Postgres>),
    Sqlite(PoolConnection<Sqlite>),
}

/// A connection. One that was left in the middle of something is closed and not used again.
#[derive(Debug)]
pub(super) struct Conn {
    inner: Inner,
    limit: Duration,
    unclean: bool,
}

impl Conn {
    /// Runs one statement, with a time limit of our own: the server's does not help when it has vanished.
    pub(super) async fn query(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        let unclean = std::mem::replace(&mut self.unclean, true);
        let rows = tokio::time::timeout(self.limit, self.inner.query(sql, values)).await.map_err(
            |_| {
                sqlx::Error::Io(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the database did not answer in time",
                ))
            },
        )??;
        self.unclean = unclean;
        Ok(rows)
    }

    /// The database's own time of day, in ms since the epoch, as an expression.
    pub(super) fn clock(&self) -> &'static str {
        match self.inner {
            Inner::Postgres(_) => {
                "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
            }
            Inner::Sqlite(_) => "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        }
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        if self.unclean {
            match &mut self.inner {
                Inner::Postgres(conn) => conn.close_on_drop(),
                Inner::Sqlite(conn) => conn.close_on_drop(),
            }
        }
    }
}

impl Inner {
    async fn query(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Postgres(conn) => {
                let rows = statement::<Postgres>(sql, values)?.fetch_all(&mut **conn).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
            Self::Sqlite(conn) => {
                let rows = statement::<Sqlite>(sql, values)?.fetch_all(&mut **conn).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
        }
    }
}

fn statement<DB: Database>(
    sql: impl SqlSafeStr,
    values: Vec<Value>,
) -> Result<Query<'static, DB, DB::Arguments>, sqlx::Error>
where
    DB::Arguments: Arguments<Database = DB> + IntoArguments<DB>,
    Option<i64>: for<'t> Encode<'t, DB> + Type<DB>,
    Option<String>: for<'t> Encode<'t, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    for value in values {
        match value {
            Value::Int(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(sqlx::query_with(sql, arguments))
}

/// A transaction that writes. Dropped without [`Transaction::commit`], nothing of it remains.
#[derive(Debug)]
pub(super) struct Transaction {
    conn: Conn,
}

impl Transaction {
    /// Runs one statement in it.
    pub(super) async fn query(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        self.conn.query(sql, values).await
    }

    /// The database's time of day, in ms since the epoch.
    pub(super) async fn now(&mut self) -> Result<i64, sqlx::Error> {
        let rows = self.conn.query(self.conn.clock(), Vec::new()).await?;
        rows.first().ok_or(sqlx::Error::RowNotFound)?.get(0)
    }

    /// Makes it so.
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        self.end("COMMIT").await
    }

    /// Makes it undone. Dropping does so too, but costs the connection.
    pub(super) async fn rollback(self) -> Result<(), sqlx::Error> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, how: &'static str) -> Result<(), sqlx::Error> {
        self.conn.query(how, Vec::new()).await?;
        self.conn.unclean = false;
        Ok(())
    }
}

/// A row of an answer.
#[derive(Debug)]
pub(super) enum Row {
    /// Of PostgreSQL.
    Postgres(PgRow),
    /// Of SQLite.
    Sqlite(SqliteRow),
}

impl Row {
    /// The value of the column with this number, from 0.
    pub(super) fn get<T>(&self, column: usize) -> Result<T, sqlx::Error>
    where
        T: for<'r> Decode<'r, Postgres>
            + Type<Postgres>
            + for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>,
    {
        match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => row.try_get(column),
        }
    }
}
