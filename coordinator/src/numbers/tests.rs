use ebs_domain::{id::BatchId, time::Timestamp};
use tempfile::TempDir;

use super::*;
use crate::store::{BatchRow, Candidate, Change, Lease, Location, SqlStore, StoreOptions};

async fn store(folder: &TempDir) -> SqlStore {
    let location = Location::Sqlite(folder.path().join("ebs.sqlite"));
    SqlStore::open(&StoreOptions::new(location)).await.unwrap()
}

fn numbers(store: &SqlStore) -> KeptNumbers {
    KeptNumbers { store: Arc::new(store.clone()) }
}

#[tokio::test]
async fn numbers_go_on_after_each_start_and_above_those_that_the_process_has_shown_itself() {
    let folder = TempDir::new().unwrap();
    let first = store(&folder).await;
    assert_eq!(numbers(&first).next(0).await.unwrap(), 1);
    assert_eq!(numbers(&first).next(1).await.unwrap(), 2);
    first.close().await;
    drop(first);
    let again = store(&folder).await;
    assert_eq!(numbers(&again).next(0).await.unwrap(), 3);
    assert_eq!(
        numbers(&again).next(9).await.unwrap(),
        10,
        "the database was restored from a backup"
    );
}

#[tokio::test]
async fn the_first_number_that_is_kept_is_above_those_that_batches_of_before_have_shown() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let candidate = Candidate {
        owner: "a-1".to_owned(),
        instance: "a".to_owned(),
        ttl: std::time::Duration::from_secs(60),
    };
    let Lease::Leading { epoch } = store.lead(&candidate).await.unwrap() else { panic!() };
    let batch = |(id, state): (i64, &str)| {
        Change::PutBatch(BatchRow {
            id: BatchId::new(id),
            phase: "done".to_owned(),
            state: state.to_owned(),
            created: Timestamp::from_millis(id),
            phase_since: Timestamp::from_millis(id),
            ended: Some(Timestamp::from_millis(id)),
            summary: None,
            lingers: false,
        })
    };
    let states = [
        (1, r#"{"id": 1, "plan": {"snapshot": 57, "target": "eln"}}"#),
        (2, r#"{"id": 2, "plan": {"snapshot": 3}}"#),
        (3, "{}"),
    ];
    store.commit(epoch, states.map(batch).to_vec()).await.unwrap();
    assert_eq!(numbers(&store).next(0).await.unwrap(), 58);
    assert_eq!(numbers(&store).next(0).await.unwrap(), 59);
}
