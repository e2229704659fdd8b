use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::{
    pause::VERSION,
    store::{Candidate, Change, Lease, Location, SqlStore, StoreOptions},
};

/// A store in which a person's pause is kept, until 100.
async fn paused() -> (TempDir, SqlStore) {
    let folder = TempDir::new().unwrap();
    let location = Location::Sqlite(folder.path().join("ebs.sqlite"));
    let store = SqlStore::open(&StoreOptions::new(location)).await.unwrap();
    let candidate = Candidate {
        owner: "a-1".to_owned(),
        instance: "a".to_owned(),
        ttl: Duration::from_secs(60),
    };
    let Lease::Leading { epoch } = store.lead(&candidate).await.unwrap() else {
        panic!("nobody else leads")
    };
    let pause = OperatorPause {
        v: VERSION,
        who: "token/alice".to_owned(),
        why: "mass rebuild".to_owned(),
        since: Timestamp::from_millis(10),
        until: Some(Timestamp::from_millis(100)),
    };
    let put = Change::PutMark { name: PAUSE.to_owned(), value: pause.write().unwrap() };
    store.commit(epoch, vec![put]).await.unwrap();
    (folder, store)
}

#[tokio::test]
async fn both_sources_of_a_pause_are_told_apart_and_each_only_while_it_holds() {
    let (_folder, store) = paused().await;
    let sources = async |configured, at| {
        let all = pauses(&store, configured, Timestamp::from_millis(at)).await.unwrap();
        all.iter().map(|pause| pause.source).collect::<Vec<_>>()
    };
    assert_eq!(sources(true, 99).await, ["configuration", "operator"]);
    assert_eq!(sources(false, 99).await, ["operator"]);
    assert_eq!(sources(true, 100).await, ["configuration"]);
    let all = pauses(&store, false, Timestamp::from_millis(50)).await.unwrap();
    let words = "token/alice says so since 1970-01-01T00:00:00.010Z until 1970-01-01T00:00:00.100Z: mass rebuild";
    assert_eq!(all[0].words(), words);
}
