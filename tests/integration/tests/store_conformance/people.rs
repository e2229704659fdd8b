//! What people ask, its audit, and jobs that were set aside.

use std::sync::Arc;

use ebs_coordinator::store::{
    AuditRow, Change, DeadRow, MAX_DEAD_LETTERS, MAX_REQUESTS, NewRequest,
};
use ebs_domain::id::{BatchId, RequestId};

use crate::{
    ground::Any,
    rows::{at, candidate, lead},
};

fn request(number: i64) -> NewRequest {
    NewRequest {
        who: "token/alice".to_owned(),
        asked: at(number),
        action: "redrive".to_owned(),
        subject: format!("b1.{number}.submit_update#1"),
        why: "it is mended".to_owned(),
        payload: format!(r#"{{"number":{number}}}"#),
    }
}

fn entry(id: RequestId, number: i64) -> AuditRow {
    let NewRequest { who, asked, action, subject, why, .. } = request(number);
    AuditRow { id, who, asked, action, subject, why, done: None, result: None }
}

fn dead(number: i64) -> DeadRow {
    DeadRow {
        job: format!("b1.{number}.submit_update#1"),
        batch: BatchId::new(1),
        update_group: (number % 2 == 0).then_some(2),
        kind: "submit_update".to_owned(),
        what: "make an update of 3 builds from errata-1".to_owned(),
        attempts: 5,
        error: "its holder vanished in each of 5 attempts".to_owned(),
        since: at(number),
        workers: "worker-1 worker-3".to_owned(),
        suffers: "group 2 of batch 1".to_owned(),
    }
}

pub(crate) async fn a_request_and_its_audit_entry_are_stored_together_by_any_instance(
    ground: &Any,
) {
    let store = ground.open().await;
    let (one, two) = (store.ask(request(1)).await.unwrap(), store.ask(request(2)).await.unwrap());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(two > one);
    let waiting = store.requests(9).await.unwrap();
    let ids: Vec<RequestId> = waiting.iter().map(|row| row.id).collect();
    assert_eq!(ids, [one, two], "oldest first");
    assert_eq!(waiting[0].payload, r#"{"number":1}"#);
    assert_eq!(store.requests(1).await.unwrap().len(), 1);
    assert_eq!(store.audit(9).await.unwrap(), [entry(two, 2), entry(one, 1)], "newest first");
}

pub(crate) async fn an_answered_request_is_gone_and_its_audit_entry_stays_as_it_was_answered(
    ground: &Any,
) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let id = store.ask(request(1)).await.unwrap().unwrap();
    let answer =
        |result: &str| vec![Change::AnswerRequest { id, done: at(9), result: result.to_owned() }];
    store.commit(epoch, answer("done")).await.unwrap();
    store.commit(epoch, answer("refused: too late")).await.unwrap();
    assert_eq!(store.requests(9).await.unwrap(), []);
    let answered = AuditRow { done: Some(at(9)), result: Some("done".to_owned()), ..entry(id, 1) };
    assert_eq!(store.audited(id).await.unwrap(), Some(answered));
    assert!(store.ask(request(2)).await.unwrap() > Some(id), "numbers are not used again");
    assert_eq!(store.audited(RequestId::new(77)).await.unwrap(), None);
}

pub(crate) async fn what_an_instance_did_by_itself_is_in_the_audit_and_waits_for_nobody(
    ground: &Any,
) {
    let store = ground.open().await;
    let asked = store.ask(request(1)).await.unwrap().unwrap();
    let done = AuditRow { done: Some(at(2)), result: Some("done".to_owned()), ..entry(asked, 2) };
    let noted = store.note(done.clone()).await.unwrap();
    assert!(noted > asked, "the store gives the number");
    assert_eq!(store.audited(noted).await.unwrap(), Some(AuditRow { id: noted, ..done }));
    assert_eq!(store.audited(asked).await.unwrap(), Some(entry(asked, 1)), "nothing is replaced");
    assert_eq!(store.requests(9).await.unwrap().len(), 1);
    assert!(store.ask(request(3)).await.unwrap() > Some(noted), "numbers are not used again");
}

pub(crate) async fn who_ask_at_once_get_numbers_of_their_own(ground: &Any) {
    let store = ground.open().await;
    let asking = (0..20).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.ask(request(number)).await })
    });
    for asked in asking.collect::<Vec<_>>() {
        assert!(asked.await.unwrap().unwrap().is_some());
    }
    assert_eq!(store.requests(99).await.unwrap().len(), 20);
    assert_eq!(store.audit(99).await.unwrap().len(), 20);
}

pub(crate) async fn more_requests_than_a_leader_ever_answers_are_not_taken(ground: &Any) {
    let store = ground.open().await;
    for number in 0..i64::from(MAX_REQUESTS) {
        assert!(store.ask(request(number)).await.unwrap().is_some(), "{number}");
    }
    assert_eq!(store.ask(request(0)).await.unwrap(), None);
    assert_eq!(store.audit(9_999).await.unwrap().len(), 1_000, "nothing of it is stored");
}

pub(crate) async fn jobs_set_aside_are_listed_oldest_first_until_they_are_dropped(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let put = [2, 1, 2].map(|number| Change::PutDead(dead(number)));
    store.commit(epoch, put.to_vec()).await.unwrap();
    assert_eq!(store.dead_letters(9).await.unwrap(), [dead(1), dead(2)]);
    assert_eq!(store.dead_letters(1).await.unwrap(), [dead(1)]);
    store.commit(epoch, vec![Change::DropDead { job: dead(1).job }]).await.unwrap();
    assert_eq!(store.dead_letters(9).await.unwrap(), [dead(2)]);
}

pub(crate) async fn of_too_many_jobs_set_aside_the_newest_stay(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let most = i64::from(MAX_DEAD_LETTERS);
    let put = (0..most + 3).map(|number| Change::PutDead(dead(number)));
    store.commit(epoch, put.collect()).await.unwrap();
    let kept = store.dead_letters(9_999).await.unwrap();
    assert_eq!(kept.len(), 1_000);
    assert_eq!((kept[0].since, kept[999].since), (at(3), at(most + 2)));
}
