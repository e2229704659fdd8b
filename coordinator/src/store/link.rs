//! The one place that speaks to both databases: connections, statements, rows.
//!
//! Two types of column are enough here (whole numbers and text), so a statement is a text with a list of [`Value`]s and its
//! answer is a list of [`Row`]s. sqlx's own `Any` driver was turned down: it loses the types of nulls.

use std::{fs::File, io, sync::Arc, time::Duration};

use sqlx::{
    Arguments, Database, Decode, Encode, PgPool, Postgres, Row as _, SqlSafeStr, Sqlite,
    SqlitePool, Type,
    pool::PoolConnection,
    postgres::{PgArguments, PgRow},
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

/// A column of values for a statement on PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Texts.
    Text(Vec<Option<String>>),
}

/// What a statement is given.
#[derive(Debug)]
enum Given {
    Values(Vec<Value>),
    Lists(Vec<List>),
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
        self.run(sql, Given::Values(values)).await
    }

    async fn run(&mut self, sql: impl SqlSafeStr, given: Given) -> Result<Vec<Row>, sqlx::Error> {
        let unclean = std::mem::replace(&mut self.unclean, true);
        let rows = tokio::time::timeout(self.limit, self.inner.run(sql, given)).await.map_err(
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
    async fn run(&mut self, sql: impl SqlSafeStr, given: Given) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Postgres(conn) => {
                let arguments = match given {
                    Given::Values(values) => values_of::<Postgres>(values),
                    Given::Lists(lists) => lists_of(lists),
                };
                let query = sqlx::query_with(sql, arguments.map_err(sqlx::Error::Encode)?);
                let rows = query.fetch_all(&mut **conn).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
            Self::Sqlite(conn) => {
                let arguments = match given {
                    Given::Values(values) => values_of::<Sqlite>(values),
                    Given::Lists(_) => Err("SQLite takes no lists".into()),
                };
                let query = sqlx::query_with(sql, arguments.map_err(sqlx::Error::Encode)?);
                let rows = query.fetch_all(&mut **conn).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
        }
    }
}

/// Why something is no argument.
type Unfit = Box<dyn std::error::Error + Send + Sync>;

fn values_of<DB: Database>(values: Vec<Value>) -> Result<DB::Arguments, Unfit>
where
    Option<i64>: for<'t> Encode<'t, DB> + Type<DB>,
    Option<String>: for<'t> Encode<'t, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    for value in values {
        match value {
            Value::Int(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
        }?;
    }
    Ok(arguments)
}

fn lists_of(lists: Vec<List>) -> Result<PgArguments, Unfit> {
    let mut arguments = PgArguments::default();
    for list in lists {
        match list {
            List::Int(numbers) => arguments.add(numbers),
            List::Text(texts) => arguments.add(texts),
        }?;
    }
    Ok(arguments)
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

    /// Whether the database takes lists: see [`Self::query_lists`].
    pub(super) fn takes_lists(&self) -> bool {
        match self.conn.inner {
            Inner::Postgres(_) => true,
            Inner::Sqlite(_) => false,
        }
    }

    /// Runs one statement in it that is given a list for each placeholder. SQLite refuses.
    pub(super) async fn query_lists(
        &mut self,
        sql: impl SqlSafeStr,
        lists: Vec<List>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        self.conn.run(sql, Given::Lists(lists)).await
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
