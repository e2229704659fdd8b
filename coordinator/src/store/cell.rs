//! How each type of a row is written into a column and read from one.

use ebs_domain::{
    id::{BatchId, BuildId, Component, RequestId, TriggerId},
    scm::ScmUrl,
    time::Timestamp,
};

use super::{
    OrphanKind, Runner,
    fault::Fault,
    link::{Row, Value},
};

/// A type that fits into one column.
pub(super) trait Cell: Sized {
    /// What stands there when it is absent.
    const ABSENT: Value;

    /// As written.
    fn store(self) -> Value;

    /// As read, if it is not absent.
    fn load(row: &Row, column: usize) -> Result<Option<Self>, Fault>;
}

impl Cell for i64 {
    const ABSENT: Value = Value::Int(None);

    fn store(self) -> Value {
        Value::Int(Some(self))
    }

    fn load(row: &Row, column: usize) -> Result<Option<Self>, Fault> {
        Ok(row.get(column)?)
    }
}

impl Cell for String {
    const ABSENT: Value = Value::Text(None);

    /// PostgreSQL's texts cannot hold the character 0, and some texts come from outside.
    fn store(self) -> Value {
        Value::Text(Some(if self.contains('\0') { self.replace('\0', "\u{fffd}") } else { self }))
    }

    fn load(row: &Row, column: usize) -> Result<Option<Self>, Fault> {
        Ok(row.get(column)?)
    }
}

/// A cell that is stored as another: how to get there, and how to come back.
macro_rules! cell {
    ($type:ty as $plain:ty, $store:expr, $load:expr) => {
        impl Cell for $type {
            const ABSENT: Value = <$plain as Cell>::ABSENT;

            fn store(self) -> Value {
                let store: fn(Self) -> $plain = $store;
                Cell::store(store(self))
            }

            fn load(row: &Row, column: usize) -> Result<Option<Self>, Fault> {
                let load: fn($plain) -> Result<Self, Fault> = $load;
                <$plain as Cell>::load(row, column)?.map(load).transpose()
            }
        }
    };
}

cell!(bool as i64, i64::from, |number| Ok(number != 0));
cell!(u32 as i64, i64::from, |number| u32::try_from(number).map_err(unreadable));
cell!(Timestamp as i64, Timestamp::millis, |millis| Ok(Timestamp::from_millis(millis)));
cell!(BatchId as i64, BatchId::get, |number| Ok(BatchId::new(number)));
cell!(BuildId as i64, BuildId::get, |number| Ok(BuildId::new(number)));
cell!(TriggerId as i64, TriggerId::get, |number| Ok(TriggerId::new(number)));
cell!(RequestId as i64, RequestId::get, |number| Ok(RequestId::new(number)));
cell!(Component as String, String::from, |text| text.parse().map_err(unreadable));
cell!(ScmUrl as String, String::from, |text| text.parse().map_err(unreadable));
cell!(OrphanKind as String, |kind| kind.word().to_owned(), |word| orphan_kind(&word));
cell!(Runner as String, |runner| runner_word(runner).to_owned(), |text| runner_of(&text));

fn unreadable(error: impl std::error::Error) -> Fault {
    Fault::Broken(error.to_string())
}

fn orphan_kind(word: &str) -> Result<OrphanKind, Fault> {
    let found = OrphanKind::ALL.into_iter().find(|kind| kind.word() == word);
    found.ok_or_else(|| Fault::Broken(format!("`{word}` is no kind of orphan")))
}

fn runner_word(runner: Runner) -> &'static str {
    match runner {
        Runner::Coordinator => "coordinator",
        Runner::Worker => "worker",
    }
}

fn runner_of(word: &str) -> Result<Runner, Fault> {
    match word {
        "coordinator" => Ok(Runner::Coordinator),
        "worker" => Ok(Runner::Worker),
        other => Err(Fault::Broken(format!("`{other}` runs no effects"))),
    }
}

/// A field of a row: a cell, or one that can be absent.
pub(super) trait Field: Sized {
    /// As written.
    fn write(self) -> Value;
    /// As read.
    fn read(row: &Row, column: usize) -> Result<Self, Fault>;
}

impl<T: Cell> Field for T {
    fn write(self) -> Value {
        self.store()
    }

    fn read(row: &Row, column: usize) -> Result<Self, Fault> {
        T::load(row, column)?
            .ok_or_else(|| Fault::Broken(format!("column {column} of a row is empty")))
    }
}

impl<T: Cell> Field for Option<T> {
    fn write(self) -> Value {
        self.map_or(T::ABSENT, Cell::store)
    }

    fn read(row: &Row, column: usize) -> Result<Self, Fault> {
        T::load(row, column)
    }
}

/// Reads the columns of a row one after the other.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Columns<'a> {
    /// From the first column on.
    pub(super) fn of(row: &'a Row) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(super) fn take<T: Field>(&mut self) -> Result<T, Fault> {
        let column = self.next;
        self.next += 1;
        T::read(self.row, column)
    }
}
