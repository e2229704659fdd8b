use tempfile::TempDir;

use super::*;
use crate::{
    findings::VERSION,
    store::{Candidate, Change, Lease, Location, SqlStore, StoreOptions},
};

const HOUR: Duration = Duration::from_secs(3600);

/// A store in which a look at ELN and Rawhide is kept that was made an hour after the epoch.
async fn compared() -> (TempDir, SqlStore) {
    let folder = TempDir::new().unwrap();
    let location = Location::Sqlite(folder.path().join("ebs.sqlite"));
    let store = SqlStore::open(&StoreOptions::new(location)).await.unwrap();
    let (owner, instance) = ("a-1".to_owned(), "a".to_owned());
    let candidate = Candidate { owner, instance, ttl: HOUR };
    let Lease::Leading { epoch } = store.lead(&candidate).await.unwrap() else {
        panic!("nobody else leads")
    };
    assert_eq!(ReconcileView::read(&store, HOUR).await.unwrap(), None, "never looked at");
    let found = Found {
        at: Timestamp::from_millis(0) + HOUR,
        asked: None,
        snapshot: 1,
        rawhide: "f45".parse().unwrap(),
        eln: "eln".parse().unwrap(),
        counts: Counts::default(),
        held: Vec::new(),
        findings: Vec::new(),
        not_wanted: None,
    };
    let report = Report { v: VERSION, found: Some(found), fault: None };
    let (name, value) = (Mode::Real.report().to_owned(), serde_json::to_string(&report).unwrap());
    store.commit(epoch, vec![Change::PutMark { name, value }]).await.unwrap();
    (folder, store)
}

#[tokio::test]
async fn the_next_look_is_an_interval_after_the_last_or_only_when_somebody_asks() {
    let (_folder, store) = compared().await;
    let next = async |every| ReconcileView::read(&store, every).await.unwrap().unwrap().next;
    assert_eq!(next(12 * HOUR).await, Some(Timestamp::from_millis(0) + 13 * HOUR));
    assert_eq!(next(Duration::ZERO).await, None);
}
