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

/// What programs of each version left: its migration, and what is filled in after it.
const VERSIONS: [(&str, &str); 7] = [
    ("0001_first.sql", include_str!("filled_v1.sql")),
    ("0002_people.sql", include_str!("filled_v2.sql")),
    ("0003_history.sql", include_str!("filled_v3.sql")),
    ("0004_orphans.sql", include_str!("filled_v4.sql")),
    ("0005_package_lists.sql", include_str!("filled_v5.sql")),
    ("0006_withdrawn.sql", include_str!("filled_v6.sql")),
    ("0007_components.sql", include_str!("filled_v7.sql")),
];

/// The first migrations alone.
async fn migrations(count: usize) -> Migrator {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../coordinator/migrations");
    let folder = TempDir::new().unwrap();
    for (file, _) in &VERSIONS[..count] {
        std::fs::copy(all.join(file), folder.path().join(file)).unwrap();
    }
    Migrator::new(folder.path()).await.unwrap()
}

/// Leaves the database as programs of these versions would, one after the other.
async fn make_old(ground: &Ground, version: usize) {
    match ground.location() {
        Location::Sqlite(path) => {
            let url = format!("sqlite://{}?mode=rwc", path.display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            for version in 1..=version {
                migrations(version).await.run_direct(None, &mut connection, false).await.unwrap();
                sqlx::raw_sql(filled(version)).execute(&mut connection).await.unwrap();
            }
            connection.close().await.unwrap();
        }
        Location::Postgres { url, password, .. } => {
            let url =
                url.replace("ebs@", &format!("ebs:{}@", password.unwrap().replace(' ', "%20")));
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            for version in 1..=version {
                migrations(version).await.run_direct(None, &mut connection, false).await.unwrap();
                sqlx::raw_sql(filled(version)).execute(&mut connection).await.unwrap();
            }
            connection.close().await.unwrap();
        }
    }
}

/// What a program of this version wrote.
fn filled(version: usize) -> &'static str {
    VERSIONS[version - 1].1
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
    make_old(ground, 1).await;
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

pub(crate) async fn a_filled_database_of_the_second_version_is_brought_up(ground: &mut Ground) {
    make_old(ground, 2).await;
    let store = SqlStore::open(&StoreOptions::new(ground.location())).await.unwrap();
    is_as_it_was(&store).await;
    let of_batch_2 = Some(BatchId::new(2));
    assert_eq!(store.open_effects().await.unwrap()[0].batch, of_batch_2);
    assert_eq!(store.requests(9).await.unwrap().len(), 1);
    assert_eq!(store.audit(9).await.unwrap().len(), 2);
    assert_eq!(store.dead_letters(9).await.unwrap().len(), 1);
    assert_eq!(store.orphans(9).await.unwrap(), []);
    let dead = store.dead_letters(9).await.unwrap();
    assert_eq!((dead[0].workers.as_str(), dead[0].suffers.as_str()), ("", ""));
}

pub(crate) async fn a_filled_database_of_the_third_version_is_brought_up(ground: &mut Ground) {
    make_old(ground, 3).await;
    let store = SqlStore::open(&StoreOptions::new(ground.location())).await.unwrap();
    is_as_it_was(&store).await;
    let dead = store.dead_letters(9).await.unwrap();
    assert_eq!(dead[1].workers, "worker-1 worker-3");
    assert_eq!(dead[1].suffers, "the builds bash of batch 1");
}

pub(crate) async fn a_filled_database_of_the_fourth_version_is_brought_up(ground: &mut Ground) {
    make_old(ground, 4).await;
    let store = SqlStore::open(&StoreOptions::new(ground.location())).await.unwrap();
    is_as_it_was(&store).await;
    assert_eq!(store.orphans(9).await.unwrap()[0].name, "eln-build-side-7");
    assert_eq!(store.lists().await.unwrap(), []);
}

pub(crate) async fn a_filled_database_of_the_fifth_version_is_brought_up(ground: &mut Ground) {
    make_old(ground, 5).await;
    let store = SqlStore::open(&StoreOptions::new(ground.location())).await.unwrap();
    is_as_it_was(&store).await;
    assert_eq!(store.lists().await.unwrap()[0].name, "eln/all-source");
    let withdrawn = ("withdrawn".to_owned(), 1);
    assert!(store.triggers_by_answer().await.unwrap().contains(&withdrawn));
}

pub(crate) async fn a_filled_database_of_the_sixth_version_is_brought_up(ground: &mut Ground) {
    make_old(ground, 6).await;
    let store = SqlStore::open(&StoreOptions::new(ground.location())).await.unwrap();
    is_as_it_was(&store).await;
    let again = store.component_triggers(&"again".parse().unwrap(), 9).await.unwrap();
    assert_eq!(again.iter().map(|row| row.id.get()).collect::<Vec<_>>(), [902, 901]);
}

pub(crate) async fn a_filled_database_of_the_seventh_version_is_brought_up(ground: &mut Ground) {
    make_old(ground, 7).await;
    let store = SqlStore::open(&StoreOptions::new(ground.location())).await.unwrap();
    is_as_it_was(&store).await;
    let component = "package-1".parse().unwrap();
    assert_eq!(store.component_members(&component, 9).await.unwrap().len(), 1);
    assert_eq!(store.lingering_batches().await.unwrap(), []);
}

#[test]
fn each_version_of_the_schema_but_the_newest_has_a_filled_database() {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../coordinator/migrations");
    let count = std::fs::read_dir(all).unwrap().count();
    assert_eq!(count, VERSIONS.len() + 1, "a new migration needs a database of before");
}
