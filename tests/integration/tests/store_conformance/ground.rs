//! The databases that tests run on.

use std::{fmt, path::PathBuf, sync::Arc};

use ebs_coordinator::store::{Location, SqlStore, Store, StoreOptions};
use ebs_integration::postgres::{PASSWORD, Postgres};
use ebs_simulation::memory::Memory;
use tempfile::TempDir;

/// Any of the stores, empty, of one test's own.
pub(crate) enum Any {
    /// On a database.
    Database(Ground),
    /// In memory: the simulation's.
    Memory(Arc<Memory>),
}

impl Any {
    /// Opens it.
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Database(ground) => Arc::new(ground.open().await),
            Self::Memory(memory) => Arc::clone(memory) as Arc<dyn Store>,
        }
    }
}

/// A database of one test's own.
#[derive(Debug)]
pub(crate) enum Ground {
    /// A file.
    Sqlite(TempDir),
    /// A server.
    Postgres(Box<Postgres>),
}

impl Ground {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(TempDir::new().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(Box::new(Postgres::start().unwrap()))
    }

    pub(crate) fn location(&self) -> Location {
        match self {
            Self::Sqlite(folder) => Location::Sqlite(file(folder)),
            Self::Postgres(server) => {
                let password = Some(PASSWORD.to_owned());
                Location::Postgres { url: server.url(), password, authority: None }
            }
        }
    }

    pub(crate) async fn open(&self) -> SqlStore {
        SqlStore::open(&StoreOptions::new(self.location())).await.unwrap()
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        })
    }
}

pub(crate) fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("ebs.sqlite")
}
