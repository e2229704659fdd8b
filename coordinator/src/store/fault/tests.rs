use tokio::{io::AsyncReadExt as _, net::TcpListener};

use super::*;
use crate::store::{Location, SqlStore, StoreOptions};

#[test]
fn outages_locks_and_full_disks_pass() {
    for code in [
        "08006", "40001", "53300", "55P03", "57P01", "57014", "58030", "5", "6", "10", "13", "517",
        "266",
    ] {
        assert!(code_passes(code), "{code}");
    }
}

#[test]
fn wrong_requests_wrong_passwords_and_broken_files_do_not_pass() {
    for code in ["42P01", "28P01", "3D000", "23505", "22021", "11", "26", "14", "2067", "", "x"] {
        assert!(!code_passes(code), "{code}");
    }
}

#[test]
fn a_closed_pool_is_unavailable_and_a_missing_row_is_broken() {
    let unavailable = Fault::from(sqlx::Error::PoolTimedOut).while_trying("read");
    assert!(matches!(unavailable.kind, StoreErrorKind::Unavailable(_)));
    let broken = Fault::from(sqlx::Error::RowNotFound).while_trying("read");
    assert!(matches!(broken.kind, StoreErrorKind::Broken(_)));
    assert_eq!(broken.to_string(), "failed to read in the store");
}

/// The request for TLS, with which a client begins: its length and a number.
///
/// Source: PostgreSQL's page "Message Formats", `SSLRequest`.
const SSL_REQUEST_BYTES: usize = 8;

#[tokio::test]
async fn a_connection_that_is_cut_after_its_first_words_is_unavailable() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let cut = async {
        let (mut client, _) = listener.accept().await.unwrap();
        client.read_exact(&mut [0; SSL_REQUEST_BYTES]).await.unwrap();
    };
    let url = format!("postgres://ebs@127.0.0.1:{port}/ebs");
    let options = StoreOptions::new(Location::Postgres { url, password: None, authority: None });
    let ((), opened) = tokio::join!(cut, SqlStore::open(&options));
    let Err(error) = opened else { panic!("there is no database") };
    assert!(matches!(error.kind, StoreErrorKind::Unavailable(_)), "{:?}", error.kind);
}
