//! A database of an older program: brought up once, with all that is in it, whoever comes first.

use std::path::Path;

use ebs_coordinator::store::{Location, SqlStore, Store, StoreErrorKind, StoreOptions};
use ebs_domain::id::BatchId;
use sqlx::{Connection as _, migrate::Migrator};
use tempfile::TempDir;

use crate::{
    ground::Ground,
    rows::{at, batch, candidate, denial, lead},
};

const FILLED: &str = include_str!("filled_v1.sql");

/// The migrations of version 1 alone.
async fn first_version() -> Migrator {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../coordinator/migrations");
    let folder = TempDir::new().unwrap();
    std::fs::copy(all.join("0001_first.sql"), folder.path().join("0001_first.sql")).unwrap();
    Migrator::new(folder.path()).await.unwrap()
}

/// Leaves the database as a program of version 1 would.
async fn make_old(ground: &Ground) {
    let first = first_version().await;
    match ground.location() {
        Location::Sqlite(path) => {
            let url = format!("sqlite://{}?mode=rwc", path.display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            first.run_direct(None, &mut connection, false).await.unwrap();
            sqlx::raw_sql(FILLED).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Location::Postgres { url, password } => {
            let url =
                url.replace("ebs@", &format!("ebs:{}@", password.unwrap().replace(' ', "%20")));
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            first.run_direct(None, &mut connection, false).await.unwrap();
            sqlx::raw_sql(FILLED).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

async fn is_as_it_was(store: &SqlStore) {
    assert_eq!(store.open_batch().await.unwrap(), Some(batch(2)));
    assert_eq!(store.recent_batches(9).await.unwrap().len(), 2);
    assert_eq!(store.members(BatchId::new(1)).await.unwrap()[0].shown, "succeeded");
    let groups = store.open_groups().await.unwrap();
    assert_eq!(groups.iter().map(|group| group.number).collect::<Vec<_>>(), [1]);
    let effects = store.open_effects().await.unwrap();
    assert_eq!(effects.len(), 1);
    assert_eq!(effects[0].last_error.as_deref(), Some("the hub is away"));
    assert!(store.effect("b1.1.submit_builds").await.unwrap().unwrap().closed.is_some());
    assert_eq!(store.pending_count().await.unwrap(), (1, Some(at(1))));
    let source = denial(1, 1, 1);
    assert_eq!(store.denied(std::slice::from_ref(&source.source), at(2)).await.unwrap(), [source]);
    assert_eq!(store.odd_messages().await.unwrap(), 1);
    assert_eq!(store.mark("caught_up_to").await.unwrap().as_deref(), Some("1700000000000"));
}

pub(crate) async fn an_old_and_filled_database_is_brought_up_once_though_two_start_at_once(
    ground: &mut Ground,
) {
    make_old(ground).await;
    let options = StoreOptions::new(ground.location());
    let (one, other) = tokio::join!(SqlStore::open(&options), SqlStore::open(&options));
    let stores: Vec<SqlStore> = match (one, other) {
        (Ok(one), Ok(other)) => vec![one, other],
        (Ok(only), Err(error)) | (Err(error), Ok(only)) => {
            assert!(matches!(ground, Ground::Sqlite(_)), "a server is for several: {error:?}");
            assert!(matches!(error.kind, StoreErrorKind::Broken(_)), "{error:?}");
            vec![only]
        }
        (Err(one), Err(other)) => panic!("nobody came in: {one:?}, {other:?}"),
    };
    for store in &stores {
        is_as_it_was(store).await;
        // What the new version brought is there.
        assert_eq!(store.requests(9).await.unwrap(), []);
        assert_eq!(store.dead_letters(9).await.unwrap(), []);
    }
    let epoch = lead(&stores[0], &candidate("a-1", "a")).await;
    assert!(epoch.get() > 1_795_348_800_001, "epochs go on rising");
}
