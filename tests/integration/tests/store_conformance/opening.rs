//! Opening: what is kept, what is refused, what happens while the database is away.

use std::time::Duration;

use ebs_coordinator::store::{
    Change, Location, SqlStore, Store, StoreError, StoreErrorKind, StoreOptions,
};
use sqlx::Connection as _;

use crate::{
    ground::{Ground, file},
    rows::{batch, candidate, lead},
};

pub(crate) async fn what_was_written_is_there_after_opening_again(ground: &mut Ground) {
    let store = ground.open().await;
    let epoch = lead(&store, &candidate("a-1", "a")).await;
    store.commit(epoch, vec![Change::PutBatch(batch(1))]).await.unwrap();
    store.close().await;
    drop(store);

    let store = ground.open().await;
    assert_eq!(store.open_batch().await.unwrap(), Some(batch(1)));
    // A new start of the same instance does not wait for its own lease.
    assert!(lead(&store, &candidate("a-2", "a")).await > epoch);
}

pub(crate) async fn a_database_newer_than_the_program_is_refused_with_both_versions(
    ground: &mut Ground,
) {
    const NEWER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9999, 'from the future', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
    let store = ground.open().await;
    store.close().await;
    drop(store);
    match ground.location() {
        Location::Sqlite(path) => {
            let url = format!("sqlite://{}", path.display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(NEWER).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Location::Postgres { url, password, .. } => {
            let url =
                url.replace("ebs@", &format!("ebs:{}@", password.unwrap().replace(' ', "%20")));
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(NEWER).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
    let error = SqlStore::open(&StoreOptions::new(ground.location())).await.unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::TooNew { found: 9999, .. }), "{error:?}");
    assert!(error.kind.to_string().contains("9999"), "{}", error.kind);
}

pub(crate) async fn several_open_the_same_new_database_at_once(ground: &mut Ground) {
    if matches!(ground, Ground::Sqlite(_)) {
        let first = ground.open().await;
        let error = SqlStore::open(&StoreOptions::new(ground.location())).await.unwrap_err();
        assert!(
            matches!(error.kind, StoreErrorKind::Broken(_)),
            "a file is for one process: {error:?}"
        );
        first.ping().await.unwrap();
        return;
    }
    let (one, two, three) = tokio::join!(ground.open(), ground.open(), ground.open());
    for store in [one, two, three] {
        store.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_broken() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(
        file(&folder),
        "this is not a database, however long it is made to be\n".repeat(100),
    )
    .unwrap();
    let error =
        SqlStore::open(&StoreOptions::new(Location::Sqlite(file(&folder)))).await.unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::Broken(_)), "{error:?}");
}

#[tokio::test]
async fn a_file_in_a_folder_that_is_missing_is_broken() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("missing").join("ebs.sqlite");
    let error = SqlStore::open(&StoreOptions::new(Location::Sqlite(path))).await.unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::Broken(_)), "{error:?}");
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_database_are_broken_and_the_password_is_not_shown() {
    let ground = Ground::postgres();
    let Location::Postgres { url, password, .. } = ground.location() else { unreachable!() };
    let wrong = StoreOptions::new(Location::Postgres {
        url: url.clone(),
        password: Some("guessed".to_owned()),
        authority: None,
    });
    let missing = StoreOptions::new(Location::Postgres {
        url: url.replace("/ebs", "/nowhere"),
        password,
        authority: None,
    });
    for options in [wrong, missing] {
        let error = SqlStore::open(&options).await.unwrap_err();
        assert!(matches!(error.kind, StoreErrorKind::Broken(_)), "{error:?}");
        assert!(!format!("{error:?} {options:?}").contains("guessed"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_is_unavailable_and_a_started_one_works_again() {
    let Ground::Postgres(mut server) = Ground::postgres() else { unreachable!() };
    let location = Location::Postgres {
        url: server.url(),
        password: Some(ebs_integration::postgres::PASSWORD.to_owned()),
        authority: None,
    };
    let options =
        StoreOptions { connect_limit: Duration::from_secs(2), ..StoreOptions::new(location) };
    let store = SqlStore::open(&options).await.unwrap();
    let epoch = lead(&store, &candidate("a-1", "a")).await;
    server.stop().unwrap();

    let unavailable = |error: StoreError| matches!(error.kind, StoreErrorKind::Unavailable(_));
    assert!(unavailable(store.ping().await.unwrap_err()));
    assert!(unavailable(store.commit(epoch, vec![Change::PutBatch(batch(1))]).await.unwrap_err()));
    assert!(unavailable(SqlStore::open(&options).await.unwrap_err()));

    server.resume().unwrap();
    store.commit(epoch, vec![Change::PutBatch(batch(1))]).await.unwrap();
    assert_eq!(store.open_batch().await.unwrap(), Some(batch(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_an_authority_only_a_server_that_it_signed_is_used() {
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (server, made) = ebs_integration::postgres::Postgres::start_tls().unwrap();
    let open = async |url: String, authority: &str| {
        let password = Some(ebs_integration::postgres::PASSWORD.to_owned());
        let authority = Some(made.certificate(authority));
        let location = Location::Postgres { url, password, authority };
        SqlStore::open(&StoreOptions::new(location)).await
    };
    open(server.url(), "ca").await.unwrap().ping().await.unwrap();
    open(server.url(), "client").await.unwrap_err();
    // The certificate names 127.0.0.1 and localhost.
    let plain = Ground::postgres();
    let Ground::Postgres(plain) = &plain else { unreachable!() };
    open(plain.url(), "ca").await.unwrap_err();
}
