//! Forgetting what is over and old.

use ebs_coordinator::store::{
    BatchRow, Change, DeadRow, EffectRow, Forget, NewRequest, NewTrigger, OddMessage, Store,
    StoreErrorKind,
};
use ebs_domain::id::{BatchId, Epoch, TriggerId};

use crate::{
    ground::Any,
    rows::{answer, at, batch, candidate, denial, effect, group, lead, member, odd, trigger},
};

/// All that is older than this time, so many rows at once.
fn before(millis: i64, most: u32) -> Forget {
    let time = at(millis);
    Forget { history: time, triggers: time, audit: time, dead: time, most }
}

fn ended(number: i64, ended: i64) -> BatchRow {
    let summary = Some("{}".to_owned());
    BatchRow { phase: "done".to_owned(), ended: Some(at(ended)), summary, ..batch(number) }
}

fn closed(id: &str, batch: i64) -> EffectRow {
    let outcome = Some("{}".to_owned());
    EffectRow { batch: Some(BatchId::new(batch)), closed: Some(at(5)), outcome, ..effect(id, 1) }
}

fn dead(job: &str, batch: i64, update_group: Option<u32>, since: i64) -> DeadRow {
    DeadRow {
        job: job.to_owned(),
        batch: BatchId::new(batch),
        update_group,
        kind: "submit_update".to_owned(),
        what: "make an update".to_owned(),
        attempts: 5,
        error: "it kills workers".to_owned(),
        since: at(since),
        workers: "worker-1 worker-3".to_owned(),
        suffers: "group 2 of batch 1".to_owned(),
    }
}

/// Calls until nothing is left to go; how many rows went, and in how many calls.
async fn forget_all(store: &dyn Store, epoch: Epoch, forget: Forget) -> (u64, u32) {
    let (mut rows, mut calls) = (0, 0);
    loop {
        let gone = store.forget(epoch, &forget).await.unwrap();
        if gone == 0 {
            return (rows, calls);
        }
        (rows, calls) = (rows + gone, calls + 1);
    }
}

async fn add(store: &dyn Store, epoch: Epoch, number: i64) -> TriggerId {
    let added = store.commit(epoch, vec![Change::AddTrigger(trigger(number))]).await.unwrap();
    added.triggers[0].unwrap()
}

pub(crate) async fn an_old_batch_goes_with_all_that_is_its_own_and_a_younger_one_stays(
    ground: &Any,
) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let (old, young, newest) =
        (add(&*store, epoch, 1).await, add(&*store, epoch, 2).await, add(&*store, epoch, 3).await);
    let put = vec![
        Change::PutBatch(ended(1, 10)),
        Change::PutMembers((0..7).map(|number| member(1, number)).collect()),
        Change::PutGroup(group(1, 1, false)),
        Change::PutEffects(vec![closed("b1.1.submit_builds", 1)]),
        Change::AnswerTriggers(vec![answer(old, Some("built"), Some(1))]),
        Change::PutBatch(ended(2, 20)),
        Change::PutMembers(vec![member(2, 1)]),
        Change::AnswerTriggers(vec![answer(young, Some("built"), Some(2))]),
        Change::PutBatch(batch(3)),
        Change::AnswerTriggers(vec![answer(newest, Some("in_batch"), Some(3))]),
    ];
    store.commit(epoch, put).await.unwrap();
    let (rows, calls) = forget_all(&*store, epoch, before(20, 3)).await;
    if matches!(ground, Any::Database(_)) {
        assert_eq!(calls, 3, "7 members, 3 at a time");
    }
    assert_eq!(rows, 11, "the batch, 7 members, a group, an effect, a trigger");
    assert_eq!(store.batch(BatchId::new(1)).await.unwrap(), None);
    assert_eq!(store.members(BatchId::new(1)).await.unwrap(), []);
    assert_eq!(store.groups(BatchId::new(1)).await.unwrap(), []);
    assert_eq!(store.effect("b1.1.submit_builds").await.unwrap(), None);
    assert_eq!(store.batch_triggers(BatchId::new(1)).await.unwrap(), []);
    assert_eq!(store.members(BatchId::new(2)).await.unwrap().len(), 1);
    assert_eq!(store.batch_triggers(BatchId::new(2)).await.unwrap().len(), 1);
    // However old: the one that runs, and the newest of those that have ended is not the newest of all.
    assert_eq!(forget_all(&*store, epoch, before(9_999, 100)).await.0, 3);
    assert_eq!(store.open_batch().await.unwrap(), Some(batch(3)));
}

pub(crate) async fn a_batch_stays_while_anything_open_refers_to_it(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let (pending, newest) = (add(&*store, epoch, 1).await, add(&*store, epoch, 2).await);
    let open = EffectRow { batch: Some(BatchId::new(2)), ..effect("b2.1.submit_update", 1) };
    let put = vec![
        Change::PutBatch(ended(1, 10)),
        Change::PutGroup(group(1, 1, true)),
        Change::PutBatch(ended(2, 10)),
        Change::PutEffects(vec![open.clone()]),
        Change::PutBatch(ended(3, 10)),
        Change::PutDead(dead("b3.1.submit_builds#1", 3, None, 500)),
        Change::PutBatch(ended(4, 10)),
        Change::AnswerTriggers(vec![answer(newest, Some("built"), Some(4))]),
        Change::PutBatch(ended(5, 10)),
    ];
    store.commit(epoch, put).await.unwrap();
    assert_eq!(store.forget(epoch, &before(100, 100)).await.unwrap(), 0);
    // Each is free when what refers to it is over.
    let close = vec![
        Change::PutGroup(group(1, 1, false)),
        Change::PutEffects(vec![EffectRow { closed: Some(at(50)), ..open }]),
        Change::DropDead { job: "b3.1.submit_builds#1".to_owned() },
        Change::AnswerTriggers(vec![answer(pending, Some("not_listed"), None)]),
    ];
    store.commit(epoch, close).await.unwrap();
    add(&*store, epoch, 3).await;
    forget_all(&*store, epoch, before(100, 100)).await;
    let left = store.recent_batches(9).await.unwrap();
    assert_eq!(left.iter().map(|row| row.id.get()).collect::<Vec<_>>(), [5], "the newest stays");
    assert_eq!(store.pending_count().await.unwrap().0, 1);
}

pub(crate) async fn answered_triggers_go_and_pending_and_newest_ones_stay(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let answered = |number: i64| NewTrigger {
        answer: Some(r#"{"kind":"not_listed"}"#.to_owned()),
        shown: Some("not_listed".to_owned()),
        ..trigger(number)
    };
    let mut changes: Vec<Change> =
        (1..=20).map(|number| Change::AddTrigger(answered(number))).collect();
    changes.insert(5, Change::AddTrigger(trigger(50)));
    store.commit(epoch, changes).await.unwrap();
    assert_eq!(forget_all(&*store, epoch, before(11, 4)).await.0, 10);
    assert_eq!(forget_all(&*store, epoch, before(9_999, 100)).await.0, 9);
    let left = store.triggers_by_answer().await.unwrap();
    assert_eq!(left, [("not_listed".to_owned(), 1), ("pending".to_owned(), 1)]);
    let next = add(&*store, epoch, 99).await;
    assert_eq!(next.get(), 22, "no number is given twice");
}

pub(crate) async fn the_audit_keeps_what_is_open_and_its_newest_entry(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let mut ids = Vec::new();
    for number in 1..=6 {
        let request = NewRequest {
            who: "token/alice".to_owned(),
            asked: at(number),
            action: "give_up".to_owned(),
            subject: "job".to_owned(),
            why: "it is over".to_owned(),
            payload: "{}".to_owned(),
        };
        ids.push(store.ask(request).await.unwrap().unwrap());
    }
    // The second waits for the leader.
    for id in [ids[0], ids[2], ids[3], ids[4], ids[5]] {
        let answer = Change::AnswerRequest { id, done: at(9), result: "done".to_owned() };
        store.commit(epoch, vec![answer]).await.unwrap();
    }
    assert_eq!(forget_all(&*store, epoch, before(4, 1)).await.0, 2);
    assert_eq!(forget_all(&*store, epoch, before(9_999, 100)).await.0, 2);
    let left: Vec<_> = store.audit(9).await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(left, [ids[5], ids[1]]);
    assert_eq!(store.requests(9).await.unwrap().len(), 1);
}

pub(crate) async fn a_job_set_aside_stays_while_its_batch_runs_or_its_group_is_open(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let put = vec![
        Change::PutBatch(ended(1, 9_000)),
        Change::PutGroup(group(1, 1, true)),
        Change::PutGroup(group(1, 2, false)),
        Change::PutBatch(batch(2)),
        Change::PutDead(dead("held", 1, Some(1), 1)),
        Change::PutDead(dead("over", 1, Some(2), 2)),
        Change::PutDead(dead("builds", 1, None, 3)),
        Change::PutDead(dead("runs", 2, None, 4)),
        Change::PutDead(dead("young", 1, None, 500)),
    ];
    store.commit(epoch, put).await.unwrap();
    assert_eq!(forget_all(&*store, epoch, before(100, 100)).await.0, 2);
    let left: Vec<_> =
        store.dead_letters(9).await.unwrap().into_iter().map(|row| row.job).collect();
    assert_eq!(left, ["held", "runs", "young"]);
}

pub(crate) async fn denials_that_ran_out_and_odd_messages_go(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let message = |number: i64| OddMessage { received: at(number), ..odd(&number.to_string(), "") };
    let put = vec![
        Change::Deny(denial(1, 1, 1)),
        Change::Deny(denial(2, 1, 5_000)),
        Change::KeepMessage(message(1)),
        Change::KeepMessage(message(5_000)),
    ];
    store.commit(epoch, put).await.unwrap();
    assert_eq!(forget_all(&*store, epoch, before(2_000, 100)).await.0, 2);
    let sources = [denial(1, 1, 1).source, denial(2, 1, 1).source];
    let denied = store.denied(&sources, at(0)).await.unwrap();
    assert_eq!(denied.iter().map(|row| &row.source).collect::<Vec<_>>(), [&sources[1]]);
    assert_eq!(store.odd_messages().await.unwrap(), 1);
}

pub(crate) async fn who_leads_no_more_forgets_nothing(ground: &Any) {
    let store = ground.open().await;
    let earlier = lead(&*store, &candidate("a-1", "a")).await;
    let put = vec![Change::PutBatch(ended(1, 10)), Change::PutBatch(ended(2, 10))];
    store.commit(earlier, put).await.unwrap();
    let epoch = lead(&*store, &candidate("a-2", "a")).await;
    let error = store.forget(earlier, &before(100, 100)).await.unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::Fenced), "{error:?}");
    assert_eq!(store.recent_batches(9).await.unwrap().len(), 2);
    assert_eq!(forget_all(&*store, epoch, before(100, 100)).await.0, 1);
}
