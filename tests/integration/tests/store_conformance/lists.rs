//! What whoever makes snapshots writes, leader or not: package lists, never over what somebody else has written meanwhile, and
//! numbers.

use std::sync::Arc;

use ebs_coordinator::store::{Change, ListRow};

use crate::{
    ground::Any,
    rows::{at, candidate, lead},
};

fn list(name: &str, revision: i64) -> ListRow {
    ListRow {
        name: name.to_owned(),
        revision,
        state: format!("{{\"revision\":{revision}}}"),
        tried: at(revision),
        fault: (revision == 2).then(|| "the list is empty".to_owned()),
        confirmed: None,
    }
}

pub(crate) async fn lists_come_back_by_name_as_they_were_written(ground: &Any) {
    let store = ground.open().await;
    for name in ["eln/source", "eln-extras/source"] {
        assert!(store.put_list(list(name, 1)).await.unwrap());
    }
    assert!(store.put_list(list("eln/source", 2)).await.unwrap());
    let all = [list("eln-extras/source", 1), list("eln/source", 2)];
    assert_eq!(store.lists().await.unwrap(), all);
}

pub(crate) async fn a_list_that_somebody_else_has_written_is_not_written_over(ground: &Any) {
    let store = ground.open().await;
    assert!(store.put_list(list("eln/source", 1)).await.unwrap());
    assert!(!store.put_list(list("eln/source", 1)).await.unwrap(), "two who found none");
    assert!(store.put_list(list("eln/source", 2)).await.unwrap());
    assert!(!store.put_list(list("eln/source", 2)).await.unwrap(), "two who read the first");
    assert_eq!(store.lists().await.unwrap(), [list("eln/source", 2)]);
}

pub(crate) async fn what_a_person_confirmed_stays_when_the_list_is_written(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    store.put_list(list("eln/source", 1)).await.unwrap();
    let confirm = |name: &str| Change::ConfirmList { name: name.to_owned(), since: at(7) };
    store.commit(epoch, vec![confirm("eln/source"), confirm("unknown")]).await.unwrap();
    assert!(store.put_list(list("eln/source", 2)).await.unwrap());
    let confirmed = ListRow { confirmed: Some(at(7)), ..list("eln/source", 2) };
    assert_eq!(store.lists().await.unwrap(), [confirmed]);
}

pub(crate) async fn a_number_is_given_once_though_many_ask_and_nobody_leads(ground: &Any) {
    let store = ground.open().await;
    let asking = (0..20).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.next_number("newest", 0).await })
    });
    let mut given = Vec::new();
    for asked in asking.collect::<Vec<_>>() {
        given.push(asked.await.unwrap().unwrap());
    }
    given.sort_unstable();
    assert_eq!(given, (1..=20).collect::<Vec<u64>>());
    assert_eq!(store.next_number("newest", 40).await.unwrap(), 41, "above what is asked for");
    assert_eq!(store.next_number("newest", 7).await.unwrap(), 42, "and above the last");
    assert_eq!(store.next_number("other", 0).await.unwrap(), 1, "each name has its own");
    assert_eq!(store.mark("newest").await.unwrap().as_deref(), Some("42"));
}
